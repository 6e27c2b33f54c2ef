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


def p_values(failed: NDArray[np.bool_], share: float) -> NDArray[np.float64]:
    """Return for the first k = 0..n rows how likely so few failures are where a share fails.

    That is P(Bin(k, share) <= f_k), with f_k the failures among them; U(f_k, k) <= share with confidence
    1 - p exactly where it is at most p. One pass tells all: a further row takes from it
    share * P(Bin(k, share) = f_k), and a further failure adds P(Bin(k + 1, share) = f_k + 1).

    Args:
        failed: Which rows failed, in the order in which they are taken, shape (n,).
        share: In (0, 1).

    Returns:
        Shape (n + 1,), to about ten digits behind the point.
    """
    k = np.arange(len(failed) + 1)
    failures = np.concatenate([[0], np.cumsum(failed)])
    logs = np.concatenate([[0.0], np.cumsum(np.log(np.maximum(k[1:], 1)))])  # of k!
    point = np.exp(
        logs[k]
        - logs[failures]
        - logs[k - failures]
        + failures * math.log(share)
        + (k - failures) * math.log1p(-share)
    )
    steps = np.where(failed, point[1:], 0.0) - share * point[:-1]
    found: NDArray[np.float64] = np.maximum(1 + np.concatenate([[0.0], np.cumsum(steps)]), 0)
    return found


def _log_coefficients(failures: int, n: int) -> NDArray[np.float64]:
    """Return log(n over j) for j = 0..failures, shape (failures + 1,)."""
    j = np.arange(1, failures + 1, dtype=np.float64)
    return np.concatenate([[0.0], np.cumsum(np.log((n - j + 1) / j))])


def _at_most(coefficients: NDArray[np.float64], n: int, p: float) -> float:
    j = np.arange(len(coefficients), dtype=np.float64)
    logs = coefficients + j * math.log(p) + (n - j) * (math.log1p(-p) if p < 1 else -math.inf)
    return float(np.exp(logs).sum())
