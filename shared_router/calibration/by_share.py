"""The threshold that sends a share of prompts strong: no grade, no price and no answer is needed."""

from __future__ import annotations

from collections.abc import Sequence

from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.choosing import choice_at
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.rows import Numbers, Rows, asked_scores, check_asked, given_grades
from shared_router.choices import check_share
from shared_router.errors import InvalidInputError
from shared_router.records.outcomes import Outcomes
from shared_router.router import Router


def for_strong_fraction(
    router: Router | None = None,
    prompts: Sequence[str] | Outcomes | None = None,
    strong_fraction: float | None = None,
    *,
    confidence: float = 0.95,
    seed: int = 0,
    split_ties: bool = True,
    scores: Numbers | None = None,
    strong_scores: Numbers | None = None,
    weak_scores: Numbers | None = None,
    scale: tuple[float, float] = (0.0, 1.0),
) -> ThresholdChoice:
    """Choose the threshold that sends a share of prompts strong.

    The share is of these prompts; the interval says where that of all traffic like them lies. Prompts of one
    score move together, except where more than a hundredth of all have it, as with a constant router: then
    the threshold is that score and a hash of the prompt decides (`tie_break`).

    Args:
        router: The router that will be served; None where `scores` are given.
        prompts: n prompts of one's own traffic, or a table of outcomes for its prompts.
        strong_fraction: The share to send strong, in [0, 1].
        confidence: Of the intervals, in (0, 1).
        seed: The coin for prompts of one score.
        split_ties: Whether prompts of one score may be split by that coin; False for a cascade, which throws
            none.
        scores: n win probabilities, in the place of the router.
        strong_scores: The strong model's n grades, so that the choice says what the share is worth.
        weak_scores: The weak model's.
        scale: The worst and the best grade.

    Raises:
        InvalidInputError: If the share is none (30 for 0.3), a score is NaN or outside [0, 1], or there is no
            prompt.
    """
    if strong_fraction is None:
        raise InvalidInputError("strong_fraction must be given, the share to send strong, such as 0.3")
    check_share("strong_fraction", strong_fraction)
    check_asked(confidence, seed)
    texts = prompts.prompts if isinstance(prompts, Outcomes) else prompts
    asked = asked_scores(router, texts, scores)
    n = len(asked)
    strong, weak = given_grades(strong_scores, weak_scores, n, scale=scale)
    rows = Rows(asked, texts, strong, weak, scale=scale)
    cuts = Cuts.even(asked, seed=seed, split_ties=split_ties)
    return choice_at(
        cuts.nearest(n * (1 - float(strong_fraction))),
        rows,
        cuts,
        method="strong_fraction",
        target=float(strong_fraction),
        confidence=confidence,
    )
