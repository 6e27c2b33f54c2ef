"""A few numbers of each prompt to spread a choice over: what it is about, how long it is, how it scores."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError

DIRECTIONS = 8
"""How many directions of the prompts' spread are kept: more than a hundred grades can teach are noise."""

_WEIGHT = 0.3
"""How far length and score weigh beside an embedding of length 1."""

_CLIP = 1e-3

Floats = NDArray[np.float64]


def describe(
    vectors: NDArray[np.floating],
    lengths: Sequence[int],
    win_probabilities: NDArray[np.floating] | None = None,
    *,
    directions: int = DIRECTIONS,
) -> Floats:
    """Return what a choice of prompts is made by.

    Embeddings, the logarithm of the length and the log odds that a router gives are put side by side; of that
    the directions in which the prompts differ most are kept, each scaled to the same spread.

    Args:
        vectors: The prompts' embeddings, shape (n, d).
        lengths: Their lengths in characters, n numbers >= 0.
        win_probabilities: What a router says of them, shape (n,), in [0, 1]; None leaves that out.
        directions: How many numbers to keep of each at most, >= 1.

    Returns:
        Shape (n, at most `directions`), with mean square 1 over the rows' sums of squares.

    Raises:
        InvalidInputError: If the shapes do not fit, or a number is not finite.
    """
    embedded = vectors.astype(np.float64)
    columns = [embedded, _scaled(np.log1p(np.asarray(lengths, dtype=np.float64)))]
    if win_probabilities is not None:
        chance = np.clip(np.asarray(win_probabilities, dtype=np.float64), _CLIP, 1 - _CLIP)
        columns.append(_scaled(np.log(chance / (1 - chance))))
    n = len(embedded)
    if any(len(column) != n or not np.isfinite(column).all() for column in columns):
        raise InvalidInputError(f"every prompt of {n} must have finite numbers, and some have none")
    columns[0] = embedded / np.maximum(np.linalg.norm(embedded, axis=1, keepdims=True), 1e-12)
    side_by_side = np.column_stack(columns)
    centred = side_by_side - side_by_side.mean(axis=0)
    values, axes = np.linalg.eigh(centred.T @ centred / max(len(centred), 1))
    largest = np.argsort(-values)[:directions]
    kept = largest[values[largest] > 1e-9]
    if not len(kept):  # all prompts are alike
        return np.zeros((n, 1))
    # an axis may point either way, which no choice depends on: the criterion is even in each
    spread: Floats = centred @ axes[:, kept] / np.sqrt(values[kept] * len(kept))
    return spread


def _scaled(values: Floats) -> Floats:
    spread = values.std()
    scaled: Floats = _WEIGHT * (values - values.mean()) / (spread if spread > 1e-9 else 1.0)
    return scaled
