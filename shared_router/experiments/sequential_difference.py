"""The difference between two arms, with an interval that may be looked at after every observation.

Unit i is dealt to arm b with probability q, whatever came before, and has the value x_i in [0, 1]. With c_i
a number that does not look at unit i or at what comes after it (here the mean so far),

    D_i = (x_i - c_i) / q where it is b's, -(x_i - c_i) / (1 - q) where it is a's,

and the mean of D_i, given what came before, is the difference of the arms' means, whichever c_i is. Somebody
who holds that the difference is at most d bets against it,

    W(d) = mean over b of prod_i (1 + b (D_i - d)),    0 < b < min(q, 1 - q) / 2,

and is not expected to gain while it is: P(W(d) ever reaches 2 / alpha) <= alpha / 2 (Ville). What the bets
have ruled out by any time stays ruled out; what is left of both sides is an interval that holds the
difference at all times at once with probability 1 - alpha, however often one looks and whenever one stops.

Source: Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86 (2024), sections 4.1 and 4.4;
the D_i are those of Howard et al., Annals of Statistics 49 (2021), section 4.2. As in `calibration.betting`,
a few bets serve all sizes of differences: their mean loses no more than the logarithm of their number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_N_BETS, _STEP, _LARGEST = 14, 1.5, 0.9
_FIRST_CENTRE = 0.5
_HALVINGS = 20


@dataclass(frozen=True, slots=True)
class SequentialDifference:
    """What is known of arm b's mean less arm a's.

    Attributes:
        n_a: How many units arm a has.
        n_b: How many arm b has.
        mean_a: The mean of arm a; NaN without a unit, as `mean_b`.
        mean_b: The mean of arm b.
        low: The least difference that is not ruled out.
        high: The largest.
        e_value: The evidence that there is any difference; 1 says nothing.
        decided_at: After how many units 0 was ruled out; None where it is not.
    """

    n_a: int
    n_b: int
    mean_a: float
    mean_b: float
    low: float
    high: float
    e_value: float
    decided_at: int | None


def sequential_difference(
    values: Floats, is_b: Bools, *, share: float, confidence: float = 0.95
) -> SequentialDifference:
    """Compare two arms, units in the order in which they became known.

    Args:
        values: Each unit's value, in [0, 1], shape (n,).
        is_b: Whether it is arm b's, shape (n,).
        share: The probability with which a unit was dealt to arm b, in (0, 1).
        confidence: With which probability the interval holds the difference at all times, in (0, 1).
    """
    signed = _signed(values, is_b, share)
    bets = _LARGEST * min(share, 1 - share) / 2 * _STEP ** -np.arange(_N_BETS, dtype=np.float64)
    most = math.log(2 / (1 - confidence))
    up, down = (_log_wealth(side * signed, 0.0, bets) for side in (1, -1))
    evidence = np.logaddexp(up, down) - math.log(2)
    decided = np.flatnonzero(np.maximum(up, down) >= most)
    mean_a, mean_b = (float(values[arm].mean()) if arm.any() else math.nan for arm in (~is_b, is_b))
    return SequentialDifference(
        int((~is_b).sum()),
        int(is_b.sum()),
        mean_a,
        mean_b,
        low=_ruled_out_below(signed, bets, most),
        high=-_ruled_out_below(-signed, bets, most),
        e_value=math.exp(min(float(evidence.max(initial=0.0)), 700.0)),
        decided_at=int(decided[0]) + 1 if len(decided) else None,
    )


def _signed(values: Floats, is_b: Bools, share: float) -> Floats:
    """Return D_i of each unit."""
    before = np.concatenate([[0.0], np.cumsum(values)[:-1]])[: len(values)]
    seen = np.arange(len(values))
    centres = (before + _FIRST_CENTRE) / (seen + 1)
    weights = np.where(is_b, 1 / share, -1 / (1 - share))
    return np.asarray((values - centres) * weights)


def _log_wealth(signed: Floats, difference: float, bets: Floats) -> Floats:
    """Return the logarithm of W after each unit, against "the mean of D is at most `difference`"."""
    grown = np.cumsum(np.log1p(bets[:, None] * (signed - difference)), axis=1)
    return np.asarray(np.logaddexp.reduce(grown, axis=0) - math.log(len(bets)))


def _ruled_out_below(signed: Floats, bets: Floats, most: float) -> float:
    """Return the difference up to which all are ruled out: W falls as the difference grows."""
    if not len(signed) or _log_wealth(signed, -1.0, bets).max() < most:
        return -1.0
    low, high = -1.0, 1.0
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if _log_wealth(signed, middle, bets).max() >= most:
            low = middle
        else:
            high = middle
    return low
