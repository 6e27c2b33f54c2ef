"""Battles of one strong and one weak side, and what a tie among them teaches.

A transformer router serves one pair of sides. A side is a model or a tier of models: the paper trains on
every battle between its first two tiers and the third (section 4.1).
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from numbers import Real
from typing import TYPE_CHECKING, Literal, cast

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.preferences.pairs import tier_pair
from shared_router.preferences.rows import weight_fault

if TYPE_CHECKING:
    from shared_router.preferences.data import PreferenceData

Ties = Literal["class", "half", "weak", "drop"]
STRONG_WINS, TIE, WEAK_WINS = 0, 1, 2
"""The published checkpoint's labels."""
_NUMBERS = (Real, np.bool_)
_COLUMNS = {"a": STRONG_WINS, "tie": TIE, "b": WEAK_WINS}


@dataclass(frozen=True, slots=True)
class SideLabels:
    """What each battle between the two sides teaches.

    Attributes:
        queries: n texts. Not in the repr.
        shares: Shape (n, 3): how much a row counts as strong won, tied, weak won; each row sums to 1.
        weights: Shape (n,), how much a row counts, > 0.
    """

    queries: list[str] = field(repr=False)
    shares: NDArray[np.float32] = field(repr=False)
    weights: NDArray[np.float32] = field(repr=False)


def side(models: str | Collection[str]) -> tuple[str, ...]:
    """Return a side's models, sorted; a string is one model."""
    return (models,) if isinstance(models, str) else tuple(sorted(models))


def side_labels(
    preferences: PreferenceData, *, strong: Collection[str], weak: Collection[str], ties: Ties
) -> SideLabels:
    """Pick the battles between the two sides and say what each teaches.

    Args:
        preferences: Battles of any models; those within a side, or of others, are left out.
        strong: The strong side's models.
        weak: The weak side's models.
        ties: `"class"` keeps a tie as an outcome of its own, `"half"` counts it half for each side,
            `"weak"` as won by the weak side, and `"drop"` leaves it out.

    Returns:
        One row for each battle that is left, in order.

    Raises:
        InvalidInputError: If a model is on both sides.
        DataError: If no battle is left, all are ties, or all end alike.
    """
    battles = tier_pair(preferences, strong=strong, weak=weak)
    if all(winner == "tie" for winner in battles.winners):
        raise DataError("battles must have winners, got ties alone; nothing says which to prefer")
    if ties == "drop":
        battles = battles.select(i for i, winner in enumerate(battles.winners) if winner != "tie")
    shares = np.eye(3, dtype=np.float32)[[_COLUMNS[winner] for winner in battles.winners]]
    if ties in ("half", "weak"):
        tied = shares[:, TIE].copy()
        strong_part = 0.5 if ties == "half" else 0.0
        shares += tied[:, None] * np.array([strong_part, -1.0, 1.0 - strong_part], dtype=np.float32)
    if len(np.unique(shares, axis=0)) < 2:
        raise DataError(
            f"battles must have more than one outcome, got {len(battles)} of one; a router cannot learn from "
            "one class"
        )
    weights = np.ones(len(battles)) if battles.weights is None else np.asarray(battles.weights)
    return SideLabels(list(battles.queries), shares, weights.astype(np.float32))


