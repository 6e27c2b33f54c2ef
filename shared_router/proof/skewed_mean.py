"""An interval for the mean of a few dollars out of many, whose largest ones are seldom among the few.

A few calls in a hundred cost ten times the others, and a small sample mostly holds none of them: its spread
is too small exactly where its mean is, and a normal interval misses far more than one time in twenty. How a
small sample of such bills behaves is known all the same, from the many bills beside it: samples of the same
size are drawn from each of these, and how far their means fall from their own mean, in their own standard
errors, bounds how far this one may (the bootstrap-t, Efron 1979, with the shape of a larger list in the
sample's place). Of the shapes and Student's t the widest counts.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5
"""Rows below which no interval is given."""

_FEWEST_ALIKE = 50
"""Bills below which a list tells no shape."""
_FEWEST_OWN = 20
_POINTS = (1.0, 99.0)
"""Wider than 95 %, because a list is only about as skewed as the one that is asked about."""
_DRAWS, _ENTRIES = 1000, 1 << 20


def skewed_mean_interval(
    values: Floats,
    *,
    shapes: Sequence[Floats] = (),
    weights: Floats | None = None,
    of: int,
    signed: bool = False,
    seed: int = 0,
) -> tuple[float, float, float]:
    """Return the mean of a list of bills of which some were drawn by chance, with a 95 % interval.

    Args:
        values: The bills drawn, shape (n,), n >= `FEWEST`, each >= 0.
        shapes: Longer lists of bills that may be skewed alike, whatever their size.
        weights: What each one stands for, one over its probability; None takes them alike.
        of: How many bills the list holds, >= n; where all were drawn, nothing is uncertain.
        signed: Whether they are differences of bills, which may be below 0 and skewed to either side.
        seed: Draws the samples.

    Returns:
        The mean, and the interval's ends.
    """
    n = len(values)
    shares = np.full(n, 1 / n) if weights is None else weights / weights.sum()
    mean = float(shares @ values)
    effective = 1 / float(shares @ shares)
    rest = max(0.0, 1 - n / of)
    error = math.sqrt(rest * float(shares**2 @ (values - mean) ** 2) * effective / max(effective - 1, 1.0))
    if error == 0:
        return mean, mean, mean
    lowest, highest = _deviations(values, shapes, round(effective), seed)
    if signed:
        widest = max(highest, -lowest)
        return mean, mean - widest * error, mean + widest * error
    return mean, max(0.0, mean - highest * error), mean - lowest * error


def _deviations(values: Floats, shapes: Sequence[Floats], n: int, seed: int) -> tuple[float, float]:
    """Return how far, in standard errors, the mean of n bills falls below and above what it estimates."""
    rng = np.random.default_rng(seed)
    student = _student(max(n - 1, 1))
    lowest, highest = -student, student
    lists = [shape for shape in shapes if len(shape) >= _FEWEST_ALIKE]
    for shape in [*lists, *([values] if len(values) >= _FEWEST_OWN else [])]:
        low, high = _of_shape(shape, n, rng)
        lowest, highest = min(lowest, low), max(highest, high)
    return lowest, highest


def _of_shape(shape: Floats, n: int, rng: np.random.Generator) -> tuple[float, float]:
    center, said = shape.mean(), []
    for _ in range(math.ceil(_DRAWS * n / _ENTRIES)):
        drawn = rng.choice(shape, (min(_DRAWS, _ENTRIES // n + 1), n))
        means, spreads = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
        varied = spreads > 0  # equal bills tell no error, and an interval of none is not given
        said.append((means[varied] - center) / spreads[varied] * math.sqrt(n))
    found = np.concatenate(said)
    if len(found) < _DRAWS / 10:
        return 0.0, 0.0
    low, high = np.percentile(found, _POINTS)
    return float(low), float(high)


def _student(freedom: int) -> float:
    """Return the 97.5 % point of Student's t (Cornish and Fisher; Abramowitz and Stegun 26.7.5)."""
    if freedom < len(_STUDENT):
        return _STUDENT[freedom]
    z = 1.959963984540054
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return float(z + first / freedom + second / freedom**2)


_STUDENT = (math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365)
