"""What routers that keep every training prompt share: their embeddings, as unit columns."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.components import PrincipalComponents, check_n_components, unit_rows
from shared_router.embedding.vectors import Storage, check_storage, keep_vectors, restore_vectors
from shared_router.errors import InvalidInputError
from shared_router.quantiles import ScoreQuantiles
from shared_router.routers.embedding_router import EmbeddingRouter, checked_embeddings

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

_BLOCK_ROWS = 1024
_MAX_LEFT_OUT = 500
"""Prompts that are scored without themselves: the median of so many is of 0.5 +- 0.02 of all."""


class PromptRouter(EmbeddingRouter):
    """A router that compares a query with every training prompt.

    Attributes:
        n_components: How many principal components of the embeddings to compare; None, or as many as there
            are prompts or numbers in an embedding, compares all of it.
        storage: How the prompts are kept; see `shared_router.embedding.vectors`.
        vectors_: The distinct prompts, each of length 1.
        prompts_: Each battle's prompt as an index into the columns, shape (n,).
        components_: The principal components, or None.
    """

    max_checkpoint_bytes = 16 * 1024**3

    def __init__(
        self,
        embedder: Embedder | str,
        *,
        strong: str | int,
        weak: str | int,
        n_components: int | None,
        storage: Storage = "float32",
    ) -> None:
        super().__init__(embedder, strong=strong, weak=weak)
        check_n_components(n_components)
        check_storage(storage)
        self.n_components = n_components
        self.storage: Storage = storage

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return each query's largest cosine to a training prompt, as this router compares them.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        self._fitted_models()
        rows = self._embed_queries(queries)
        found = np.empty(len(rows))
        for start in range(0, len(rows), _BLOCK_ROWS):
            block = rows[start : start + _BLOCK_ROWS]
            found[start : start + _BLOCK_ROWS] = self.vectors_.products(block).max(axis=1)
        return found

    @property
    def embeddings_(self) -> NDArray[np.float32]:
        """The distinct prompts as unit columns, shape (width, n_prompts); rounded ones widened anew."""
        return self.vectors_.columns

    @classmethod
    def load(
        cls,
        folder: str | Path,
        *,
        embedder: Embedder | None = None,
        expected_sha256: str | None = None,
        memory_map: bool = False,
    ) -> Self:
        """Read a router from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            embedder: As in `Router.load`.
            expected_sha256: As in `Router.load`.
            memory_map: Leave the embeddings in the file, so that processes share one copy; see
                `shared_router.load_artifact`.

        Raises:
            ArtifactError: As in `Router.load`.
        """
        return cls._load(
            folder,
            expected_sha256,
            lambda artifact: cls._from_state(artifact.settings, artifact.tensors, embedder),
            memory_map=memory_map,
        )

    @property
    @abstractmethod
    def _n_known(self) -> int:
        """How many distinct prompts a query is compared with."""

    @abstractmethod
    def _known_prompts(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the chosen ones of these prompts, in rows as `_embed_queries` gives them."""

    @abstractmethod
    def _chances(
        self, asked: NDArray[np.float32], own: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        """Return the win probabilities of embedded queries (n, width).

        `own` are the places of known prompts that are the queries themselves, (n,), and are to count for
        nothing.
        """

    def _quantiles(self) -> ScoreQuantiles:
        n = self._n_known
        chosen = np.sort(np.random.default_rng(0).permutation(n)[:_MAX_LEFT_OUT])
        scores = self._chances(self._known_prompts(chosen), chosen)
        return ScoreQuantiles.of(scores.tolist(), source="training queries, each left out in turn")

    def _keep_prompts(
        self,
        preferences: PreferenceData,
        rows: Iterable[int],
        embeddings: NDArray[np.float32] | None,
        *,
        progress: bool,
    ) -> None:
        """Embed the prompts of these battles, each once, or take their rows of `embeddings`."""
        columns: dict[str, int] = {}
        first_rows: list[int] = []
        prompts: list[int] = []
        for row in rows:
            prompts.append(columns.setdefault(preferences.queries[row], len(columns)))
            if len(columns) > len(first_rows):
                first_rows.append(row)
        self.prompts_ = np.array(prompts, dtype=np.int32)
        if embeddings is None:
            unit = unit_columns(self._embed_training(list(columns), progress=progress))
        else:
            checked_embeddings(embeddings, len(preferences))
            unit = unit_columns(embeddings, np.array(first_rows))
        self.components_ = None
        if self.n_components is not None and self.n_components < min(unit.shape):
            self.components_ = PrincipalComponents.of(unit, self.n_components)
            unit = unit_columns(self.components_.project(unit.T))
        self.vectors_ = keep_vectors(unit, self.storage)

    def _embed_queries(self, queries: Sequence[str]) -> NDArray[np.float32]:
        """Return queries as `embeddings_` shows prompts, but in rows: shape (n, width)."""
        if self.components_ is None:
            return unit_rows(self._embed(queries, self.vectors_.width))
        return self.components_.read(self._embed(queries, len(self.components_.mean)))

    def _prompt_tensors(self) -> dict[str, NDArray[Any]]:
        tensors: dict[str, NDArray[Any]] = {**self.vectors_.tensors(), "prompts": self.prompts_}
        if self.components_ is not None:
            tensors |= self.components_.tensors()
        return tensors

    def _restore_prompts(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self.vectors_, self.prompts_ = restore_vectors(tensors, self.storage), tensors["prompts"]
        self.components_ = PrincipalComponents.restore(tensors) if "axes" in tensors else None
        n_prompts = len(self.vectors_)
        if len(self.prompts_) < n_prompts or not 0 <= self.prompts_.min() <= self.prompts_.max() < n_prompts:
            raise InvalidInputError("a checkpoint's battles must be on its prompts")


def unit_columns(rows: NDArray[np.float32], chosen: NDArray[np.int64] | None = None) -> NDArray[np.float32]:
    """Return rows, or the chosen ones, as columns of length 1: shape (dim, n).

    Columns, because the product of one query with them runs about twice as fast as with rows.
    """
    chosen = np.arange(len(rows)) if chosen is None else chosen
    columns = np.empty((rows.shape[1], len(chosen)), dtype=np.float32)
    for start in range(0, len(chosen), _BLOCK_ROWS):
        part = chosen[start : start + _BLOCK_ROWS]
        columns[:, start : start + _BLOCK_ROWS] = unit_rows(np.asarray(rows[part], dtype=np.float32)).T
    return columns
