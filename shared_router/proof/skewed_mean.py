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
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

FEWEST = 5
"""Rows below which no interval is given."""

_FEWEST_ALIKE = 50
"""Bills below which a list tells no shape."""
_FEWEST_OWN = 20
_NOTHING = 1e-9
"""Of the bills, an error that is rounding's."""
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
    if rest == 0:
        return mean, mean, mean
    if signed and error <= _NOTHING * float(shares @ np.abs(values)):
        return mean, -math.inf, math.inf
    if weights is not None:
        effective = min(effective, _as_many_alike(shares * np.abs(values - mean)))
    found = _deviations(values, shapes, max(round(effective), 2), seed)
    if signed:
        widest = max(found.high, -found.low) * error
        return mean, mean - widest, mean + widest
    damped = math.sqrt(rest)
    low = min(mean - found.high * error, mean * (1 - damped * (1 - found.least)))
    high = max(mean - found.low * error, mean * (1 + damped * (found.most - 1)))
    return mean, max(0.0, low), high


@dataclass(frozen=True, slots=True)
class _Deviations:
    """How far the means of n bills fall from what they estimate.

    Attributes:
        low: Below it, in their own standard errors, < 0.
        high: Above it.
        least: What they estimate, as a multiple of them, <= 1.
        most: The same, >= 1.
    """

    low: float
    high: float
    least: float = 1.0
    most: float = 1.0


def _as_many_alike(parts: Floats) -> float:
    """Return of how many normal parts such an error would be made (after Satterthwaite, 1946).

    Of n normal ones the sum of squares, squared, is n / 3 sums of fourth powers.
    """
    squares = parts**2
    return 3 * float(squares.sum() ** 2 / (squares @ squares)) if squares.any() else float(len(parts))


def _deviations(values: Floats, shapes: Sequence[Floats], n: int, seed: int) -> _Deviations:
    rng = np.random.default_rng(seed)
    student = _student(n - 1)
    found = [_Deviations(-student, student)]
    lists = [shape for shape in shapes if len(shape) >= _FEWEST_ALIKE]
    for shape in [*lists, *([values] if len(values) >= _FEWEST_OWN else [])]:
        found.append(_of_shape(shape, n, rng))
    return _Deviations(
        low=min(each.low for each in found),
        high=max(each.high for each in found),
        least=min(each.least for each in found),
        most=max(each.most for each in found),
    )


def _of_shape(shape: Floats, n: int, rng: np.random.Generator) -> _Deviations:
    center, said, multiples = shape.mean(), [], []
    for _ in range(math.ceil(_DRAWS * n / _ENTRIES)):
        drawn = rng.choice(shape, (min(_DRAWS, _ENTRIES // n + 1), n))
        means, spreads = drawn.mean(axis=1), drawn.std(axis=1, ddof=1)
        varied = spreads > 0
        said.append((means[varied] - center) / spreads[varied] * math.sqrt(n))
        multiples.append(center / means[means > 0])
    found, multiple = np.concatenate(said), np.concatenate(multiples)
    least, most = np.percentile(multiple, _POINTS) if len(multiple) else (1.0, 1.0)
    if len(found) < _DRAWS / 10:
        return _Deviations(0.0, 0.0, float(least), float(most))
    low, high = np.percentile(found, _POINTS)
    return _Deviations(float(low), float(high), float(least), float(most))


def _student(freedom: int) -> float:
    """Return the 97.5 % point of Student's t (Cornish and Fisher; Abramowitz and Stegun 26.7.5)."""
    if freedom < len(_STUDENT):
        return _STUDENT[freedom]
    z = 1.959963984540054
    first = (z**3 + z) / 4
    second = (5 * z**5 + 16 * z**3 + 3 * z) / 96
    return float(z + first / freedom + second / freedom**2)


_STUDENT = (math.inf, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365)
