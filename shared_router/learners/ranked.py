"""What a ranking is worth, with its error, without resampling: APGR as a mean over rows.

A row of gain g whose place from the top is r of n (r the mean place of its ties) adds to APGR

    g (1 - (r - 1/2) / n) / sum(g)

since it is sent strong from the share r/n on. `evaluation.metrics` integrates the curve and gets the same.
The error is the infinitesimal jackknife's: how far each row moves the value, by its own gain and by those it
stands above.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_SURE = 1.96
"""Standard errors on either side of a 95 % interval."""


@dataclass(frozen=True)
class RankValue:
    """APGR of a ranking.

    Attributes:
        apgr: The value; random ranking has 0.5.
        error: Its standard error over other rows of the same kind.
        influence: How far each row moves it, shape (n,), mean 0; not in the repr.
    """

    apgr: float
    error: float
    influence: Floats = field(repr=False)

    @property
    def low(self) -> float:
        """The lower end of the 95 % interval."""
        return self.apgr - _SURE * self.error

    @property
    def high(self) -> float:
        """The upper end of the 95 % interval."""
        return self.apgr + _SURE * self.error


def rank_value(scores: Floats, gains: Floats) -> RankValue:
    """Return what ranking rows by their scores is worth.

    Args:
        scores: Shape (n,), n >= 2; the larger, the sooner a row goes strong.
        gains: By how much the strong model was better, shape (n,), their sum not 0.
    """
    n = len(scores)
    levels, level = np.unique(scores, return_inverse=True)
    counts = np.bincount(level, minlength=len(levels))
    sums = np.bincount(level, gains, len(levels))
    below = (np.cumsum(counts) - counts / 2)[level] / n  # 1 - (r - 1/2) / n
    total = sums.sum()
    above = (total - np.cumsum(sums) + sums / 2)[level] / n
    mean = total / n
    apgr = float(gains @ below / total)
    influence = (gains * below + above - apgr * gains - apgr * mean) / mean
    return RankValue(apgr, float(influence.std() / np.sqrt(n)), influence)


def difference_error(one: RankValue, other: RankValue) -> float:
    """Return the standard error of the difference of two rankings of the same rows."""
    return float((one.influence - other.influence).std() / np.sqrt(len(one.influence)))
