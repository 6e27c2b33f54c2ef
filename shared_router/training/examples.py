"""Battles as examples: distinct queries, embedded, and how often the strong side won each."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.in_parts import embed_in_parts
from shared_router.errors import DataError
from shared_router.preferences.ties import Ties, win_labels

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Examples:
    """Distinct queries and how often the strong side won each.

    Attributes:
        rows: Their embeddings, shape (n, d).
        wins: The weighted share of wins, shape (n,), each in [0, 1].
        weights: How much each counts, shape (n,), mean 1.
        subjects: The subject of each, shape (n,).
    """

    rows: Floats
    wins: Floats
    weights: Floats
    subjects: NDArray[np.str_]

    def part(self, chosen: NDArray[Any]) -> Examples:
        """Return some of the examples."""
        return Examples(self.rows[chosen], self.wins[chosen], self.weights[chosen], self.subjects[chosen])


def examples_of(
    preferences: PreferenceData,
    subjects: Sequence[str] | None,
    *,
    embedder: Embedder,
    ties: Ties,
    progress: bool = False,
) -> Examples:
    """Embed the distinct queries of battles, with a bar where that is asked, and average their outcomes.

    Raises:
        DataError: If all battles end alike, or are about one query.
    """
    labels = win_labels(preferences, ties=ties)
    queries = np.array(preferences.queries, dtype=object)[labels.rows]
    distinct, first, member = np.unique(queries.astype(str), return_index=True, return_inverse=True)
    if len(distinct) < 2:  # none is left to learn from while it is held out
        raise DataError("battles must be about two queries or more, got one; add battles about others")
    weights = np.bincount(member, labels.weights)
    wins = np.bincount(member, labels.weights * labels.wins) / weights
    names = np.array([""] * len(preferences) if subjects is None else list(subjects), dtype=str)
    texts = [str(query) for query in distinct]
    rows = embed_in_parts(embedder, texts, progress=progress).astype(np.float64)
    return Examples(rows, wins, weights / weights.mean(), names[labels.rows[first]])
