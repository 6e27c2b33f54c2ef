"""Quality and cost at every cut of a ranking, for many resamples of the prompts at once.

`metrics` reads one curve; this module reads B of them in one pass, as a bootstrap needs: a resample is a
column of counts, how often it drew each prompt, and every figure is a weighted sum.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.pair import Floats, Pair, Rows

GRID = np.linspace(0, 1, 101)
"""The strong fractions that figures over all cuts are read at: each hundredth."""


@dataclass(frozen=True, slots=True)
class Ranking:
    """Prompts in the order in which they go strong, equal scores together.

    Attributes:
        order: The prompts, highest score first, shape (n,), or (n, B) where each resample has an order of
            its own.
        ends: The last place of each of the m ties, shape (m,).
        values: The m distinct scores, falling, shape (m,).
    """

    order: Rows
    ends: Rows
    values: Floats


def ranking(scores: Floats) -> Ranking:
    """Rank prompts by score, the highest first."""
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    ends = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    return Ranking(order, ends, ranked[ends])


def shuffled(n: int, n_resamples: int, rng: np.random.Generator) -> Ranking:
    """Rank n prompts at random, anew for each of B resamples: what a coin does."""
    order = np.argsort(rng.random((n, n_resamples)), axis=0)
    return Ranking(order, np.arange(n), np.arange(n, 0, -1, dtype=np.float64))


@dataclass(frozen=True, slots=True)
class Curves:
    """B curves, each from all-weak to all-strong over the m cuts between ties.

    Attributes:
        fraction: Strong fraction after each cut, shape (m + 1, B), from 0 to 1.
        gain: How much better than all-weak the answers are there, summed over prompts, shape (m + 1, B).
        weak: Mean quality of all-weak, shape (B,).
        cost: Mean cost of a prompt at each cut, shape (m + 1, B).
        drawn: How many prompts were drawn in each resample, shape (B,).
    """

    fraction: Floats
    gain: Floats
    weak: Floats
    cost: Floats
    drawn: Floats

    @property
    def quality(self) -> Floats:
        """Mean quality at each cut, shape (m + 1, B)."""
        quality: Floats = self.weak + self.gain / self.drawn
        return quality

    @property
    def gap(self) -> Floats:
        """PGR at each cut, shape (m + 1, B); NaN where the strong model is not the better."""
        whole = self.gain[-1]
        gap: Floats = self.gain / np.where(whole > 0, whole, np.nan)
        return gap

    def at_grid(self) -> tuple[Floats, Floats]:
        """Return quality and cost at each hundredth of strong fraction, both shape (101, B)."""
        columns = range(self.fraction.shape[1])
        read = [
            np.stack([np.interp(GRID, self.fraction[:, b], curve[:, b]) for b in columns], axis=1)
            for curve in (self.quality, self.cost)
        ]
        return read[0], read[1]


def curves(ranked: Ranking, pair: Pair, counts: Floats) -> Curves:
    """Return the curves of B resamples.

    Args:
        ranked: The prompts' order.
        pair: The n prompts.
        counts: How often each resample drew each prompt, shape (n, B), each column with a positive sum.
    """
    drawn = counts.sum(axis=0)
    order = ranked.order if ranked.order.ndim == 2 else ranked.order[:, None]
    ordered = np.take_along_axis(counts, order, axis=0) if ranked.order.ndim == 2 else counts[ranked.order]

    def summed(step: Floats) -> Floats:
        rows = np.cumsum(ordered * step[order], axis=0)[ranked.ends]
        return np.concatenate([np.zeros((1, counts.shape[1])), rows])

    dearer = summed(pair.strong_cost - pair.weak_cost)
    return Curves(
        summed(np.ones(len(pair))) / drawn,
        summed(pair.gain),
        pair.weak @ counts / drawn,
        (pair.weak_cost @ counts + dearer) / drawn,
        drawn,
    )


def area(curve: Curves) -> Floats:
    """Return APGR of each resample, every cut used, shape (B,); NaN where PGR is undefined."""
    gap = curve.gap
    found: Floats = np.sum((gap[1:] + gap[:-1]) / 2 * np.diff(curve.fraction, axis=0), axis=0)
    return found


def call_share(curve: Curves, target: float) -> Floats:
    """Return CPT(target) of each resample: the smallest strong fraction whose PGR reaches it, shape (B,)."""
    gap = curve.gap
    first = np.argmax(gap >= target, axis=0)
    before = np.maximum(first - 1, 0)
    columns = np.arange(gap.shape[1])
    low, high = gap[before, columns], gap[first, columns]
    start, stop = curve.fraction[before, columns], curve.fraction[first, columns]
    rise = np.where(high > low, high - low, 1.0)
    found: Floats = start + (stop - start) * np.clip((target - low) / rise, 0.0, 1.0)
    return np.where(np.isnan(gap[-1]), np.nan, found)


def decile_area(curve: Curves, values: Floats, *, bins: int = 10) -> Floats:
    """Return RouteLLM's APGR of each resample, cuts at the quantiles of its scores, shape (B,)."""
    gap = curve.gap
    found = [
        _decile_area(curve.fraction[:, b], gap[:, b], curve.drawn[b], values, bins)
        for b in range(len(curve.drawn))
    ]
    return np.array(found)


def _decile_area(fraction: Floats, gap: Floats, drawn: float, values: Floats, bins: int) -> float:
    place = (drawn - 1) * (1 - np.linspace(0, 1, bins + 1))  # from the highest score on
    low, high = (
        values[np.searchsorted(np.rint(fraction[1:] * drawn), side, "right")]
        for side in (np.ceil(place), np.floor(place))
    )
    edges = np.unique(low + (high - low) * (np.ceil(place) - place))
    cuts = np.searchsorted(-values, -edges, "right")
    cuts[-1] = 0  # the published code sends nobody strong at the highest edge
    cuts = cuts[::-1]
    width = fraction[cuts[-1]] - fraction[cuts[0]]
    if not width > 0:
        return float("nan")
    means = (gap[cuts][1:] + gap[cuts][:-1]) / 2
    return float(np.sum(means * np.diff(fraction[cuts])) / width)
