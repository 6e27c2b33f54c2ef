"""What a router tells of a training prompt near a query: where it stood and how it ended, not its text."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_whole


@dataclass(frozen=True, slots=True)
class Neighbor:
    """One training prompt near a query.

    Attributes:
        row: Its place among the distinct prompts that were learned from, from 0.
        similarity: Its cosine with the query, in [-1, 1].
        strong_won: The share of its comparisons that the strong model won, in [0, 1].
    """

    row: int
    similarity: float
    strong_won: float


def nearest(similarities: NDArray[np.float32], strong_won: NDArray[np.float64], n: int) -> list[Neighbor]:
    """Return the n most similar prompts, the nearest first; all where there are fewer.

    Args:
        similarities: Each prompt's cosine with the query, shape (m,).
        strong_won: The share that the strong model won of each, shape (m,).
        n: How many, >= 1.

    Raises:
        InvalidInputError: If n is no such number.
    """
    check_whole("n", n, least=1)
    rows = np.argsort(-similarities, kind="stable")[:n]
    return [Neighbor(int(row), float(similarities[row]), float(strong_won[row])) for row in rows]
