"""k nearest neighbours: how well each model did on the training prompts most like the query.

The baseline that learned routers often do not beat ("Rethinking predictive modeling for LLM routing", arXiv
2505.12601; EmbedLLM's own kNN). With a the weight of a model's mean, the expected grade is

    (sum_i cos(q, i) s_im + a mean_m) / (sum_i cos(q, i) + a)

over those of the k nearest prompts i that model m was graded on. A model that was added later looks among
its own prompts and the first ones, and the others among the first ones as before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import is_amount, shown
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
            raise InvalidInputError(f"k must be a whole number >= 1, got {shown(k)}")
        check_prior(prior)
        self.k = k
        self.prior = prior

    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        n_known = self._known.shape[1]
        found = np.empty((len(unit), self._scores.shape[1]))
        block = max(1, _BLOCK // n_known)
        for start in range(0, len(unit), block):
            similarities = unit[start : start + block] @ self._known
            for columns, rows in self._searched():
                part = similarities if len(rows) == n_known else similarities[:, rows]
                found[start : start + block, columns] = self._voted(part, rows, columns)
        return found

    def _searched(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Yield models and the prompts among which their nearest are looked for.

        A model that was added looks among its own prompts too, the others as before it came.
        """
        n = self._n_first
        yield np.flatnonzero(~self._added), np.arange(n)
        for column in np.flatnonzero(self._added):
            own = n + np.flatnonzero(self._graded[n:, column])
            yield np.array([column]), np.concatenate([np.arange(n), own])

    def _voted(
        self, similarities: NDArray[np.float32], rows: NDArray[np.int64], columns: NDArray[np.int64]
    ) -> NDArray[np.float64]:
        k = min(self.k, len(rows))
        nearest = np.argpartition(-similarities, k - 1, axis=1)[:, :k]
        votes = np.maximum(np.take_along_axis(similarities, nearest, axis=1), 0.0)[:, None, :]
        votes, chosen = votes.astype(np.float64), rows[nearest]
        total = (votes @ self._graded[:, columns][chosen])[:, 0]
        grade = (votes @ self._scores[:, columns][chosen])[:, 0]
        means = self._scores[:, columns].sum(axis=0) / self._graded[:, columns].sum(axis=0)
        prior = max(self.prior, 1e-9)  # a query unlike every prompt gets the means
        return np.asarray((grade + prior * means) / (total + prior), dtype=np.float64)

    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        self._known = np.ascontiguousarray(unit.T)
        self._scores, self._graded = grades.scores.astype(np.float32), grades.graded
        self._n_first, self._added = len(unit), np.zeros(len(grades.models), dtype=np.bool_)

    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        """Put the model's prompts behind the first ones, ungraded for the others."""
        n_old, n_models = self._scores.shape
        shape = (n_old + len(unit), max(n_models, column + 1))
        all_scores, all_graded = np.zeros(shape, dtype=np.float32), np.zeros(shape, dtype=np.bool_)
        all_scores[:n_old, :n_models], all_graded[:n_old, :n_models] = self._scores, self._graded
        all_scores[:n_old, column], all_graded[:n_old, column] = 0, False
        all_scores[n_old:, column], all_graded[n_old:, column] = scores, True
        # a model that is learned anew leaves its own prompts behind
        kept = np.asarray(all_graded.any(axis=1), dtype=np.bool_)
        kept[: self._n_first] = True
        known = np.concatenate([self._known, unit.T], axis=1)
        self._known = np.ascontiguousarray(known[:, kept])
        self._scores, self._graded = all_scores[kept], all_graded[kept]
        added = np.zeros(shape[1], dtype=np.bool_)
        added[:n_models] = self._added
        added[column] = True
        self._added = added

    def _arguments(self) -> dict[str, Any]:
        return {"k": self.k, "prior": self.prior}

    def _tensors(self) -> dict[str, NDArray[Any]]:
        return {
            "known": self._known,
            "scores": self._scores,
            "graded": self._graded.astype(np.uint8),
            "added": self._added.astype(np.uint8),
            "n_first": np.array([self._n_first], dtype=np.int64),
        }

    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        self._known, self._scores = tensors["known"], tensors["scores"]
        self._graded = tensors["graded"].astype(np.bool_)
        if self._scores.shape != self._graded.shape or self._known.shape != (self.width_, len(self._scores)):
            raise InvalidInputError("a checkpoint's prompts and grades must fit one another")
        if not self._graded.any(axis=0).all():
            raise InvalidInputError("a checkpoint must hold a grade for each model")
        self._n_first, self._added = int(tensors["n_first"].item()), tensors["added"].astype(np.bool_)
        if not 1 <= self._n_first <= len(self._scores) or self._added.shape != self._scores.shape[1:]:
            raise InvalidInputError("a checkpoint must say which prompts and models came first")


def check_prior(prior: float) -> None:
    """Check how much a model's mean counts.

    Raises:
        InvalidInputError: If it is no finite number >= 0.
    """
    if not is_amount(prior):
        raise InvalidInputError(f"prior must be a finite number >= 0, got {shown(prior)}")
