"""How far second grades of the same answers agree: a human's, a judge's repeat, or the other order shown.

A prompt's outcome is who answered better: strong, weak, or neither. Agreement beyond chance is Cohen's kappa.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from shared_router.errors import DataError
from shared_router.evaluation.pair import Pair
from shared_router.text import prompt_key

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class GradeAgreement:
    """How far two gradings agree on who answered better.

    Attributes:
        n: How many prompts both have graded.
        agreement: The share on which both say the same: strong, weak, or neither.
        flipped: The share on which one says strong and the other weak.
        kappa: Cohen's kappa: 0 is chance, 1 is always; None where chance alone would always agree.
        gap_ratio: The second grading's gap between the two models over the first's, on those prompts; None
            where the first has none.
    """

    n: int
    agreement: float
    flipped: float
    kappa: float | None
    gap_ratio: float | None


def grade_agreement(pair: Pair, second: Outcomes, *, strong: str, weak: str) -> GradeAgreement:
    """Compare the grades of a pair with second ones.

    Args:
        pair: The n prompts with their first grades.
        second: The same prompts, or some of them, graded again; equality is `prompt_key`'s.
        strong: The strong model's name there.
        weak: The weak model's.

    Raises:
        UnknownNameError: If there is no such model.
        DataError: If no prompt has both grades in both.
    """
    again = dict(
        zip(map(prompt_key, second.prompts), second.scores(strong) - second.scores(weak), strict=True)
    )
    gains = np.array([again.get(prompt_key(prompt), np.nan) for prompt in pair.prompts])
    known = np.isfinite(gains)
    if not known.any():
        raise DataError(f"second grades must share a prompt graded for {strong!r} and {weak!r}, and none is")
    first, other = np.sign(pair.gain[known]), np.sign(gains[known])
    agreement = float((first == other).mean())
    by_chance = float(sum(((first == side).mean() * (other == side).mean()) for side in (-1, 0, 1)))
    whole = pair.gain[known].sum()
    return GradeAgreement(
        int(known.sum()),
        agreement,
        float((first * other < 0).mean()),
        None if by_chance == 1 else (agreement - by_chance) / (1 - by_chance),
        float(gains[known].sum() / whole) if whole > 0 else None,
    )
