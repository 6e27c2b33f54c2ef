"""From comparisons of two answers to an order of all of them (LLM-Blender, arXiv 2306.02561, section 3.3).

`comparisons[i, j]` is the logit that answer i is better than j where i stands first: what a ranker says in
one order is not what it says in the other, so both count.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared_router.errors import InvalidInputError

Aggregation = Literal["max_logits", "max_wins", "bubble"]
"""`"max_logits"` adds all logits up, `"max_wins"` counts wins, `"bubble"` compares neighbours once."""

Reference = Literal["longest", "shortest", "median_length", "first", "last"]
"""Which answer the others are compared with: by its number of characters or its place."""

Compare = Callable[[Sequence[tuple[int, int]]], NDArray[np.float64]]
"""Pairs (first, second) to the logits that the first is better."""


def max_logits(comparisons: ArrayLike) -> NDArray[np.float64]:
    """Return each answer's mean over j of (M[i, j] - M[j, i]), shape (n,); as LLM-Blender, j = i counts too.

    Args:
        comparisons: M, shape (n, n); its diagonal is not read.
    """
    matrix = _checked(comparisons)
    scores: NDArray[np.float64] = (matrix - matrix.T).mean(axis=1)
    return scores


def max_wins(comparisons: ArrayLike) -> NDArray[np.float64]:
    """Return how many comparisons each answer wins, standing first or second, shape (n,).

    The paper's sum. LLM-Blender's code takes the mean of the wins in the second place, which all but
    forgets them. A logit of 0 is half a win, so that of two equal answers each wins one comparison of the
    two, as where a model sways by the order alone.

    Args:
        comparisons: Shape (n, n).
    """
    signs = np.sign(_checked(comparisons))
    wins: NDArray[np.float64] = (signs.sum(axis=1) - signs.sum(axis=0)) / 2 + len(signs) - 1
    return wins


def bubble(n: int, compare: Compare, *, seed: int = 0) -> tuple[int, ...]:
    """Return an order of n answers whose first is the best that 2(n - 1) comparisons find.

    One pass over a random order: each answer is compared with the best so far, in both orders, and the
    better one goes on. The others stand in the order in which they lost, latest first.

    Args:
        n: How many answers, >= 1.
        compare: Compares pairs.
        seed: Fixes the random order.
    """
    order = np.random.default_rng(seed).permutation(n).tolist()
    best, lost = order[0], []
    for other in order[1:]:
        forth, back = compare([(best, other), (other, best)])
        if forth - back <= 0:  # as LLM-Blender decides: of equals the later goes on
            lost.append(best)
            best = other
        else:
            lost.append(other)
    return (best, *reversed(lost))


def ranks(scores: ArrayLike) -> NDArray[np.int64]:
    """Return ranks from 1, the highest score's, shape (n,); equal scores share the better rank."""
    values = np.asarray(scores, dtype=np.float64)
    found: NDArray[np.int64] = 1 + (values[None, :] > values[:, None]).sum(axis=1)
    return found


def order_of(scores: ArrayLike) -> tuple[int, ...]:
    """Return the places of scores, best first; of equal ones the earlier place first."""
    return tuple(np.argsort(-np.asarray(scores, dtype=np.float64), kind="stable").tolist())


def reference_of(answers: Sequence[str], reference: Reference) -> int:
    """Return the place of the answer that the others are compared with."""
    lengths = [len(answer) for answer in answers]
    if reference == "longest":
        return lengths.index(max(lengths))
    if reference == "shortest":
        return lengths.index(min(lengths))
    if reference == "median_length":
        return sorted(range(len(answers)), key=lengths.__getitem__)[len(answers) // 2]
    return 0 if reference == "first" else len(answers) - 1


def passes(aggregation: Aggregation, n: int) -> int:
    """Return how many pairs a ranker reads to order n answers: n(n - 1), or 2(n - 1) for `"bubble"`."""
    return 2 * (n - 1) if aggregation == "bubble" else n * (n - 1)


def _checked(comparisons: ArrayLike) -> NDArray[np.float64]:
    matrix = np.array(comparisons, dtype=np.float64)
    if matrix.ndim != 2 or matrix.shape[0] != matrix.shape[1]:
        raise InvalidInputError(f"comparisons must be of shape (n, n), got {matrix.shape}")
    np.fill_diagonal(matrix, 0.0)
    return matrix
