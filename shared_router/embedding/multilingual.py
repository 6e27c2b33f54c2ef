"""A static embedding of texts in a hundred languages: four bits a number, and a vocabulary of them all.

`embed` is that of `StaticEmbedder`; what differs is how words are spelled (`longest_pieces`) and what is
kept: two numbers a byte and the pieces' texts, so that seventy thousand tokens take three megabytes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.embedding.longest_pieces import LongestPieces, PieceSpelling, folded
from shared_router.embedding.prepared_spelling import TENSORS as PREPARED
from shared_router.embedding.prepared_spelling import PreparedSpelling
from shared_router.embedding.static import StaticEmbedder
from shared_router.errors import ArtifactSchemaError, InvalidInputError

if TYPE_CHECKING:
    from typing_extensions import Self

KIND = "embedder/multilingual"
LARGEST = 7
"""Four bits hold -8 to 7; -8 is left out, so that a number and its opposite are both there."""

_TENSORS = {"codes": np.uint8, "pieces": np.uint8, "weights": np.float16}


class MultilingualEmbedder(StaticEmbedder):
    """Embed texts as weighted sums of the vectors of a multilingual vocabulary's pieces.

    It is safe with several threads.

    Args:
        token_vectors: What each piece means, int8 in [-7, 7], shape (vocabulary, dim), dim even.
        token_weights: How much each piece counts, times what one step of its vector is worth, float16,
            shape (vocabulary,).
        pieces: The pieces' texts, folded, distinct, none empty; `▁` begins a word.
        prepared: What a process need not find out of the pieces.

    Raises:
        InvalidInputError: If the arrays do not fit each other.
    """

    def __init__(
        self,
        token_vectors: NDArray[np.int8],
        *,
        token_weights: NDArray[np.float16],
        pieces: Sequence[str],
        prepared: PreparedSpelling | None = None,
    ) -> None:
        super().__init__(token_vectors, token_weights=token_weights.astype(np.float32), tokenizer_json=b"")
        n, dim = token_vectors.shape
        self._spelling = LongestPieces(pieces, prepared)
        if dim % 2 or len(pieces) != n or not self._spelling.distinct:
            raise InvalidInputError(
                "pieces must be distinct texts, one a row of token_vectors, and the width even; got "
                f"{len(pieces)} pieces and shape {token_vectors.shape}"
            )
        if prepared is not None and prepared.ids.max(initial=0) >= n:
            raise InvalidInputError(f"common words must have ids of the {n} pieces")
        self.pieces = pieces
        self.prepared = prepared

    def prepare(self, words: Sequence[str]) -> Self:
        """Return this embedder with these words, each without marks and white space, spelled once for all."""
        spelling = PieceSpelling(self.pieces)
        prepared = PreparedSpelling.of([*map(folded, words)], spelling.__getitem__, spelling.longest)
        weights = self.token_weights.astype(np.float16)
        return type(self)(self.token_vectors, token_weights=weights, pieces=self.pieces, prepared=prepared)

    @property
    def blocking(self) -> bool:
        """Whether a text can take longer than about a millisecond; none does, as routers bound it."""
        return False

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; returns the SHA-256 that pins it.

        Args:
            folder: As in `Router.save`, like `overwrite`.
            overwrite: See `folder`.
        """
        tensors: dict[str, NDArray[Any]] = {
            "codes": packed(self.token_vectors),
            "weights": self.token_weights.astype(np.float16),
            "pieces": np.frombuffer("\n".join(self.pieces).encode(), dtype=np.uint8),
            **({} if self.prepared is None else self.prepared.tensors()),
        }
        return save_artifact(folder, Artifact(KIND, {}, tensors), overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, expected_sha256: str | None = None) -> Self:
        """Read an embedder from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Raises:
            ArtifactError: If the folder is missing, damaged, or no multilingual embedder's.
        """
        artifact = load_artifact(folder, expected_sha256=expected_sha256)
        tensors: Mapping[str, NDArray[Any]] = artifact.tensors
        dtypes = {name: tensor.dtype for name, tensor in tensors.items()}
        if artifact.kind != KIND or dtypes not in (_TENSORS, {**_TENSORS, **PREPARED}):
            raise ArtifactSchemaError(
                f"a multilingual embedder's checkpoint must be of kind {KIND} and hold {sorted(_TENSORS)}"
            )
        if tensors["codes"].ndim != 2 or any(tensors[name].ndim != 1 for name in dtypes if name != "codes"):
            raise ArtifactSchemaError("codes must be a matrix and the other tensors rows")
        try:
            return cls(
                unpacked(tensors["codes"]),
                token_weights=tensors["weights"],
                pieces=tensors["pieces"].tobytes().decode().split("\n"),
                prepared=PreparedSpelling.restore(tensors) if len(dtypes) > len(_TENSORS) else None,
            )
        except (InvalidInputError, UnicodeDecodeError) as error:
            raise ArtifactSchemaError(
                "pieces must be distinct texts, each with a vector and a weight, and common words of them"
            ) from error

    @property
    def _words(self) -> LongestPieces:
        return self._spelling


def packed(vectors: NDArray[np.int8]) -> NDArray[np.uint8]:
    """Return numbers in [-7, 7] as two a byte, the first half of a row in the low bits."""
    half = vectors.shape[1] // 2
    raised = (vectors + 8).astype(np.uint8)
    return np.bitwise_or(raised[:, :half], np.left_shift(raised[:, half:], 4), dtype=np.uint8)


def unpacked(codes: NDArray[np.uint8]) -> NDArray[np.int8]:
    """Return what `packed` was given."""
    half = codes.shape[1]
    vectors = np.empty((len(codes), 2 * half), dtype=np.int8)
    raised = vectors.view(np.uint8)
    np.bitwise_and(codes, 15, out=raised[:, :half])
    np.right_shift(codes, 4, out=raised[:, half:])
    vectors -= 8
    return vectors
