"""Exact limits for a share that was counted: Clopper and Pearson's.

Of n independent rows f have failed. With confidence 1 - delta the true share of failures is at most the p at
which so few are that unlikely,

    U(f, n) = the p with P(Bin(n, p) <= f) = delta,    U(n, n) = 1,

and U(f, n) <= p exactly where P(Bin(n, p) <= f) <= delta, so a test of "the share is above p" needs no U.
With f = 0 it is 1 - delta^(1/n): 59 rows without a failure show at most .05 with confidence .95.

Source: Clopper and Pearson, Biometrika 26 (1934), 404-413.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

_HALVINGS = 60
"""Of [0, 1]: to the last bit of what a share is told by."""


def upper_limit(failures: int, n: int, *, confidence: float) -> float:
    """Return the largest share of failures that is not ruled out.

    Args:
        failures: How many of the rows failed, 0..n.
        n: How many rows, >= 0; none rule out nothing.
        confidence: In (0, 1).

    Returns:
        U(failures, n), in [0, 1].
    """
    if failures >= n:
        return 1.0
    low, high, delta = failures / n, 1.0, 1 - confidence
    coefficients = _log_coefficients(failures, n)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        low, high = (low, middle) if _at_most(coefficients, n, middle) <= delta else (middle, high)
    return high


def two_sided(failures: int, n: int, *, confidence: float) -> tuple[float, float]:
    """Return both limits of a share, each with half of what may go wrong, in [0, 1]."""
    each = (1 + confidence) / 2
    return 1 - upper_limit(n - failures, n, confidence=each), upper_limit(failures, n, confidence=each)


def rows_without_failure(share: float, *, confidence: float) -> int:
    """Return how many rows without a failure show that at most this share fails, the share in (0, 1)."""
    return math.ceil(math.log(1 - confidence) / math.log1p(-share) - 1e-9)


def failures_allowed(n: int, share: float, *, confidence: float) -> NDArray[np.int64]:
    """Return for k = 0..n rows the most failures that still show that at most a share fails.

    That is the largest f with P(Bin(k, share) <= f) <= 1 - confidence, and -1 where not even none would do.
    One pass tells it for all k: a further row takes share * P(Bin(k, share) = f) from P(Bin(k, share) <= f).

    Args:
        n: How many rows at most, >= 0.
        share: In (0, 1).
        confidence: In (0, 1).

    Returns:
        Shape (n + 1,).
    """
    delta, odds = 1 - confidence, share / (1 - share)
    allowed = np.empty(n + 1, dtype=np.int64)
    f, point, at_most = 0, 1.0, 1.0  # P(Bin(k, share) = f) and P(Bin(k, share) <= f)
    for k in range(n + 1):
        while at_most <= delta:
            point *= (k - f) / (f + 1) * odds
            f += 1
            at_most += point
        allowed[k] = f - 1
        at_most -= share * point
        point *= (1 - share) * (k + 1) / (k + 1 - f)
    return allowed


def _log_coefficients(failures: int, n: int) -> NDArray[np.float64]:
    """Return log(n over j) for j = 0..failures, shape (failures + 1,)."""
    j = np.arange(1, failures + 1, dtype=np.float64)
    return np.concatenate([[0.0], np.cumsum(np.log((n - j + 1) / j))])


def _at_most(coefficients: NDArray[np.float64], n: int, p: float) -> float:
    j = np.arange(len(coefficients), dtype=np.float64)
    logs = coefficients + j * math.log(p) + (n - j) * (math.log1p(-p) if p < 1 else -math.inf)
    return float(np.exp(logs).sum())
