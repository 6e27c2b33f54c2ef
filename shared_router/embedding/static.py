"""Text to a vector with numpy and `tokenizers` alone: a weighted sum of stored token vectors.

`embed(text) = z / |z|` with `z = sum_t w_t v_t` over the text's tokens. It follows model2vec in that a
sentence encoder is distilled into one vector a token; here the weights `w_t` are learned too, so that the
sum points where the encoder's sentence vector does. Word order is lost by design.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.choices import check_texts
from shared_router.embedding.together import TogetherSums, weighted_sums
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.pieces import pieces_of
from shared_router.text import clean

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from typing_extensions import Self

    from shared_router.embedding.words import Words

KIND = "embedder/static"
_CHUNK = 1024
"""Texts tokenised at once: enough to keep the tokenizer's threads busy, few enough to bound memory."""

_GROUP_TOKENS = 512


class StaticEmbedder:
    """Embed texts as weighted sums of token vectors.

    It is safe with several threads: the tokenizer's settings never change after it is made.

    Args:
        token_vectors: What each token means, int8, shape (vocabulary, dim).
        token_weights: How much each token counts, times what one step of its vector is worth, shape
            (vocabulary,), each > 0.
        tokenizer_json: The content of a `tokenizer.json` whose ids are rows of `token_vectors`.

    Raises:
        InvalidInputError: If the arrays do not fit each other.
    """

    def __init__(
        self, token_vectors: NDArray[np.int8], *, token_weights: NDArray[np.float32], tokenizer_json: bytes
    ) -> None:
        if token_vectors.ndim != 2 or token_weights.shape != token_vectors.shape[:1]:
            raise InvalidInputError(
                "token_weights must have one entry per row of token_vectors, got shapes "
                f"{token_weights.shape} and {token_vectors.shape}"
            )
        self.token_vectors = token_vectors
        self.token_weights = token_weights
        self.tokenizer_json = tokenizer_json

    @property
    def dim(self) -> int:
        """The width of an embedding."""
        return int(self.token_vectors.shape[1])

    @property
    def blocking(self) -> bool:
        """Whether a text can take longer than about a millisecond: where its tokens are not bounded."""
        return self._words is None

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return one row per text.

        Args:
            texts: n texts; any string is one. Each is cleaned and bounded first (`shared_router.clean`);
                with a BERT tokenizer that lowers, the first and last 512 tokens count.

        Returns:
            Shape (n, dim), each row of length 1, or 0 for a text without a known token. A row does not
            depend on the other texts, to the bit.

        Raises:
            InvalidInputError: If `texts` is no list of texts.
        """
        check_texts("texts", texts)
        return self.embed_clean([clean(text) for text in texts])

    def embed_clean(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Return what `embed` does of texts that `shared_router.clean` has returned, or parts of such."""
        rows = self._sums(texts)
        lengths = np.sqrt((rows * rows).sum(axis=1, keepdims=True))
        lengths[lengths == 0] = 1  # the zero row stays zero
        rows /= lengths
        return rows

    def piece_sums(self, text: str) -> NDArray[np.float32]:
        """Return the weighted sum of each piece of a text, not yet of length 1.

        Args:
            text: What `shared_router.clean` has returned, or a part of it.

        Returns:
            A row for each piece that `shared_router.pieces` cuts it into, shape (pieces, dim).
        """
        words = self._words
        ids = None if words is None else words.ids_of_pieces(text)
        if ids is None or ids.size == 0:
            return self._sums(pieces_of(text))
        vectors = self.token_vectors.take(ids, axis=0).astype(np.float32)
        weights = self._padded_weights.take(ids)
        sums: NDArray[np.float32] = np.matmul(weights[:, np.newaxis], vectors)[:, 0]
        return sums

    def plain(self, text: str) -> str | None:
        """Return what `sums_together` takes for a cleaned text, None where it is to be asked for alone."""
        words = self._words
        return None if words is None else words.plain(text)

    def sums_together(self, texts: Sequence[str]) -> TogetherSums:
        """Return what `piece_sums` does of many texts, at least one, that `plain` has returned.

        Raises:
            InvalidInputError: If this embedder can read none so.
        """
        words = self._words
        if words is None:
            raise InvalidInputError(
                "texts must be what plain has returned, which is none of this tokenizer's"
            )
        found = words.ids_together(texts)
        return weighted_sums(found, self.token_vectors, self._padded_weights)

    def _sums(self, texts: Sequence[str]) -> NDArray[np.float32]:
        rows = np.zeros((len(texts), self.dim), dtype=np.float32)
        start = 0
        for found in _gathered(self._ids(texts)):
            ids = np.concatenate(found)
            # int8 rows are gathered before they are widened: a quarter of the memory to move
            vectors = self.token_vectors.take(ids, axis=0).astype(np.float32)
            weights = self.token_weights.take(ids)
            end = 0
            for row, of_text in zip(rows[start:], found, strict=False):
                begin, end = end, end + len(of_text)
                np.matmul(weights[begin:end], vectors[begin:end], out=row)
            start += len(found)
        return rows

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; returns the SHA-256 that pins it.

        Args:
            folder: As in `Router.save`, like `overwrite`.
            overwrite: See `folder`.
        """
        tensors: dict[str, NDArray[Any]] = {
            "token_vectors": self.token_vectors,
            "token_weights": self.token_weights,
        }
        artifact = Artifact(KIND, {}, tensors, {"tokenizer.json": self.tokenizer_json})
        return save_artifact(folder, artifact, overwrite=overwrite)

    @classmethod
    def load(cls, folder: str | Path, *, expected_sha256: str | None = None) -> Self:
        """Read an embedder from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Raises:
            ArtifactError: If the folder is missing, damaged, or no static embedder's.
        """
        # an embedder that spells words in another way has no such tokenizer, and does not wait for it
        from shared_router.checkpoints.tokenizer import check_tokenizer_size, read_tokenizer

        artifact = load_artifact(folder, expected_sha256=expected_sha256)
        if artifact.kind != KIND:
            raise ArtifactSchemaError(
                f"an embedder's checkpoint must be of kind {KIND}, got {artifact.kind!r}"
            )
        tensors: Mapping[str, NDArray[Any]] = artifact.tensors
        tokenizer_json = artifact.files.get("tokenizer.json")
        if {*tensors} != {"token_vectors", "token_weights"} or tokenizer_json is None:
            raise ArtifactSchemaError(
                "an embedder's checkpoint must hold token_vectors, token_weights and tokenizer.json"
            )
        vectors, weights = tensors["token_vectors"], tensors["token_weights"]
        if vectors.dtype != np.int8 or weights.dtype != np.float32 or vectors.shape[:1] != weights.shape:
            raise ArtifactSchemaError("token_vectors must be int8 and token_weights float32, a weight a row")
        check_tokenizer_size(tokenizer_json)
        embedder = cls(vectors, token_weights=weights, tokenizer_json=tokenizer_json)
        words = embedder._words
        if words is None:
            read_tokenizer(tokenizer_json, n_ids=len(vectors))
        elif not 0 <= words.min_id <= words.max_id < len(vectors):
            raise ArtifactSchemaError("a tokenizer must not have ids of tokens that there are no vectors of")
        return embedder

    def _ids(self, texts: Sequence[str]) -> Iterable[NDArray[np.intp]]:
        if self._words is not None:
            return map(self._words.ids, texts)
        return self._library_ids(texts)

    def _library_ids(self, texts: Sequence[str]) -> Iterable[NDArray[np.intp]]:
        for start in range(0, len(texts), _CHUNK):
            chunk = texts[start : start + _CHUNK]
            for encoding in self._tokenizer.encode_batch_fast(chunk, add_special_tokens=False):
                yield np.array(encoding.ids, dtype=np.intp)

    @cached_property
    def _padded_weights(self) -> NDArray[np.float32]:
        return np.append(self.token_weights, np.float32(0))  # what -1 finds weighs nothing

    @cached_property
    def _words(self) -> Words | None:
        from shared_router.embedding.word_pieces import WordPieces

        return WordPieces.of(self.tokenizer_json)

    @cached_property
    def _tokenizer(self) -> Tokenizer:
        from tokenizers import Tokenizer

        try:
            tokenizer = Tokenizer.from_str(self.tokenizer_json.decode())
        except Exception as error:  # tokenizers raises bare Exception
            raise ArtifactSchemaError("tokenizer.json must be a tokenizer") from error
        tokenizer.no_padding()
        tokenizer.no_truncation()
        return tokenizer


def _gathered(ids: Iterable[NDArray[np.intp]]) -> Iterator[list[NDArray[np.intp]]]:
    """Group texts' ids, so that a group's vectors stay in a processor's cache."""
    group: list[NDArray[np.intp]] = []
    n_tokens = 0
    for found in ids:
        group.append(found)
        n_tokens += len(found)
        if n_tokens >= _GROUP_TOKENS:
            yield group
            group, n_tokens = [], 0
    if group:
        yield group
