"""Whether said win probabilities come true: calibration error, Brier score, and the reliability diagram.

What a win probability foretells is that the strong answer is the better one; a tie is no win. ECE is over ten
bins of equal count, as in `metrics.calibration_error`.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.pair import Floats

BINS = 10


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """Prompts of like win probability.

    Attributes:
        said: Their mean win probability, in [0, 1].
        seen: How often the strong answer was better, in [0, 1].
        n: How many prompts.
    """

    said: float
    seen: float
    n: int


def reliability(probabilities: Floats, wins: Floats, *, bins: int = BINS) -> tuple[ReliabilityBin, ...]:
    """Return the bins of a reliability diagram, in rising order; each holds the same number of prompts.

    Args:
        probabilities: Win probabilities, shape (n,), each in [0, 1].
        wins: 1 where the strong answer was better, else 0, shape (n,).
        bins: How many bins; fewer where there are fewer prompts.
    """
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    return tuple(
        ReliabilityBin(float(probabilities[part].mean()), float(wins[part].mean()), len(part))
        for part in parts
        if len(part)
    )


def brier(probabilities: Floats, wins: Floats, counts: Floats) -> Floats:
    """Return the mean squared distance of said and seen in each resample, shape (B,)."""
    found: Floats = (probabilities - wins) ** 2 @ counts / counts.sum(axis=0)
    return found


def calibration_errors(probabilities: Floats, wins: Floats, counts: Floats, *, bins: int = BINS) -> Floats:
    """Return the expected calibration error of each resample, shape (B,).

    Args:
        probabilities: As in `reliability`.
        wins: As in `reliability`.
        counts: How often each resample drew each prompt, shape (n, B).
        bins: How many bins.
    """
    order = np.argsort(probabilities, kind="stable")
    ordered = counts[order]
    drawn = np.cumsum(ordered, axis=0)
    # |said - seen| of a bin is a difference of two sums, so one running sum of said - seen is enough
    off = np.cumsum(ordered * (probabilities - wins)[order, None], axis=0)
    return np.array([_error(drawn[:, b], off[:, b], bins) for b in range(counts.shape[1])])


def _error(drawn: Floats, off: Floats, bins: int) -> float:
    n = int(drawn[-1])
    sizes = np.full(bins, n // bins) + (np.arange(bins) < n % bins)
    edges = np.concatenate([[0], np.cumsum(sizes)])
    # between two running counts stand repeats of one prompt, so the sum is straight there
    at_edges = np.interp(edges, np.concatenate([[0.0], drawn]), np.concatenate([[0.0], off]))
    return float(np.abs(np.diff(at_edges)).sum() / n)
