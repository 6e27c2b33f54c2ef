"""A score and what the router says of how far to trust it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from shared_router.win_probabilities import check_win_probabilities

if TYPE_CHECKING:
    from shared_router.router import Router
    from shared_router.scoring.questions import Question


class CoveredScore(float):
    """A win probability with its `coverage`, in [0, 1]."""

    coverage: float


def with_coverage(router: Router, questions: Sequence[Question], scores: Sequence[float]) -> list[float]:
    """Return n scores, with their coverage where the router can tell.

    Args:
        router: Who gave the scores.
        questions: The n questions; of conversations nothing is known.
        scores: Each in [0, 1].

    Raises:
        Exception: What the router raises.
    """
    texts = [question for question in questions if isinstance(question, str)]
    known = router.coverage(texts) if len(texts) == len(questions) else None
    if known is None:
        return [*scores]
    return [
        _covered(score, coverage)
        for score, coverage in zip(scores, check_win_probabilities(known, len(texts)), strict=True)
    ]


def _covered(score: float, coverage: float) -> CoveredScore:
    covered = CoveredScore(score)
    covered.coverage = coverage
    return covered
