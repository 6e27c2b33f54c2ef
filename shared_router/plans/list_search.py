"""The best list of models and thresholds under a budget: sort once a stage, and sweep every cut.

With models in the order of a list, stage i's answer is used unless its risk `1 - P(good enough)` reaches the
stage's threshold. For lists of up to three models every pair of cuts that thresholds can make is looked at by
cumulative sums, so no grid finds a better one; longer lists grow from those by inserting a model and sweeping
one stage at a time. FrugalGPT's own search (arXiv 2305.05176; `scipy.optimize.brute`) looks at lists of one
length and at 40 quantiles a stage, row by row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

_EXACT_MODELS = 3
_MOST_FIRST_CUTS = 2000
"""Cuts of the first of three stages that are looked at; of more, as many evenly spaced ones."""
_BLOCK = 128
_ROUNDS = 3
_SLACK = 1e-12


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
                    found = _better(found, self._exact(models, budget))
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
        if self.dollars[:, models[0]].mean() > budget * (1 + _SLACK):
            return False
        return found is None or float(self.quality[:, list(models)].max(axis=1).mean()) >= found.quality

    def _exact(self, models: tuple[int, ...], budget: float) -> FoundList | None:
        if len(models) > 1:
            return self._pair(models, budget) if len(models) == 2 else self._triple(models, budget)
        dollars, quality = self.cost_and_quality(models, ())
        return FoundList(models, (), quality, dollars) if dollars <= budget * (1 + _SLACK) else None

    def _pair(self, models: tuple[int, ...], budget: float) -> FoundList | None:
        first, last = models
        order, cuts = _cuts(self.risks[:, first])
        gain = (self.quality[:, last] - self.quality[:, first])[order]
        quality = self.quality[:, first].sum() + _sums(gain)[cuts]
        dollars = self.dollars[:, first].sum() + _sums(self.dollars[order, last])[cuts]
        place = _best_place(quality, dollars, budget * len(order))
        if place is None:
            return None
        threshold = _threshold(self.risks[order, first], int(cuts[place]))
        return self._found(models, (threshold,), quality[place], dollars[place])

    def _triple(self, models: tuple[int, ...], budget: float) -> FoundList | None:
        first, middle, last = models
        order, cuts = _cuts(self.risks[:, first])
        if len(cuts) > _MOST_FIRST_CUTS:
            cuts = cuts[np.linspace(0, len(cuts) - 1, _MOST_FIRST_CUTS).astype(np.intp)]
        inner, inner_cuts = _cuts(self.risks[:, middle])
        rank = np.empty(len(order), dtype=np.intp)
        rank[order] = np.arange(len(order))
        to_middle = (self.quality[:, middle] - self.quality[:, first])[order]
        quality_to_middle = self.quality[:, first].sum() + _sums(to_middle)
        dollars_to_middle = self.dollars[:, first].sum() + _sums(self.dollars[order, middle])
        to_last = (self.quality[:, last] - self.quality[:, middle])[inner]
        last_dollars = self.dollars[inner, last]
        best: tuple[float, float, int, int] | None = None
        for start in range(0, len(cuts), _BLOCK):
            block = cuts[start : start + _BLOCK]
            goes_on = rank[inner] < block[:, None]  # (cuts, n), in the order of the middle's risks
            quality = quality_to_middle[block][:, None] + _sums(goes_on * to_last)[:, inner_cuts]
            dollars = dollars_to_middle[block][:, None] + _sums(goes_on * last_dollars)[:, inner_cuts]
            place = _best_place(quality.ravel(), dollars.ravel(), budget * len(order))
            if place is None:
                continue
            row, column = divmod(place, len(inner_cuts))
            found = (float(quality[row, column]), float(dollars[row, column]), int(block[row]), int(column))
            if best is None or (found[0], -found[1]) > (best[0], -best[1]):
                best = found
        if best is None:
            return None
        thresholds = (
            _threshold(self.risks[order, first], best[2]),
            _threshold(self.risks[inner, middle], int(inner_cuts[best[3]])),
        )
        return self._found(models, thresholds, best[0], best[1])

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
        order, cuts = _cuts(self.risks[rows, own])
        rows = rows[order]
        gain = _sums(rest_quality[rows] - self.quality[rows, own])[cuts]
        total_quality = quality + self.quality[rows, own].sum() + gain
        total_dollars = dollars + self.dollars[rows, own].sum() + _sums(rest_dollars[rows])[cuts]
        place = _best_place(total_quality, total_dollars, budget * len(self.quality))
        if place is None:
            return None
        threshold = _threshold(self.risks[rows, own], int(cuts[place]))
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
        return FoundList(models, thresholds, quality / len(self.quality), dollars / len(self.quality))


def _cuts(risks: Floats) -> tuple[Places, Places]:
    """Return the rows by falling risk, and how many go on at each cut that a threshold can make.

    Equal risks go on together. A risk of 1 always goes on, since a threshold is at most 1.
    """
    order = np.argsort(-risks, kind="stable")
    ranked = risks[order]
    cuts = np.concatenate([[0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, [len(ranked)]])
    return order, cuts[cuts >= np.count_nonzero(ranked >= 1)]


def _threshold(ranked: Floats, n_going_on: int) -> float:
    """Return a threshold that lets the first so many go on: halfway to the next."""
    if n_going_on == len(ranked):
        return 0.0
    above = 1.0 if n_going_on == 0 else float(ranked[n_going_on - 1])
    middle = (above + float(ranked[n_going_on])) / 2
    return middle if middle > float(ranked[n_going_on]) else above


def _sums(values: Floats) -> Floats:
    """Return the sums of the first 0, 1, ... n values, along the last axis."""
    total = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=total[..., 1:])
    return total


def _best_place(quality: Floats, dollars: Floats, budget: float) -> int | None:
    affordable = dollars <= budget * (1 + _SLACK)
    if not affordable.any():
        return None
    best = quality[affordable].max()
    among = np.flatnonzero(affordable & (quality >= best - _SLACK * max(abs(best), 1.0)))
    return int(among[dollars[among].argmin()])


def _better(found: FoundList | None, other: FoundList | None) -> FoundList | None:
    if found is None or other is None:
        return found or other
    return max(found, other, key=lambda each: (each.quality, -each.dollars, -len(each.models)))
