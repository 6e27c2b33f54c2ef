"""k-means: how well each model did in the query's cluster of training prompts (Avengers, arXiv 2505.19797).

No training but the clustering of unit embeddings. Differences: a cluster's mean is shrunk towards the
model's mean over all prompts, so that a model with few grades can be added, and a query takes the mean of
its nearest clusters by similarity, where Avengers takes the nearest alone (`nearest=1`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_seed, shown
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.errors import InvalidInputError
from shared_router.predictors.grades import Grades
from shared_router.predictors.neighbors import check_prior
from shared_router.predictors.protocol import QualityPredictor

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

_ROUNDS = 25
_SHARPNESS = 10.0
"""How much more a nearer cluster counts: e to the power of so many times the difference of cosines."""


class ClustersPredictor(QualityPredictor):
    """Take each model's mean grade in the clusters nearest to the query.

    Args:
        embedder: Text to vectors, or the name of a shipped embedder.
        n_clusters: How many clusters, >= 1; as many as there are prompts where there are fewer.
        nearest: How many clusters a query is read with, >= 1.
        prior: How many prompts a model's mean counts for in each cluster, >= 0.
        seed: Decides the first centres.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    name: ClassVar[str] = "clusters"

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        n_clusters: int = 64,
        nearest: int = 3,
        prior: float = 10.0,
        seed: int = 0,
    ) -> None:
        super().__init__(embedder)
        for name, value in {"n_clusters": n_clusters, "nearest": nearest}.items():
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"{name} must be a whole number >= 1, got {shown(value)}")
        check_prior(prior)
        check_seed(seed)
        self.n_clusters = n_clusters
        self.nearest = nearest
        self.prior = prior
        self.seed = seed

    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        similarities = (unit @ self._centers.T).astype(np.float64)
        nearest = min(self.nearest, len(self._centers))
        chosen = np.argpartition(-similarities, nearest - 1, axis=1)[:, :nearest]
        votes = np.exp(_SHARPNESS * (np.take_along_axis(similarities, chosen, axis=1) - 1))
        votes /= votes.sum(axis=1, keepdims=True)
        return np.asarray((votes[:, None, :] @ self._shrunk()[chosen])[:, 0], dtype=np.float64)

    def _shrunk(self) -> NDArray[np.float64]:
        means = self._sums.sum(axis=0) / self._counts.sum(axis=0)
        prior = max(self.prior, 1e-9)
        return np.asarray((self._sums + prior * means) / (self._counts + prior), dtype=np.float64)

    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        centers = _centers(unit, min(self.n_clusters, len(unit)), np.random.default_rng(self.seed))
        # two centres on one spot share no prompts
        self._centers = centers[np.unique(_nearest(unit, centers))]
        shape = (len(self._centers), len(grades.models))
        self._sums, self._counts = np.zeros(shape), np.zeros(shape)
        cluster = _nearest(unit, self._centers)
        np.add.at(self._sums, cluster, grades.scores)
        np.add.at(self._counts, cluster, grades.graded)

    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        cluster, k = _nearest(unit, self._centers), len(self._centers)
        self._sums = _put(self._sums, np.bincount(cluster, scores, k), column)
        self._counts = _put(self._counts, np.bincount(cluster, minlength=k), column)

    def _arguments(self) -> dict[str, Any]:
        names = ("n_clusters", "nearest", "prior", "seed")
        return {name: getattr(self, name) for name in names}

    def _tensors(self) -> dict[str, NDArray[Any]]:
        return {"centers": self._centers, "sums": self._sums, "counts": self._counts}

    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._centers, self._sums, self._counts = (tensors[name] for name in ("centers", "sums", "counts"))
        k = len(self._centers)
        if self._sums.shape != self._counts.shape or len(self._sums) != k or not (self._counts >= 0).all():
            raise InvalidInputError("a checkpoint's clusters and grades must fit one another")
        if not (self._counts.sum(axis=0) > 0).all():
            raise InvalidInputError("a checkpoint must hold a grade for each model")


def _nearest(unit: NDArray[np.float32], centers: NDArray[np.float32]) -> NDArray[np.int64]:
    """Return the place of the nearest centre to each of n rows, shape (n,)."""
    return np.asarray((unit @ centers.T).argmax(axis=1), dtype=np.int64)


def _put(table: NDArray[np.float64], values: NDArray[Any], column: int) -> NDArray[np.float64]:
    """Return a table with one column replaced, or put behind the last."""
    return np.concatenate([table[:, :column], values[:, None], table[:, column + 1 :]], axis=1)


def _centers(unit: NDArray[np.float32], k: int, generator: np.random.Generator) -> NDArray[np.float32]:
    """Return k centres of unit rows: spherical k-means, begun far from one another (k-means++)."""
    chosen = [int(generator.integers(len(unit)))]
    far = np.ones(len(unit))
    for _ in range(k - 1):
        far = np.minimum(far, np.maximum(1 - unit @ unit[chosen[-1]], 0).astype(np.float64))
        total = far.sum()
        chances = far / total if total > 0 else None  # all prompts alike
        chosen.append(int(generator.choice(len(unit), p=chances)))
    centers: NDArray[np.float32] = unit[chosen].copy()
    for _ in range(_ROUNDS):
        cluster = _nearest(unit, centers)
        sums = np.zeros(centers.shape, dtype=np.float64)
        np.add.at(sums, cluster, unit)
        lengths = np.linalg.norm(sums, axis=1, keepdims=True)
        moved = np.where(lengths > 0, sums / np.where(lengths > 0, lengths, 1), centers).astype(np.float32)
        if np.array_equal(moved, centers):
            break
        centers = moved
    return centers
