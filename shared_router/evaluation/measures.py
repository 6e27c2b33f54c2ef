"""Every figure of one router, on the data as they are and on many resamples at once."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared_router.evaluation.curve import (
    GRID,
    Curves,
    Ranking,
    area,
    call_share,
    curves,
    decile_area,
    ranking,
)
from shared_router.evaluation.hull import mean_height
from shared_router.evaluation.optimality import arena_score, optimality, ratio
from shared_router.evaluation.pair import Floats, Pair
from shared_router.evaluation.reliability import brier, calibration_errors

TARGETS = (0.5, 0.8, 0.9, 0.95)
"""The PGR that CPT(50/80/90/95) reach."""

EQUAL_QUALITY = 0.99
"""Quality counts as the strong model's where it is at most one hundredth of it below."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A router, a baseline or a column of scores that is to be measured.

    Attributes:
        name: What it is called in the report.
        scores: One score a prompt, higher goes strong earlier, shape (n,).
        threshold: A prompt goes strong iff its score is >= this; None sends half, ties shared out.
        probabilities: Whether the scores are win probabilities, so that calibration means something.
        ranks: Whether the scores say an order; False for one that has a single point and no curve.
    """

    name: str
    scores: Floats = field(repr=False)
    threshold: float | None = None
    probabilities: bool = False
    ranks: bool = True


def sent_strong(candidate: Candidate) -> Floats:
    """Return how likely each prompt goes to the strong model at the candidate's threshold, shape (n,)."""
    if candidate.threshold is not None:
        return (candidate.scores >= candidate.threshold).astype(np.float64)
    n = len(candidate.scores)
    ranked = ranking(candidate.scores)
    after = ranked.ends + 1
    before = np.concatenate([[0], after[:-1]])
    share = np.clip((n / 2 - before) / (after - before), 0, 1)
    sent = np.empty(n)
    sent[ranked.order] = np.repeat(share, after - before)
    return sent


@dataclass(frozen=True, slots=True)
class Measured:
    """What B resamples gave for one candidate.

    Attributes:
        figures: Each figure by name, shape (B,); NaN where undefined.
        quality: Mean quality at each hundredth of strong fraction, shape (101, B).
        cost: Mean cost there, shape (101, B).
    """

    figures: dict[str, Floats]
    quality: Floats
    cost: Floats


def measure(candidate: Candidate, pair: Pair, counts: Floats, *, coin: Ranking | None = None) -> Measured:
    """Measure a candidate on B resamples.

    Args:
        candidate: What is measured.
        pair: The n prompts.
        counts: How often each resample drew each prompt, shape (n, B); ones give the data as they are.
        coin: For a router without an order, B random ones; its curves are read over each prompt once, so that
            they say where a coin lands on these very prompts. What takes the best of many cuts is read off
            the candidate's own scores, as the Zero router's is: the best cut of a coin is luck.
    """
    ranked = ranking(candidate.scores) if coin is None else coin
    # a coin would toss for each copy of a prompt that a resample drew twice, and ranking cannot
    curve = curves(ranked, pair, counts if coin is None else np.ones_like(counts))
    quality, cost = curve.at_grid()
    figures = at_threshold(candidate, pair, counts)
    if candidate.ranks:
        figures |= _over_all_cuts(curve, ranked)
        by_chance = coin is not None
        expected = curves(ranking(candidate.scores), pair, counts).at_grid() if by_chance else (quality, cost)
        figures |= _of_the_best_cuts(*expected)
    if candidate.probabilities:
        wins = pair.strong_wins
        figures["ece"] = calibration_errors(candidate.scores, wins, counts)
        figures["brier"] = brier(candidate.scores, wins, counts)
    return Measured(figures, quality, cost)


def at_threshold(candidate: Candidate, pair: Pair, counts: Floats) -> dict[str, Floats]:
    """Return what the candidate's threshold gives: share, quality, cost, and nearness to the best choice."""
    sent = sent_strong(candidate)
    paid = pair.weak_cost + sent * (pair.strong_cost - pair.weak_cost)
    columns = np.stack([sent, pair.weak + sent * pair.gain, paid, pair.strong_cost])
    share, quality, cost, strong_cost = columns @ counts / counts.sum(axis=0)
    figures = {"strong_fraction": share, "quality": quality, "cost": cost}
    figures["savings"] = 1 - ratio(cost, strong_cost)
    figures |= optimality(pair, sent, counts)
    if pair.in_dollars:
        figures["arena_score"] = arena_score(quality, 1000 * cost)
    return figures


def _over_all_cuts(curve: Curves, ranked: Ranking) -> dict[str, Floats]:
    shares = {f"cpt{100 * target:.0f}": call_share(curve, target) for target in TARGETS}
    return {"apgr": area(curve), "decile_apgr": decile_area(curve, ranked.values), **shares}


def _of_the_best_cuts(quality: Floats, cost: Floats) -> dict[str, Floats]:
    hull_height = mean_height(cost, quality)
    zero_height = mean_height(cost[[0, -1]], quality[[0, -1]])
    return {
        "aiq": hull_height,
        "aiq_zero": zero_height,
        "aiq_over_zero": hull_height - zero_height,
        **_at_equal_quality(quality, cost),
    }


def _at_equal_quality(quality: Floats, cost: Floats) -> dict[str, Floats]:
    """Return the cheapest hundredth whose quality is the strong model's, and what it saves."""
    enough = quality >= np.minimum(EQUAL_QUALITY * quality[-1], quality[-1]) - 1e-12
    cheapest = np.where(enough, cost, np.inf).argmin(axis=0)
    columns = np.arange(cost.shape[1])
    return {
        "savings_at_equal_quality": 1 - ratio(cost[cheapest, columns], cost[-1]),
        "strong_fraction_at_equal_quality": GRID[cheapest],
    }
