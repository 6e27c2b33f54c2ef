"""An interval for the mean of values in a known range that holds however few or odd they are.

Somebody bets that the mean is not m. With values in [0, 1] and a share r of what can be lost,

    W(m) = mean over r of prod_i (1 + r (x_i / m - 1)),    0 < r < 1,

and where the mean is m, E[W(m)] <= 1: also where the values were drawn from a list without putting them
back, for the product is a symmetric mean (Maclaurin's inequality). So m is ruled out where W(m) reaches
2 / alpha; the other side bets on 1 - x. No normal distribution is assumed: no failure among thirty answers
does not say that there are none.

Source: Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86 (2024), 1-27, section 4. Left
out: bets that look at earlier values, which need an order; here a grid of bets is averaged instead.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_share
from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]

_SPREADS = 2.0 ** np.arange(7)
"""How many standard deviations the mean may be, on the scale from 0 to 1, in steps: one bet for each."""
_LARGEST_BET = 0.98
_STEPS = 45
"""Halvings of the range, which leave an error of 3e-14 of it."""


def bounded_mean_interval(
    values: Floats, *, low: float, high: float, confidence: float = 0.95
) -> tuple[float, float]:
    """Return where the mean lies of which these values are a random sample.

    Args:
        values: Shape (n,), each in [low, high]; none leaves the whole range.
        low: The least that a value can be.
        high: The most, > low.
        confidence: How often such intervals hold the mean, at least; in (0, 1).

    Raises:
        InvalidInputError: If a value is outside the range, or the confidence none.
    """
    check_share("confidence", confidence, open_ends=True)
    if not low < high or (len(values) and not low <= values.min() <= values.max() <= high):
        raise InvalidInputError(f"values must be in a range, [{low:g}, {high:g}], and one is not")
    distinct, counts = np.unique((values - low) / (high - low), return_counts=True)
    enough = math.log(2 / (1 - confidence))
    soon = math.sqrt(2 * enough / max(len(values), 1))
    bets = np.unique(np.minimum(soon * _SPREADS, _LARGEST_BET))
    least = _least_mean(distinct, counts, bets, enough)
    most = 1 - _least_mean(1 - distinct, counts, bets, enough)
    return low + (high - low) * least, low + (high - low) * most


def mean_of_sample(
    values: Floats, weights: Floats | None = None, *, low: float, high: float, confidence: float = 0.95
) -> tuple[float, float, float]:
    """Return the mean of a list of which some were drawn by chance, with an interval.

    Args:
        values: What was drawn, shape (n,), n >= 1, each in [low, high], and low <= 0 <= high.
        weights: One over each one's probability; None where all had the same.
        low: The least that one can be.
        high: The most.
        confidence: How often such intervals hold the mean, at least.
    """
    if weights is None:
        return float(values.mean()), *bounded_mean_interval(values, low=low, high=high, confidence=confidence)
    weighed = values * (weights / weights.mean())
    most = float(weights.max() / weights.mean())
    ends = bounded_mean_interval(weighed, low=low * most, high=high * most, confidence=confidence)
    return float(weighed.mean()), max(low, ends[0]), min(high, ends[1])


def _least_mean(values: Floats, counts: NDArray[np.int64], bets: Floats, enough: float) -> float:
    """Return the smallest mean that is not ruled out; the purse shrinks as the mean grows."""
    below, above = 0.0, 1.0
    for _ in range(_STEPS):
        middle = (below + above) / 2
        if _log_purse(values, counts, bets, middle) >= enough:
            below = middle
        else:
            above = middle
    return below


def _log_purse(values: Floats, counts: NDArray[np.int64], bets: Floats, mean: float) -> float:
    won = np.log1p(bets[:, None] * (values / mean - 1)) @ counts  # (bets,)
    most = float(won.max())
    return most + math.log(float(np.exp(won - most).mean()))
