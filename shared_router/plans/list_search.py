"""The best list of models and thresholds under a budget: sort once a stage, and sweep every cut.

With models in the order of a list, stage i's answer is used unless its risk `1 - P(good enough)` reaches the
stage's threshold. Of two models every cut that a threshold can make is looked at. Of three every cut of the
second, beside every cut of the first on few rows; on more beside those at FrugalGPT's forty quantiles, some
evenly spaced, and all near the best: never worse than its grid. Longer lists grow from those by inserting a
model and sweeping one stage at a time. FrugalGPT's own search (arXiv 2305.05176; `scipy.optimize.brute`)
looks at lists of one length and at forty quantiles a stage, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np

from shared_router.plans.sweeping import (
    SLACK,
    Floats,
    best_of_two_cuts,
    best_place,
    cuts_of,
    some_cuts,
    sums,
    threshold_of,
)

_EXACT_MODELS = 3
_FEW_CUTS = 200
"""Cuts of the first of three models that are all looked at."""
_NEAR = 0.01
_ROUNDS = 3


@dataclass(frozen=True, slots=True)
class FoundList:
    """A list and what it comes to on the rows it was searched on.

    Attributes:
        models: Places of models, in the order they are asked.
        thresholds: One a model but the last, each in [0, 1]: the next is asked iff the risk reaches it.
        quality: Mean quality.
        dollars: Mean cost of all calls made.
    """

    models: tuple[int, ...]
    thresholds: tuple[float, ...]
    quality: float
    dollars: float


@dataclass(frozen=True, slots=True)
class ListSearch:
    """n rows of K models, on which lists are searched.

    Attributes:
        quality: Shape (n, K).
        dollars: Shape (n, K), each >= 0.
        risks: `1 - P(good enough)` of each answer, shape (n, K), in [0, 1]; NaN in the column of a model that
            has no scorer, which can only be the last of a list.
    """

    quality: Floats
    dollars: Floats
    risks: Floats

    def best(self, budget: float, *, max_models: int) -> FoundList | None:
        """Return the list of the highest quality that costs no more than a budget; of equals the cheapest.

        Args:
            budget: Mean cost a row, >= 0.
            max_models: The longest list, >= 1.

        Returns:
            The list; None where even one model costs more.
        """
        found: FoundList | None = None
        for length in range(1, min(max_models, _EXACT_MODELS, self.quality.shape[1]) + 1):
            for models in permutations(range(self.quality.shape[1]), length):
                if self._can_beat(models, budget, found):
                    found = _better(found, self._exact(models, budget, found))
        for _ in range(_EXACT_MODELS, min(max_models, self.quality.shape[1])):
            for longer in self._longer(found):
                found = _better(found, self._swept(longer, budget))
        return found

    def cost_and_quality(self, models: tuple[int, ...], thresholds: tuple[float, ...]) -> tuple[float, float]:
        """Return the mean cost and mean quality of a list."""
        dollars, quality = self._from_stage(models, thresholds, 0)
        return float(dollars.mean()), float(quality.mean())

    def _can_beat(self, models: tuple[int, ...], budget: float, found: FoundList | None) -> bool:
        if np.isnan(self.risks[:1, list(models[:-1])]).any():
            return False
        if self.dollars[:, models[0]].mean() > budget * (1 + SLACK):
            return False
        return found is None or float(self.quality[:, list(models)].max(axis=1).mean()) >= found.quality

    def _exact(self, models: tuple[int, ...], budget: float, best: FoundList | None) -> FoundList | None:
        if len(models) > 1:
            return self._pair(models, budget) if len(models) == 2 else self._triple(models, budget, best)
        dollars, quality = self.cost_and_quality(models, ())
        return FoundList(models, (), quality, dollars) if dollars <= budget * (1 + SLACK) else None

    def _pair(self, models: tuple[int, ...], budget: float) -> FoundList | None:
        first, last = models
        order, cuts = cuts_of(self.risks[:, first])
        gain = (self.quality[:, last] - self.quality[:, first])[order]
        quality = self.quality[:, first].sum() + sums(gain)[cuts]
        dollars = self.dollars[:, first].sum() + sums(self.dollars[order, last])[cuts]
        place = best_place(quality, dollars, budget * len(order))
        if place is None:
            return None
        threshold = threshold_of(self.risks[order, first], int(cuts[place]))
        return self._found(models, (threshold,), quality[place], dollars[place])

    def _triple(self, models: tuple[int, ...], budget: float, best: FoundList | None) -> FoundList | None:
        """Look at some cuts of the first model, and then at all between the best one's neighbours.

        A list that is far below the best so far after the first look is not worth the second.
        """
        part = [matrix[:, list(models)] for matrix in (self.quality, self.dollars, self.risks)]
        order, cuts = cuts_of(part[2][:, 0])
        some = some_cuts(cuts, part[2][order, 0], _FEW_CUTS)
        found = best_of_two_cuts(part[0], part[1], part[2], budget, some)
        if found is None:
            return None
        hopeless = best is not None and found[0] / len(order) < best.quality - _NEAR
        if len(some) < len(cuts) and not hopeless:
            place = int(np.searchsorted(some, found[2]))
            low, high = some[max(place - 1, 0)], some[min(place + 1, len(some) - 1)]
            near = cuts[(cuts >= low) & (cuts <= high)]
            found = best_of_two_cuts(part[0], part[1], part[2], budget, near) or found
        return self._found(models, found[3], found[0], found[1])

    def _longer(self, found: FoundList | None) -> Iterator[FoundList]:
        """Yield a list with one more model at each place of it, which nothing reaches yet."""
        if found is None:
            return
        for model in set(range(self.quality.shape[1])) - set(found.models):
            for place in range(len(found.models) + 1):
                models = (*found.models[:place], model, *found.models[place:])
                if np.isnan(self.risks[:1, list(models[:-1])]).any():
                    continue
                thresholds = (*found.thresholds[:place], 0.0, *found.thresholds[place:])
                yield FoundList(models, thresholds, found.quality, found.dollars)

    def _swept(self, start: FoundList, budget: float) -> FoundList | None:
        """Set one stage's threshold after the other to the best there is beside the others."""
        thresholds, best = list(start.thresholds), None
        for _ in range(_ROUNDS):
            for stage in reversed(range(len(thresholds))):
                found = self._stage(start.models, tuple(thresholds), stage, budget)
                if found is not None:
                    thresholds, best = list(found.thresholds), _better(best, found)
        return best

    def _stage(
        self, models: tuple[int, ...], thresholds: tuple[float, ...], stage: int, budget: float
    ) -> FoundList | None:
        reach = np.ones(len(self.quality), dtype=bool)
        dollars, quality = 0.0, 0.0
        for model, threshold in zip(models[:stage], thresholds[:stage], strict=True):
            dollars += self.dollars[reach, model].sum()
            goes_on = reach & (self.risks[:, model] >= threshold)
            quality += self.quality[reach & ~goes_on, model].sum()
            reach = goes_on
        if not reach.any():
            return None
        rest_dollars, rest_quality = self._from_stage(models, thresholds, stage + 1)
        own, rows = models[stage], np.flatnonzero(reach)
        order, cuts = cuts_of(self.risks[rows, own])
        rows = rows[order]
        gain = sums(rest_quality[rows] - self.quality[rows, own])[cuts]
        total_quality = quality + self.quality[rows, own].sum() + gain
        total_dollars = dollars + self.dollars[rows, own].sum() + sums(rest_dollars[rows])[cuts]
        place = best_place(total_quality, total_dollars, budget * len(self.quality))
        if place is None:
            return None
        threshold = threshold_of(self.risks[rows, own], int(cuts[place]))
        new = (*thresholds[:stage], threshold, *thresholds[stage + 1 :])
        return self._found(models, new, total_quality[place], total_dollars[place])

    def _from_stage(
        self, models: tuple[int, ...], thresholds: tuple[float, ...], stage: int
    ) -> tuple[Floats, Floats]:
        """Return each row's cost and quality if it begins at a stage of a list."""
        dollars, quality = self.dollars[:, models[-1]].copy(), self.quality[:, models[-1]].copy()
        for model, threshold in zip(models[stage:-1][::-1], thresholds[stage:][::-1], strict=True):
            goes_on = self.risks[:, model] >= threshold
            dollars = self.dollars[:, model] + goes_on * dollars
            quality = np.where(goes_on, quality, self.quality[:, model])
        return dollars, quality

    def _found(
        self, models: tuple[int, ...], thresholds: tuple[float, ...], quality: float, dollars: float
    ) -> FoundList:
        n = len(self.quality)
        return FoundList(models, thresholds, float(quality) / n, float(dollars) / n)


def _better(found: FoundList | None, other: FoundList | None) -> FoundList | None:
    if found is None or other is None:
        return found or other
    return max(found, other, key=lambda each: (each.quality, -each.dollars, -len(each.models)))
