"""A score and what the router says of how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared_router.win_probabilities import check_win_probabilities

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from shared_router.router import Router
    from shared_router.scoring.questions import Question


class CoveredScore(float):
    """A win probability with its `coverage`, in [0, 1], and its `spread`, in [0, 1], where they are known."""

    coverage: float | None
    spread: float | None


def with_coverage(router: Router, questions: Sequence[Question], scores: Sequence[float]) -> list[float]:
    """Return n scores, with their coverage and their spread where the router can tell.

    Args:
        router: Who gave the scores.
        questions: The n questions; of conversations nothing is known.
        scores: Each in [0, 1].

    Raises:
        Exception: What the router raises.
    """
    texts = [question for question in questions if isinstance(question, str)]
    if len(texts) < len(questions):
        return [*scores]
    coverage, spread = router.coverage(texts), router.spread(texts)
    if coverage is None and spread is None:
        return [*scores]
    known = zip(scores, _checked(coverage, len(texts)), _checked(spread, len(texts)), strict=True)
    return [_covered(*each) for each in known]


def _checked(values: NDArray[np.float64] | None, n: int) -> Sequence[float | None]:
    return [None] * n if values is None else check_win_probabilities(values, n)


def _covered(score: float, coverage: float | None, spread: float | None) -> CoveredScore:
    covered = CoveredScore(score)
    covered.coverage, covered.spread = coverage, spread
    return covered
