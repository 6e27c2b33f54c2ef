"""k nearest neighbours: how well each model did on the training prompts most like the query.

The baseline that learned routers often do not beat ("Rethinking predictive modeling for LLM routing", arXiv
2505.12601; EmbedLLM's own kNN). With a the weight of a model's mean, the expected grade is

    (sum_i cos(q, i) s_im + a mean_m) / (sum_i cos(q, i) + a)

over those of the k nearest prompts i that model m was graded on.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.errors import InvalidInputError
from shared_router.predictors.grades import Grades
from shared_router.predictors.protocol import QualityPredictor

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder

_BLOCK = 1 << 22  # similarities held at a time, 16 MB


class NeighborsPredictor(QualityPredictor):
    """Average the grades of the k training prompts nearest in cosine.

    Args:
        embedder: Text to vectors, or the name of a shipped embedder.
        k: How many prompts count, >= 1; all of them where there are fewer.
        prior: How many prompts of cosine 1 a model's mean counts for, >= 0.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    name: ClassVar[str] = "neighbors"

    def __init__(
        self, embedder: Embedder | str = DEFAULT_EMBEDDER, *, k: int = 100, prior: float = 10.0
    ) -> None:
        super().__init__(embedder)
        if type(k) is not int or k < 1:
            raise InvalidInputError(f"k must be a whole number >= 1, got {k!r}")
        check_prior(prior)
        self.k = k
        self.prior = prior

    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        n_known = self._known.shape[1]
        k = min(self.k, n_known)
        found = np.empty((len(unit), self._scores.shape[1]))
        block = max(1, _BLOCK // n_known)
        for start in range(0, len(unit), block):
            similarities = unit[start : start + block] @ self._known
            nearest = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
            votes = np.maximum(np.take_along_axis(similarities, nearest, axis=1), 0.0)[:, None, :]
            votes = votes.astype(np.float64)
            total = (votes @ self._graded[nearest])[:, 0]
            grade = (votes @ self._scores[nearest])[:, 0]
            found[start : start + block] = self._shrunk(grade, total)
        return found

    def _shrunk(self, grade: NDArray[np.float64], total: NDArray[np.float64]) -> NDArray[np.float64]:
        means = self._scores.sum(axis=0) / self._graded.sum(axis=0)
        prior = max(self.prior, 1e-9)  # a query unlike every prompt gets the means
        return np.asarray((grade + prior * means) / (total + prior), dtype=np.float64)

    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        self._known = np.ascontiguousarray(unit.T)
        self._scores, self._graded = grades.scores.astype(np.float32), grades.graded

    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        """Put the model's prompts beside the known ones, ungraded for the others."""
        n_old, n_models = self._scores.shape
        shape = (n_old + len(unit), max(n_models, column + 1))
        all_scores, all_graded = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
        all_scores[:n_old, :n_models], all_graded[:n_old, :n_models] = self._scores, self._graded
        all_scores[:n_old, column], all_graded[:n_old, column] = 0, False
        all_scores[n_old:, column], all_graded[n_old:, column] = scores, True
        kept = all_graded.any(axis=1)  # a prompt that only this model was graded on is learned anew
        known = np.concatenate([self._known, unit.T], axis=1)
        self._known = np.ascontiguousarray(known[:, kept])
        self._scores, self._graded = all_scores[kept], all_graded[kept]

    def _arguments(self) -> dict[str, Any]:
        return {"k": self.k, "prior": self.prior}

    def _tensors(self) -> dict[str, NDArray[Any]]:
        return {"known": self._known, "scores": self._scores, "graded": self._graded.astype(np.uint8)}

    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._known, self._scores = tensors["known"], tensors["scores"]
        self._graded = tensors["graded"].astype(np.bool_)
        if self._scores.shape != self._graded.shape or self._known.shape != (self.width_, len(self._scores)):
            raise InvalidInputError("a checkpoint's prompts and grades must fit one another")
        if not self._graded.any(axis=0).all():
            raise InvalidInputError("a checkpoint must hold a grade for each model")


def check_prior(prior: float) -> None:
    """Check how much a model's mean counts.

    Raises:
        InvalidInputError: If it is no finite number >= 0.
    """
    if isinstance(prior, bool) or not isinstance(prior, (int, float)) or not 0 <= prior < float("inf"):
        raise InvalidInputError(f"prior must be a finite number >= 0, got {prior!r}")
