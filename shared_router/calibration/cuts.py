"""Prompts from the lowest score up, and the threshold of each cut between two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.tie_break import tie_break

Floats = NDArray[np.float64]

LEAST_PLATEAU = 0.01
"""Scores that a smaller share of the prompts have in common are not worth a coin: they move together."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """n prompts in the order in which they go weak, and the n + 1 cuts between them.

    Cut k sends the first k weak and the others strong. Prompts of one score stand in the order of
    `tie_break` where more than `LEAST_PLATEAU` of all have it, and else no cut comes between them.

    Attributes:
        order: The prompts' places in the data, lowest score first, shape (n,).
        scores: Their scores, rising, shape (n,).
        coins: Their places among those of one score, in [0, 1), shape (n,); 0 outside plateaus.
        possible: Whether a threshold makes the cut, shape (n + 1,).
        seed: The coin's.
    """

    order: NDArray[np.int64] = field(repr=False)
    scores: Floats = field(repr=False)
    coins: Floats = field(repr=False)
    possible: NDArray[np.bool_] = field(repr=False)
    seed: int

    @classmethod
    def of(cls, scores: Floats, prompts: Sequence[str] | None, *, seed: int, split_ties: bool = True) -> Cuts:
        """Order prompts, those of one score by the coin that later requests are thrown.

        Args:
            scores: Win probabilities, shape (n,), n >= 1.
            prompts: The n prompts, whose hash is the coin; None throws it without them.
            seed: Which coin.
            split_ties: Whether the later rule throws that coin; else prompts of one score stay together.
        """
        if not split_ties:
            return cls._together(scores, seed)
        tied = _group_sizes(scores) > max(1, LEAST_PLATEAU * len(scores))
        coins = np.zeros(len(scores))
        if prompts is None:
            coins[tied] = np.random.default_rng(seed).random(int(tied.sum()))
        else:
            coins[tied] = [tie_break(prompts[row], seed=seed) for row in np.flatnonzero(tied).tolist()]
        return cls._ordered(scores, coins, seed)

    @classmethod
    def even(cls, scores: Floats, *, seed: int, split_ties: bool = True) -> Cuts:
        """Order prompts, those of one score as a coin spreads them on average: evenly.

        Args:
            scores: Win probabilities, shape (n,), n >= 1.
            seed: Which coin the threshold will name.
            split_ties: As in `of`.
        """
        if not split_ties:
            return cls._together(scores, seed)
        sizes = _group_sizes(scores)
        coins = np.zeros(len(scores))
        ranked = np.argsort(scores, kind="stable")
        firsts = np.searchsorted(scores[ranked], scores[ranked])
        coins[ranked] = (np.arange(len(scores)) - firsts + 0.5) / sizes[ranked]
        coins[sizes <= max(1, LEAST_PLATEAU * len(scores))] = 0
        return cls._ordered(scores, coins, seed)

    @classmethod
    def _together(cls, scores: Floats, seed: int) -> Cuts:
        found = cls._ordered(scores, np.zeros(len(scores)), seed)
        # a threshold is at most 1, so that by the plain rule a score of 1 always goes strong
        found.possible[-1] = scores.max() < 1
        return found

    @classmethod
    def _ordered(cls, scores: Floats, coins: Floats, seed: int) -> Cuts:
        order = np.lexsort((coins, scores))
        ranked, thrown = scores[order], coins[order]
        apart = (np.diff(ranked) > 0) | (np.diff(thrown) > 0)
        return cls(order, ranked, thrown, np.concatenate([[True], apart, [True]]), seed)

    def __len__(self) -> int:
        """Count the prompts."""
        return len(self.scores)

    def averaged(self, values: Floats) -> Floats:
        """Return values in this order, each the mean of those that have its score, shape (n,)."""
        ranked = values[self.order]
        firsts = np.flatnonzero(np.diff(self.scores, prepend=-1.0) > 0)
        sizes = np.diff(np.append(firsts, len(self)))
        means: Floats = np.repeat(np.add.reduceat(ranked, firsts) / sizes, sizes)
        return means

    def nearest(self, n_weak: float) -> int:
        """Return the possible cut nearest to a number of weak prompts; of two, the one that is dearer."""
        places = np.flatnonzero(self.possible)
        return int(places[np.abs(places - n_weak).argmin()])

    def threshold(self, cut: int) -> tuple[float, float]:
        """Return a possible cut's threshold and `tie_share`.

        The threshold is half way between the scores on both sides, so that a last bit decides nothing; 0
        sends all strong and 1 all weak.
        """
        if cut == 0:
            return 0.0, 1.0
        below = float(self.scores[cut - 1])
        if cut == len(self):
            return 1.0, float(below < 1)
        above = float(self.scores[cut])
        if below == above:
            return above, 1 - (float(self.coins[cut - 1]) + float(self.coins[cut])) / 2
        half_way = (below + above) / 2
        return (half_way if half_way > below else above), 1.0


def _group_sizes(scores: Floats) -> NDArray[np.int64]:
    """Return how many prompts have each prompt's score, shape (n,)."""
    _, group, sizes = np.unique(scores, return_inverse=True, return_counts=True)
    found: NDArray[np.int64] = sizes[group]
    return found
