"""Battles of any models as arrays: who fought, and what share of the win the first side took.

`preferences.ties` reads battles of one strong and one weak side; here are K models, either side first. A tie
read as `"weak"` goes to the worse model of the two: the one that takes the smaller share of its battles over
the whole data (of equals, the later name).
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.preferences.data import PreferenceData, check_preferences
from shared_router.preferences.ties import WIN_SHARES, Ties, check_ties


@dataclass(frozen=True, slots=True)
class EncodedBattles:
    """n battles among K models.

    Attributes:
        models: The models' names, sorted, K of them.
        rows: Where each battle stands in the preference data, shape (n,).
        first: The first model of each battle as an index into `models`, shape (n,).
        second: The second model of each battle, shape (n,).
        share: The share of the win the first model took, 0, 0.5 or 1, shape (n,).
        weights: How much each battle counts, shape (n,), > 0.
    """

    models: tuple[str, ...]
    rows: NDArray[np.int64]
    first: NDArray[np.int64]
    second: NDArray[np.int64]
    share: NDArray[np.float64]
    weights: NDArray[np.float64]

    def take(self, chosen: NDArray[np.bool_]) -> "EncodedBattles":
        """Return the chosen battles, by a mask of shape (n,)."""
        columns = (self.rows, self.first, self.second, self.share, self.weights)
        return EncodedBattles(self.models, *(column[chosen] for column in columns))  # type: ignore[arg-type]


def encode_battles(preferences: PreferenceData, *, ties: Ties) -> EncodedBattles:
    """Turn preference data into arrays, with ties read one way.

    Args:
        preferences: The battles.
        ties: `"half"`, `"weak"` or `"drop"`; see the module.

    Returns:
        The battles that count.

    Raises:
        InvalidInputError: If ties have no such reading.
        DataError: If there is no battle, nothing but ties to drop, or if all battles end alike, which tells
            no query from another.
    """
    check_preferences(preferences)
    check_ties(ties)
    n = len(preferences)
    if n == 0:
        raise DataError("a router needs at least one battle to learn from, got 0")
    names, sides = np.unique(
        np.array([*preferences.model_a, *preferences.model_b], dtype=np.str_), return_inverse=True
    )
    battles = EncodedBattles(
        models=tuple(names.tolist()),
        rows=np.arange(n),
        first=sides[:n],
        second=sides[n:],
        share=np.array([WIN_SHARES[winner] for winner in preferences.winners]),
        weights=np.ones(n) if preferences.weights is None else np.array(preferences.weights, np.float64),
    )
    tied = battles.share == 0.5
    if ties == "drop":
        if tied.all():
            raise DataError(f'ties="drop" needs a battle that is no tie, got {n} ties; see ties="half"')
        battles = battles.take(~tied)
    elif ties == "weak":
        rank = _ranks(battles)
        battles.share[tied] = rank[battles.first[tied]] > rank[battles.second[tied]]
    earlier = np.where(battles.first < battles.second, battles.share, 1 - battles.share)
    if (earlier == earlier[0]).all():
        raise DataError(
            f"battles must not all end alike, and all {len(earlier)} do; add battles that end otherwise"
        )
    return battles


def _ranks(battles: EncodedBattles) -> NDArray[np.int64]:
    """Rank the models by the share of the wins they took in all their battles, 0 the best."""
    k = len(battles.models)
    taken = np.bincount(battles.first, battles.weights * battles.share, k)
    taken += np.bincount(battles.second, battles.weights * (1 - battles.share), k)
    fought = np.bincount(battles.first, battles.weights, k) + np.bincount(battles.second, battles.weights, k)
    ranks = np.empty(k, dtype=np.int64)
    ranks[np.argsort(-taken / fought, kind="stable")] = np.arange(k)
    return ranks
