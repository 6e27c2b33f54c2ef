"""Bootstrap resamples as columns of counts, and the intervals read off what they give.

Efron's percentile bootstrap over units: a resample draws as many units as there are, with replacement, and
every row of a drawn unit comes along. All routers are measured on the same resamples, so their differences
are paired.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from shared_router.evaluation.pair import Floats, Rows

_ENTRIES = 1 << 19
"""Counts held at a time, 4 MB: what a few passes over them leave in the processor's cache."""

_LARGEST_UNDEFINED_SHARE = 0.05


@dataclass(frozen=True, slots=True)
class Estimate:
    """A figure with its 95 % interval.

    Attributes:
        value: The figure on the data as they are; None where it is undefined.
        low: The interval's lower end; None where the figure, or more than one resample in twenty, is
            undefined.
        high: The interval's upper end.
    """

    value: float | None
    low: float | None = None
    high: float | None = None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Both ends, or None."""
        return None if self.low is None or self.high is None else (self.low, self.high)

    def excludes(self, value: float) -> bool:
        """Return whether the interval is known and `value` lies outside it."""
        return self.low is not None and self.high is not None and not self.low <= value <= self.high


def resamples(units: Rows, n_resamples: int, *, seed: int) -> Iterator[Floats]:
    """Yield blocks of resamples, in all `n_resamples` columns.

    Args:
        units: The unit of each row, shape (n,), numbers 0 to U - 1.
        n_resamples: How many resamples, >= 0.
        seed: The same seed draws the same.

    Yields:
        Counts, shape (n, B): how often each resample drew each row.
    """
    rng = np.random.default_rng(seed)
    n_units = int(units.max()) + 1
    width = max(1, min(n_resamples, _ENTRIES // len(units)))
    for start in range(0, n_resamples, width):
        drawn = rng.integers(0, n_units, (min(width, n_resamples - start), n_units))
        counts = [np.bincount(row, minlength=n_units) for row in drawn]
        yield np.stack(counts, axis=1).astype(np.float64)[units]


def estimate(value: float, resampled: Floats) -> Estimate:
    """Return a figure with the middle 95 % of its resamples; NaN is undefined.

    Args:
        value: The figure on the data as they are.
        resampled: The figure on each resample, shape (B,).
    """
    if not np.isfinite(value):
        return Estimate(None)
    defined = resampled[np.isfinite(resampled)]
    if len(resampled) == 0 or len(defined) < (1 - _LARGEST_UNDEFINED_SHARE) * len(resampled):
        return Estimate(float(value))
    low, high = np.percentile(defined, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high))
