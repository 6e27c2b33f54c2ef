"""Quality over spend: what a plan buys at each mean cost a prompt, every call it makes paid.

Spend is in calls of the strong model: a weak call costs the price ratio r, so that always weak spends r and
always strong 1. APGR at equal spend is the mean over spends in [r, 1] of `(q(s) - q_weak) / (q_strong -
q_weak)`; for a router, which asks one model a prompt, it is the paper's APGR. A cascade that escalates a
share e spends r + e, so at a spend of 1 it escalates 1 - r. Between two points a plan mixes them at random.
AIQ is the mean height of the hull over the same spends (RouterBench), here with the two single models among
the points, as `Zero router` has them alone.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.hull import mean_height
from shared_router.evaluation.resampling import resamples

Floats = NDArray[np.float64]
Places = NDArray[Any]
Scored = tuple[Floats, Floats]
"""Risks of training rows, each by a fit without it, and of test rows."""

N_RESAMPLES = 400
_STEPS = 40


@dataclass(frozen=True, slots=True)
class Rows:
    """n prompts that both models answered.

    Attributes:
        strong: The strong model's grades, shape (n,), in [0, 1].
        weak: One weak answer's, shape (n,).
    """

    strong: Floats
    weak: Floats


@dataclass(frozen=True, slots=True)
class Points:
    """What a plan spends and reaches on each prompt, at T settings.

    Attributes:
        spend: Shape (n, T), in strong calls.
        quality: Shape (n, T).
    """

    spend: Floats
    quality: Floats


@dataclass(frozen=True, slots=True)
class Measured:
    """A plan's figures, with 95 % intervals over prompts.

    Attributes:
        apgr: APGR at equal spend.
        low: Its interval's lower end.
        high: Its upper end.
        aiq: AIQ over spends in [r, 1].
        zero_aiq: AIQ of the two single models alone.
        best_single: The better single model's mean quality.
        resampled: APGR of each resample, the same resamples for every plan on the same rows.
    """

    apgr: float
    low: float
    high: float
    aiq: float
    zero_aiq: float
    best_single: float
    resampled: Floats


def routed(win_probability: Floats, rows: Rows, ratio: float) -> Points:
    """Return a router's points: the prompts of highest win probability go strong, one more at each."""
    return _by_rank(win_probability, rows, lambda strong: np.where(strong, 1.0, ratio))


def cascaded(risk: Floats, rows: Rows, ratio: float) -> Points:
    """Return a cascade's points: the weak answers of highest risk are rejected, one more at each."""
    return _by_rank(risk, rows, lambda strong: ratio + np.where(strong, 1.0, 0.0))


def _by_rank(scores: Floats, rows: Rows, spend: Callable[[NDArray[np.bool_]], Floats]) -> Points:
    rank = np.empty(len(scores), dtype=np.intp)
    rank[np.argsort(-scores, kind="stable")] = np.arange(len(scores))
    cuts = np.unique(np.linspace(0, len(scores), 4 * _STEPS + 1).astype(np.intp))
    strong = rank[:, None] < cuts
    return Points(spend(strong), np.where(strong, rows.strong[:, None], rows.weak[:, None]))


def chosen(train: Points, test: Points, ratio: float) -> Points:
    """Return, for each of some spends, the setting that was best on training rows, on test rows.

    Args:
        train: T settings on rows to choose by.
        test: The same settings on other rows.
        ratio: The price ratio r.
    """
    spend, quality = train.spend.mean(axis=0), train.quality.mean(axis=0)
    picked = []
    for target in np.linspace(ratio, 1, _STEPS + 1):
        within = spend <= target + 1e-9
        picked.append(int(np.where(within, quality, -np.inf).argmax()))
    return Points(test.spend[:, picked], test.quality[:, picked])


def joined(found: list[tuple[Places, Points]], n: int) -> Points:
    """Return the points of all folds as one, setting by setting."""
    width = found[0][1].spend.shape[1]
    spend, quality = np.zeros((2, n, width))
    for test, points in found:
        spend[test], quality[test] = points.spend, points.quality
    return Points(spend, quality)


def measured(
    points: Points, rows: Rows, ratio: float, *, seed: int = 0, n_resamples: int = N_RESAMPLES
) -> Measured:
    """Return a plan's figures, with intervals."""
    n = len(rows.strong)
    even = np.ones((n, 1))
    drawn = np.concatenate([even, *resamples(np.arange(n), n_resamples, seed=seed)], axis=1)
    spend, quality = (part.T @ drawn / n for part in (points.spend, points.quality))
    weak, strong = (part @ drawn / n for part in (rows.weak, rows.strong))
    grid = np.linspace(ratio, 1, 20 * _STEPS + 1)
    found = np.array(
        [
            _mean_height(grid, spend[:, b], (quality[:, b] - weak[b]) / (strong[b] - weak[b]), ratio)
            for b in range(drawn.shape[1])
        ]
    )
    ends = np.array([[ratio], [1.0]]), np.stack([weak[:1], strong[:1]])
    inside = spend[:, 0] <= 1 + 1e-9
    aiq = mean_height(
        np.concatenate([spend[inside, :1], ends[0]]), np.concatenate([quality[inside, :1], ends[1]])
    )
    low, high = np.percentile(found[1:], [2.5, 97.5])
    zero = float(mean_height(*ends)[0])
    best = float(max(weak[0], strong[0]))
    return Measured(float(found[0]), float(low), float(high), float(aiq[0]), zero, best, found[1:])


def _mean_height(grid: Floats, spend: Floats, gap: Floats, ratio: float) -> float:
    """Return the mean PGR over spends: from always weak through the plan's points, and on as they go."""
    order = np.argsort(spend, kind="stable")
    x, y = np.concatenate([[ratio], spend[order]]), np.concatenate([[0.0], gap[order]])
    if x[-1] < 1:  # nothing is gained beyond the plan's dearest setting
        x, y = np.append(x, 1.0), np.append(y, y[-1])
    heights = np.interp(grid, x, y)
    return float((heights[1:] + heights[:-1]).mean() / 2)
