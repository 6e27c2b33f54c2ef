"""Measure several candidates on the same resamples, so that their differences are paired."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from shared_router.evaluation.curve import shuffled
from shared_router.evaluation.measures import Candidate, Measured, measure
from shared_router.evaluation.pair import Floats, Pair
from shared_router.evaluation.resampling import Estimate, estimate, resamples

RANDOM = "random"


@dataclass(frozen=True, slots=True)
class Resampled:
    """One candidate's figures, on the data as they are and on every resample.

    Attributes:
        value: On the data as they are; arrays of one entry.
        draws: On B resamples.
    """

    value: Measured = field(repr=False)
    draws: Measured = field(repr=False)

    def estimate(self, figure: str) -> Estimate:
        """Return a figure with its interval; undefined where the candidate does not have it."""
        if figure not in self.value.figures:
            return Estimate(None)
        return estimate(float(self.value.figures[figure][0]), self.draws.figures[figure])

    def less(self, other: Resampled, figure: str) -> Estimate:
        """Return a figure of this candidate less that of another."""
        if figure not in self.value.figures or figure not in other.value.figures:
            return Estimate(None)
        value = self.value.figures[figure] - other.value.figures[figure]
        return estimate(float(value[0]), self.draws.figures[figure] - other.draws.figures[figure])


def measure_together(
    candidates: list[Candidate], pair: Pair, *, n_resamples: int, seed: int, progress: bool = False
) -> dict[str, Resampled]:
    """Measure candidates on the same resamples.

    The candidate named `random` is ranked anew each time: its interval says where a coin lands here.

    Args:
        candidates: What is measured, no name twice.
        pair: The n prompts.
        n_resamples: How many resamples.
        seed: Draws them.
        progress: Whether to show a bar over the resamples, where the output is a terminal.

    Returns:
        Each candidate's figures, by name.
    """
    from tqdm.auto import tqdm

    once = np.ones((len(pair), 1))
    coin = np.random.default_rng([seed, 1])
    blocks: dict[str, list[Measured]] = {found.name: [] for found in candidates}
    with tqdm(total=n_resamples, desc="resamples", disable=None if progress else True) as bar:
        for counts in resamples(pair.units, n_resamples, seed=seed):
            for found in candidates:
                by_chance = shuffled(len(pair), counts.shape[1], coin) if found.name == RANDOM else None
                blocks[found.name].append(measure(found, pair, counts, coin=by_chance))
            bar.update(counts.shape[1])
    return {found.name: _resampled(measure(found, pair, once), blocks[found.name]) for found in candidates}


def _resampled(value: Measured, blocks: list[Measured]) -> Resampled:
    def joined(parts: list[Floats]) -> Floats:
        return np.concatenate(parts, axis=-1)

    if not blocks:
        return Resampled(
            value, Measured({name: np.empty(0) for name in value.figures}, value.quality, value.cost)
        )
    figures = {name: joined([block.figures[name] for block in blocks]) for name in value.figures}
    draws = Measured(figures, joined([b.quality for b in blocks]), joined([b.cost for b in blocks]))
    return Resampled(value, draws)
