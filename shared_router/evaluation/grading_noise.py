"""How noisy the grades are, and how much of an APGR interval is their doing.

APGR is linear in the grades: with `a` the share of prompts ranked behind a prompt (ties by half),
`APGR = sum(a * gain) / sum(gain)`. So noise of variance v in each gain moves it by
`sqrt(sum((a - APGR)^2 v)) / sum(gain)`, one standard deviation, to first order. The bootstrap interval holds
this already, because the grades that it draws are noisy ones.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.curve import ranking
from shared_router.evaluation.pair import Floats, Pair


@dataclass(frozen=True, slots=True)
class GradingNoise:
    """How far grades of one answer differ.

    Attributes:
        n_answers: How many answers were graded more than once.
        disagreement: The share of those whose grades differ: by grader, repeat, or order shown.
        grade_sd: One grade's standard deviation about its answer's mean.
        apgr_sd: What this alone moves each router's APGR by, one standard deviation, by name; None where
            APGR is undefined.
    """

    n_answers: int
    disagreement: float
    grade_sd: float
    apgr_sd: dict[str, float | None]


def grading_noise(
    pair: Pair,
    n_grades: tuple[Floats, Floats],
    variances: tuple[Floats, Floats],
    scores: dict[str, Floats],
) -> GradingNoise | None:
    """Say how noisy repeated grades are.

    Args:
        pair: The n prompts.
        n_grades: How many grades each strong and each weak score is the mean of, each shape (n,); NaN is one.
        variances: The grades' variance about each score, each shape (n,), NaN where unknown.
        scores: Each router's scores, shape (n,), by name.

    Returns:
        None where no answer was graded twice.
    """
    counts, spreads = np.stack(n_grades), np.stack(variances)
    repeated = (counts > 1) & np.isfinite(spreads)
    if not repeated.any():
        return None
    unbiased = spreads[repeated] * counts[repeated] / (counts[repeated] - 1)
    one_grade = float(unbiased.mean())
    per_score = np.where(repeated, one_grade / np.where(repeated, counts, 1), one_grade)
    noise = per_score.sum(axis=0)
    return GradingNoise(
        int(repeated.sum()),
        float((spreads[repeated] > 0).mean()),
        float(np.sqrt(one_grade)),
        {name: _apgr_sd(found, pair, noise) for name, found in scores.items()},
    )


def ranked_behind(scores: Floats) -> Floats:
    """Return the share of prompts ranked behind each prompt, itself and its ties by half, shape (n,)."""
    ranked = ranking(scores)
    after = ranked.ends + 1
    before = np.concatenate([[0], after[:-1]])
    behind = np.empty(len(scores))
    behind[ranked.order] = np.repeat(1 - (before + after) / 2 / len(scores), after - before)
    return behind


def _apgr_sd(scores: Floats, pair: Pair, noise: Floats) -> float | None:
    whole = pair.gain.sum()
    if whole <= 0:
        return None
    behind = ranked_behind(scores)
    apgr = (behind * pair.gain).sum() / whole
    return float(np.sqrt(((behind - apgr) ** 2 * noise).sum()) / whole)
