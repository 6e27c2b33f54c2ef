"""Battles of one strong and one weak side as labels, with ties read one way by name.

The paper leaves ties to the router: its similarity-weighted ranking counts half a win each way (`"half"`),
its matrix factorization leaves them out (`"drop"`), and its question, whether the strong model is
preferred, is answered no by a tie (`"weak"`): the weak model will do.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice
from shared_router.errors import DataError
from shared_router.preferences.data import PreferenceData, check_preferences

Ties = Literal["half", "weak", "drop"]
ClassWeights = Literal["balanced"]
WIN_SHARES = {"a": 1.0, "tie": 0.5, "b": 0.0}
"""The share of the win that `model_a` takes, by who won."""


@dataclass(frozen=True, slots=True)
class WinLabels:
    """What each battle teaches: n labels for binary cross-entropy, hard or soft.

    Attributes:
        rows: Where each battle stands in the preference data, shape (n,).
        wins: The share of the win that `model_a` took, shape (n,), each in [0, 1].
        weights: How much each battle counts, shape (n,), each > 0.
    """

    rows: NDArray[np.int64]
    wins: NDArray[np.float64]
    weights: NDArray[np.float64]


def check_ties(ties: str) -> None:
    """Refuse a reading of ties that is none.

    Raises:
        InvalidInputError: If `ties` is not `"half"`, `"weak"` or `"drop"`.
    """
    check_choice("ties", ties, get_args(Ties))


def win_labels(
    preferences: PreferenceData, *, ties: Ties, class_weights: ClassWeights | None = None
) -> WinLabels:
    """Turn battles whose `model_a` is the strong side into labels.

    `tier_pair`, `from_correctness` and `battles_from_scores` with `pairs` give such battles.

    Args:
        preferences: The battles, strong side first.
        ties: `"half"` gives a tie the label 0.5, `"weak"` the label 0, `"drop"` leaves it out.
        class_weights: `"balanced"` weighs wins and losses so that both count half of the whole; a soft
            label is weighed on both its sides. None leaves the battles' own weights.

    Returns:
        The labels of the battles that count; their weights sum to what the battles' own did.

    Raises:
        InvalidInputError: If an option has no such name.
        DataError: If no battle counts, or all that do have one label, which tells no query from another.
    """
    check_preferences(preferences)
    check_ties(ties)
    check_choice("class_weights", class_weights, (None, *get_args(ClassWeights)))
    wins = np.array([WIN_SHARES[winner] for winner in preferences.winners], dtype=np.float64)
    tied = wins == 0.5
    rows = np.flatnonzero(~tied) if ties == "drop" else np.arange(len(wins))
    if ties == "weak":
        wins[tied] = 0.0
    wins = wins[rows]
    if len(wins) == 0:
        raise DataError(
            f'a router needs a battle to learn from, got {int(tied.sum())} ties and ties="{ties}"'
        )
    if np.all(wins == wins[0]):
        raise DataError(
            f'battles must not all end alike, and all {len(wins)} do with ties="{ties}"; '
            "add battles that end otherwise"
        )
    weights = np.ones(len(preferences)) if preferences.weights is None else np.asarray(preferences.weights)
    labels = WinLabels(rows, wins, weights.astype(np.float64)[rows])
    return labels if class_weights is None else _balanced(labels)


def _balanced(labels: WinLabels) -> WinLabels:
    won = labels.weights * labels.wins
    lost = labels.weights * (1 - labels.wins)
    half = labels.weights.sum() / 2
    won, lost = won * (half / won.sum()), lost * (half / lost.sum())
    return WinLabels(labels.rows, won / (won + lost), won + lost)
