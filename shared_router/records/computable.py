"""What outcomes are enough for, said before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from shared_router.records.outcomes import Outcomes


@dataclass(frozen=True, slots=True)
class Computable:
    """What outcomes are enough for.

    Attributes:
        shares: How many prompts a threshold would send to the strong model: prompts alone do.
        budgets: What that would cost: dollars of each model, or tokens and prices.
        latency: How long answers take.
        quality: What routing is worth: a prompt must have grades of two models.
        graded_pairs: For each pair of models that share graded prompts, the one with the better mean on
            them first, and how many they share; most shared first, then the widest gap.
        missing: What each thing that cannot be computed lacks, in words, by its name.
    """

    shares: bool
    budgets: bool
    latency: bool
    quality: bool
    graded_pairs: tuple[tuple[str, str, int], ...]
    missing: dict[str, str]


def computable(outcomes: Outcomes) -> Computable:
    """Say what outcomes are enough for."""
    pairs = _graded_pairs(outcomes)
    missing = {}
    tokens = "input_tokens" in outcomes.values and "output_tokens" in outcomes.values
    if "dollars" not in outcomes.values:
        missing["budgets"] = (
            "no answer has dollars; give prices (--prices)"
            if tokens
            else "no answer has dollars, and none has tokens to price"
        )
    if "latency_ms" not in outcomes.values:
        missing["latency"] = "no answer has a latency"
    if not pairs:
        missing["quality"] = _no_quality(outcomes)
    return Computable(
        shares=len(outcomes) > 0,
        budgets="budgets" not in missing,
        latency="latency" not in missing,
        quality=bool(pairs),
        graded_pairs=pairs,
        missing=missing,
    )


def _graded_pairs(outcomes: Outcomes) -> tuple[tuple[str, str, int], ...]:
    if "score" not in outcomes.values:
        return ()
    known = ~np.isnan(outcomes.values["score"])
    m = len(outcomes.models)
    # Only prompts with two grades can pair models; a log of millions of prompts has none
    counts = np.bincount(outcomes.prompt_index[known], minlength=len(outcomes))
    rows = np.flatnonzero(counts > 1)
    if not len(rows):
        return ()
    place = np.full(len(outcomes), -1)
    place[rows] = np.arange(len(rows))
    kept = known & (place[outcomes.prompt_index] >= 0)
    scores = np.zeros((len(rows), m))
    graded = np.zeros((len(rows), m))
    at = (place[outcomes.prompt_index[kept]], outcomes.model_index[kept])
    scores[at] = outcomes.values["score"][kept]
    graded[at] = 1.0
    shared = graded.T @ graded
    sums = scores.T @ graded  # (m, m): a's scores on the prompts that b has too
    pairs: list[tuple[float, tuple[str, str, int]]] = []
    for a in range(m):
        for b in range(a + 1, m):
            if shared[a, b]:
                first, second = (a, b) if sums[a, b] >= sums[b, a] else (b, a)
                gap = (sums[first, second] - sums[second, first]) / shared[a, b]
                pairs.append((gap, (outcomes.models[first], outcomes.models[second], int(shared[a, b]))))
    return tuple(pair for _, pair in sorted(pairs, key=lambda each: (-each[1][2], -each[0], each[1])))


def _no_quality(outcomes: Outcomes) -> str:
    if len(outcomes.models) < 2:
        return f"{len(outcomes.models) or 'no'} model here, and a comparison needs two"
    if "score" not in outcomes.values:
        return "no answer has a grade; have a sample of prompts answered by both models and graded"
    return "no prompt has grades of two models; have a sample of prompts answered by both and graded"
