"""The two thresholds of a router before a cascade, chosen together on graded answers.

The router sends a share strong at once, which saves those prompts the weak call; the cascade rejects some of
the weak answers that are left. Which pair is best under a budget is searched by cumulative sums: every cut of
the answers' risks beside every cut of the win probabilities on few rows, or some fifty of them and all near
the best. A router alone and a cascade alone are among the pairs, so that where answers tell nothing the
choice is not to cascade.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import DataError, InvalidInputError
from shared_router.plans.left_out import checked_probabilities
from shared_router.plans.sweeping import (
    SLACK,
    Floats,
    Places,
    best_place,
    cuts_of,
    some_cuts,
    sums,
    threshold_of,
)
from shared_router.records.given import check_given

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes

_FEW_CUTS = 200
_BLOCK = 16


@dataclass(frozen=True, slots=True)
class JointThresholds:
    """Two thresholds, and what they come to on the rows that they were chosen on, which flatters them.

    Attributes:
        router: The router's: a prompt goes strong at once iff its win probability reaches it, in [0, 1].
        cascade: The cascade's: a weak answer is rejected iff `1 - P(good enough)` reaches it, in [0, 1].
        direct_fraction: The share of prompts that skip the weak call, in [0, 1].
        rejected_fraction: The share of prompts whose weak answer is rejected, in [0, 1].
        dollars: Mean dollars a prompt, every call paid.
        quality: Mean grade.
        n: How many rows they were chosen on.
    """

    router: float
    cascade: float
    direct_fraction: float
    rejected_fraction: float
    dollars: float
    quality: float
    n: int


def joint_thresholds(
    outcomes: Outcomes,
    win_probabilities: Sequence[float] | NDArray[np.float64],
    good_enough: Sequence[float] | NDArray[np.float64],
    *,
    strong: str = "strong",
    weak: str = "weak",
    budget: float | None = None,
    quality: float | None = None,
) -> JointThresholds:
    """Choose the router's threshold and the cascade's together.

    Args:
        outcomes: n prompts with grades and dollars of both models; rows that lack any are left out.
        win_probabilities: The router's of each prompt, shape (n,), in [0, 1], from a router that did not
            learn from that prompt; NaN where there is none.
        good_enough: P(good enough) of each weak answer, shape (n,), in [0, 1], likewise left out
            (`AnswerFeatures.left_out_`).
        strong: The strong model's name.
        weak: The weak model's name.
        budget: Mean dollars a prompt that all calls may cost: the best quality within it is chosen.
        quality: The mean grade to reach: the cheapest pair that does is chosen. One of the two is given.

    Returns:
        The thresholds. A `cascade` of 1 rejects almost nothing, and a `router` of 1 sends almost nothing.

    Raises:
        UnknownNameError: If there is no such model.
        InvalidInputError: If an argument is outside its rule, or no pair keeps the budget or the quality.
        DataError: If no row has all grades, dollars and both scores.
    """
    check_given(outcomes)
    goal = _checked_goal(budget, quality)
    win, good = (
        checked_probabilities(name, values, len(outcomes))
        for name, values in (("win_probabilities", win_probabilities), ("good_enough", good_enough))
    )
    columns = [read(model) for read in (outcomes.scores, outcomes.dollars) for model in (strong, weak)]
    complete = ~np.isnan(np.stack([*columns, win, good])).any(axis=0)
    if not complete.any():
        raise DataError(
            "thresholds are chosen on prompts with both models' grades and dollars and both scores, and none "
            "has all; give prices (`Outcomes.with_prices`)"
        )
    graded = _Graded(*(column[complete] for column in (*columns, win, 1 - good)))
    found = graded.best(*goal)
    if found is None:
        raise InvalidInputError(
            f"budget or quality must be one that some pair of thresholds keeps, got budget={budget!r}, "
            f"quality={quality!r}; weak costs {graded.weak_dollars.mean():.4g} a prompt, always strong "
            f"reaches {graded.strong.mean():.4g}"
        )
    return found


@dataclass(frozen=True, slots=True)
class _Graded:
    strong: Floats
    weak: Floats
    strong_dollars: Floats
    weak_dollars: Floats
    win: Floats
    risk: Floats

    def best(self, budget: float, quality: float) -> JointThresholds | None:
        order, cuts = cuts_of(self.win)
        some = some_cuts(cuts, self.win[order], _FEW_CUTS)
        found = self._best_among(some, budget, quality)
        if found is not None and len(some) < len(cuts):
            place = int(np.searchsorted(some, round(found.direct_fraction * len(order))))
            low, high = some[max(place - 1, 0)], some[min(place + 1, len(some) - 1)]
            near = self._best_among(cuts[(cuts >= low) & (cuts <= high)], budget, quality)
            found = found if near is None else near
        return found

    def _best_among(self, cuts: Places, budget: float, quality: float) -> JointThresholds | None:
        """Return the best pair of one of some cuts of the router and any of the cascade."""
        n = len(self.win)
        order, (inner, inner_cuts) = cuts_of(self.win)[0], cuts_of(self.risk)
        rank = np.empty(n, dtype=np.intp)
        rank[order] = np.arange(n)
        gain = self.strong - self.weak
        quality_direct = self.weak.sum() + sums(gain[order])
        dollars_direct = self.weak_dollars.sum() + sums((self.strong_dollars - self.weak_dollars)[order])
        best: tuple[float, float, int, int] | None = None
        for start in range(0, len(cuts), _BLOCK):
            block = cuts[start : start + _BLOCK]
            asked_weak = rank[inner] >= block[:, None]  # (cuts, n), in the order of the risks
            total = sums(asked_weak * gain[inner])[:, inner_cuts] + quality_direct[block][:, None]
            again = sums(asked_weak * self.strong_dollars[inner])[:, inner_cuts]
            spent = again + dollars_direct[block][:, None]
            place = _best_cell(total.ravel(), spent.ravel(), budget * n, (quality - SLACK) * n)
            if place is not None:
                row, column = divmod(place, len(inner_cuts))
                found = (float(total[row, column]), float(spent[row, column]), int(block[row]), column)
                best = found if best is None else max(best, found, key=lambda each: _rank(each, budget))
        if best is None:
            return None
        n_direct, n_above = best[2], int(inner_cuts[best[3]])
        return JointThresholds(
            router=threshold_of(self.win[order], n_direct),
            cascade=threshold_of(self.risk[inner], n_above),
            direct_fraction=n_direct / n,
            rejected_fraction=float((rank[inner[:n_above]] >= n_direct).sum()) / n,
            dollars=best[1] / n,
            quality=best[0] / n,
            n=n,
        )


def _best_cell(total: Floats, spent: Floats, budget: float, least: float) -> int | None:
    """Return the place of the best quality within a budget or, of an infinite one, of the least spending."""
    if math.isfinite(budget):
        return best_place(total, spent, budget)
    reaching = np.where(total >= least, spent, np.inf)
    place = int(reaching.argmin())
    return place if reaching[place] < np.inf else None


def _rank(found: tuple[float, float, int, int], budget: float) -> tuple[float, float]:
    return (found[0], -found[1]) if math.isfinite(budget) else (-found[1], found[0])


def _checked_goal(budget: float | None, quality: float | None) -> tuple[float, float]:
    """Return a budget, infinite where none is given, and a quality, minus infinity where none is."""
    if (budget is None) == (quality is None):
        given = "none" if budget is None else "both"
        raise InvalidInputError(f"one of budget and quality must be given, got {given}")
    for name, value, highest in (("budget", budget, math.inf), ("quality", quality, 1.0)):
        is_number = isinstance(value, Real) and not isinstance(value, bool)
        if value is not None and not (is_number and 0 <= value <= highest and math.isfinite(value)):
            rule = "in [0, 1]" if name == "quality" else "finite and >= 0"
            raise InvalidInputError(f"{name} must be a number {rule}, got {shown(value)}")
    return (math.inf if budget is None else float(budget)), (-math.inf if quality is None else float(quality))