def graded(
    queries: Sequence[str],
    strong_scores: Sequence[float],
    weak_scores: Sequence[float],
    weights: Sequence[float] | None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Check graded answers of both sides.

    Args:
        queries: n texts, none blank.
        strong_scores: How right the strong side was, n numbers in [0, 1].
        weak_scores: The same of the weak side.
        weights: How much each row counts, n numbers > 0; None counts each once.

    Returns:
        The grades, shape (n, 2), strong first, and the weights, shape (n,).

    Raises:
        DataError: If the lengths differ, a value breaks its rule, or all rows have the same grades.
    """
    if not len(queries) == len(strong_scores) == len(weak_scores):
        raise DataError(
            "queries, strong_scores and weak_scores must have one length, got "
            f"{len(queries)}, {len(strong_scores)} and {len(weak_scores)}"
        )
    counts = _checked_weights(queries, weights)
    for row, pair in enumerate(zip(strong_scores, weak_scores, strict=True)):
        for grade in pair:
            if not (isinstance(grade, _NUMBERS) and 0 <= grade <= 1):
                raise DataError(f"row {row}: a grade must be in [0, 1], got {_shown(grade)}")
    grades = np.array([strong_scores, weak_scores], dtype=np.float32).T.copy()
    if len(np.unique(grades, axis=0)) < 2:
        raise DataError("rows must differ in their grades; a router cannot learn from one class")
    return grades, counts


def soft_labels(
    queries: Sequence[str], labels: Sequence[float] | NDArray[np.float64], weights: Sequence[float] | None
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Check how likely each query needs the strong side.

    Args:
        queries: n texts, none blank.
        labels: n numbers in [0, 1].
        weights: How much each row counts, n numbers > 0; None counts each once.

    Returns:
        Shape (n, 3), as `SideLabels.shares`: the label, no ties, and the rest; and the weights, shape (n,).

    Raises:
        DataError: If the lengths differ, a value breaks its rule, or all labels are the same.
    """
    if isinstance(labels, tuple) and hasattr(labels, "_fields"):  # its length is that of (labels, t)
        raise DataError(
            f"labels must be one number a query, got {type(labels).__name__}, which holds t too; give its "
            "labels"
        )
    if len(queries) != len(labels):
        raise DataError(f"queries and labels must have one length, got {len(queries)} and {len(labels)}")
    counts = _checked_weights(queries, weights)
    for row, label in enumerate(cast("Sequence[float]", labels)):
        if not (isinstance(label, _NUMBERS) and 0 <= label <= 1):
            raise DataError(f"row {row}: a label must be P(strong needed) in [0, 1], got {_shown(label)}")
    needed = np.asarray(labels, dtype=np.float32)
    if len(np.unique(needed)) < 2:
        raise DataError(f"labels must differ; a router cannot learn from {len(needed)} that are all the same")
    return np.stack([needed, np.zeros_like(needed), 1 - needed], axis=1), counts


def scored(
    queries: Sequence[str], scores: Sequence[int], weights: Sequence[float] | None, *, n_scores: int
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Check scores of the weak side's answers.

    Args:
        queries: n texts, none blank.
        scores: n whole numbers from 1 to `n_scores`.
        weights: How much each row counts, n numbers > 0; None counts each once.
        n_scores: How many scores there are.

    Returns:
        Shape (n, n_scores), 1 in the column of each row's score, and the weights, shape (n,).

    Raises:
        DataError: If the lengths differ, a value breaks its rule, or all scores are the same.
    """
    if len(queries) != len(scores):
        raise DataError(f"queries and scores must have one length, got {len(queries)} and {len(scores)}")
    counts = _checked_weights(queries, weights)
    for row, score in enumerate(scores):
        if score not in range(1, n_scores + 1):
            raise DataError(
                f"row {row}: a score must be a whole number from 1 to {n_scores}, got {_shown(score)}"
            )
    if len(set(scores)) < 2:
        raise DataError("scores must differ; a router cannot learn from one class")
    return np.eye(n_scores, dtype=np.float32)[np.asarray(scores, dtype=np.int64) - 1], counts


def _checked_weights(queries: Sequence[str], weights: Sequence[float] | None) -> NDArray[np.float32]:
    if isinstance(queries, (str, bytes)):
        raise DataError(f"queries must be a list of texts, got one {type(queries).__name__}")
    counts = [1.0] * len(queries) if weights is None else weights
    if len(counts) != len(queries):
        raise DataError(f"weights must have one entry per query ({len(queries)}), got {len(counts)}")
    for row, (query, weight) in enumerate(zip(queries, counts, strict=True)):
        if not isinstance(query, str) or not query.strip():
            raise DataError(f"row {row}: a query must be text that is not blank")
        if wrong := weight_fault("a weight", weight):
            raise DataError(f"row {row}: {wrong}")
    return np.array(counts, dtype=np.float32)


def _shown(value: object) -> str:
    """Show a number, and of anything else, which may be a query, only its type."""
    return repr(value) if isinstance(value, _NUMBERS) else type(value).__name__
