"""What a threshold comes to on graded answers: share, quality, dollars, each with its interval."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from shared_router.evaluation.curve import GRID, curves, ranking
from shared_router.evaluation.pair import Floats, Pair, Rows
from shared_router.evaluation.resampling import Estimate, estimate, resamples

N_RESAMPLES = 300
MAX_GROUPS = 2_000
_SEED = 0
_ENTRIES = 1 << 19
"""Counts of rows held at a time."""


@dataclass(frozen=True, slots=True)
class ThresholdPoint:
    """One threshold on the graded prompts.

    Attributes:
        strong_fraction: The share that goes to the strong model, in [0, 1].
        quality: The mean grade.
        cost: The mean cost of a prompt: dollars, or strong calls where no dollars are known.
        saved: The share of the strong model's bill that routing saves.
    """

    strong_fraction: Estimate
    quality: Estimate
    cost: Estimate
    saved: Estimate


@dataclass(frozen=True, slots=True)
class CurvePoint:
    """One point of the curve from all-weak to all-strong.

    Attributes:
        strong_fraction: The share that goes strong.
        quality: The mean grade there, and its 95 % interval.
        cost: The mean cost of a prompt there.
    """

    strong_fraction: float
    quality: Estimate
    cost: float


@dataclass(frozen=True)  # without slots, for what is drawn once
class ScoredPair:
    """Graded prompts with a router's scores.

    Beyond `MAX_GROUPS` prompts or conversations whole groups of them are drawn, made by lot and of one size:
    the mean of a group varies as its members' means do, so the intervals stay as wide, and a threshold that
    is dragged is answered at once.

    Attributes:
        pair: Both models' grades and costs of n prompts.
        scores: The router's win probabilities, shape (n,).
    """

    pair: Pair
    scores: Floats = field(repr=False)

    def at(self, threshold: float) -> ThresholdPoint:
        """Return what a threshold comes to, in [0, 1]."""
        pair, strong = self.pair, self.scores >= threshold
        columns = {
            "strong_fraction": strong.astype(np.float64),
            "quality": np.where(strong, pair.strong, pair.weak),
            "cost": np.where(strong, pair.strong_cost, pair.weak_cost),
            "all_strong": pair.strong_cost,
        }
        groups, counts = self._drawn
        sums = np.stack([np.bincount(groups, column) for column in columns.values()])
        draws = sums @ counts / (np.bincount(groups) @ counts)
        on_data = [float(column.mean()) for column in columns.values()]
        means = dict(zip(columns, zip(on_data, draws, strict=True), strict=True))
        cost, all_strong = means["cost"], means["all_strong"]
        return ThresholdPoint(
            **{name: estimate(*means[name]) for name in ("strong_fraction", "quality", "cost")},
            saved=estimate(
                _saved(np.array(cost[0]), np.array(all_strong[0])).item(), _saved(cost[1], all_strong[1])
            ),
        )

    def curve(self) -> list[CurvePoint]:
        """Return the curve's points, one at each hundredth of strong fraction."""
        ranked = ranking(self.scores)
        quality, cost = curves(ranked, self.pair, np.ones((len(self.pair), 1))).at_grid()
        draws = [curves(ranked, self.pair, counts).at_grid()[0] for counts in self._resamples()]
        drawn = np.concatenate(draws, axis=1)
        return [
            CurvePoint(float(share), estimate(float(quality[place, 0]), drawn[place]), float(cost[place, 0]))
            for place, share in enumerate(GRID)
        ]

    def _resamples(self) -> Iterator[Floats]:
        """Yield blocks of how often each resample drew each row, shape (n, B)."""
        groups, counts = self._drawn
        width = max(1, _ENTRIES // len(groups))
        for start in range(0, N_RESAMPLES, width):
            yield counts[:, start : start + width][groups]

    @cached_property
    def _drawn(self) -> tuple[Rows, Floats]:
        """Each row's group, shape (n,), and how often each resample drew each group, drawn once for all."""
        groups = self.pair.units
        n_units = int(groups.max()) + 1
        if n_units > MAX_GROUPS:
            groups = (np.random.default_rng(_SEED).permutation(n_units) % MAX_GROUPS)[groups]
        drawn = resamples(np.arange(min(n_units, MAX_GROUPS)), N_RESAMPLES, seed=_SEED)
        return groups, np.concatenate([*drawn], axis=1)


def _saved(cost: Floats, all_strong: Floats) -> Floats:
    saved: Floats = np.where(all_strong > 0, 1 - cost / np.where(all_strong > 0, all_strong, 1.0), np.nan)
    return saved
