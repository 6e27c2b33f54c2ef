"""Whether the mean of losses in a known range is at most a figure: tested by betting that it is.

Z_1..Z_n are independent losses, none above `largest`. Somebody who holds that E[Z] <= most bets a share of a
purse on each,

    W = prod_i (1 + b_i (most - Z_i)),    0 <= b_i < 1 / (largest - most),

and where E[Z] is in truth above `most`, E[W] <= 1 whatever the distribution, if b_i does not look at Z_i or
at what comes after it: a purse of 1 / delta then comes with a probability of at most delta (Ville). The bet
that reaches it soonest is near sqrt(2 log(1 / delta) / (n E[(Z - most)^2])); a tenth of the rows, drawn by
the seed, tells that mean square for the bets on all others.

Here the loss of a row depends on a cut: `if_weak` where the cut sends it to the weak model and `if_strong`
where not, so that every cut's purse is a difference of two running sums.

Source: Waudby-Smith and Ramdas, Journal of the Royal Statistical Society B 86 (2024), 1-27: the capital
process of section 4 and the bet of equation 26. Left out: bets that are renewed with every row, whose purses
for all cuts would take n^2 steps, and the hedge against losses that are too small.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_CAP = 0.9
"""The largest bet, as a share of the one that a single largest loss would ruin."""
_STEP, _N_BETS = 1.35, 20
"""Bets are rounded to a grid, so that one running sum serves many cuts."""
_PILOT = 0.1
_GUESS, _GUESS_WEIGHT = 0.05, 1 / 16
"""The mean square that the pilot's own bets assume, and how many rows it counts for, as a share of all."""


def log_purse(
    if_weak: Floats, if_strong: Floats, *, most: float, largest: float, confidence: float, seed: int
) -> Floats:
    """Return the logarithm of each cut's purse; "E[Z] > most" is ruled out where it is >= log(1 / delta).

    Args:
        if_weak: Each row's loss where it goes weak, rows in the order in which cuts take them, shape (n,).
        if_strong: Its loss where it goes strong, shape (n,).
        most: What the mean is to be shown to be at most.
        largest: What no loss is above, > most.
        confidence: 1 - delta, in (0, 1); it sets the bets.
        seed: Draws the tenth of the rows that tells the bets.

    Returns:
        Shape (n + 1,): place k is the cut that sends the first k rows weak.
    """
    n = len(if_weak)
    pilot = np.zeros(n, dtype=np.bool_)
    pilot[np.random.default_rng(seed).permutation(n)[: math.ceil(_PILOT * n)]] = True
    bets = _CAP / (largest - most) * _STEP ** -np.arange(_N_BETS, dtype=np.float64)
    soon = 2 * math.log(1 / (1 - confidence)) / n
    squares = _over_cuts((if_weak - most) ** 2, (if_strong - most) ** 2, pilot)
    weight = n * _GUESS_WEIGHT
    mean_square = (_GUESS * weight + squares) / (weight + pilot.sum())
    first = bets[_nearest(np.array([math.sqrt(soon / _GUESS)]), bets)[0]]
    purse = _over_cuts(np.log1p(first * (most - if_weak)), np.log1p(first * (most - if_strong)), pilot)
    chosen = _nearest(np.sqrt(soon / mean_square), bets)
    for place in np.unique(chosen).tolist():
        bet, here = bets[place], chosen == place
        won = _over_cuts(np.log1p(bet * (most - if_weak)), np.log1p(bet * (most - if_strong)), ~pilot)
        purse[here] += won[here]
    return purse


def rows_needed(losses: Floats, *, most: float, largest: float, confidence: float) -> int | None:
    """Return about how many rows like these would rule out "E[Z] > most"; None where no number would.

    Args:
        losses: Losses of one cut, shape (n,).
        most: As in `log_purse`.
        largest: As in `log_purse`.
        confidence: As in `log_purse`.
    """
    bets = _CAP / (largest - most) * _STEP ** -np.arange(_N_BETS, dtype=np.float64)
    growth = float(np.log1p(bets[:, None] * (most - losses)).mean(axis=1).max())
    return None if growth <= 0 else math.ceil(math.log(1 / (1 - confidence)) / growth / (1 - _PILOT / 2))


def _over_cuts(if_weak: Floats, if_strong: Floats, rows: NDArray[np.bool_]) -> Floats:
    """Return the sum over some rows at each cut, shape (n + 1,)."""
    strong = if_strong * rows
    summed: Floats = np.concatenate([[0.0], np.cumsum(if_weak * rows - strong)]) + strong.sum()
    return summed


def _nearest(wanted: Floats, bets: Floats) -> NDArray[np.int64]:
    """Return the place of the bet nearest to each wanted one, on a scale of factors."""
    places = np.rint(np.log(bets[0] / wanted) / math.log(_STEP)).astype(np.int64)
    found: NDArray[np.int64] = np.clip(places, 0, len(bets) - 1)
    return found
