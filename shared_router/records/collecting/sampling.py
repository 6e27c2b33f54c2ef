"""A few prompts that stand for many: some of every cluster, so that few grades cover the traffic."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_seed, shown
from shared_router.errors import InvalidInputError

_ROUNDS = 20


def sample_over_clusters(vectors: NDArray[np.float32], k: int, *, seed: int = 0) -> NDArray[np.int64]:
    """Choose prompts, of each cluster as many as its share of all.

    The prompts are parted into about sqrt(k) clusters by k-means; each gives its share of k, rounded so that
    the shares add up to k, drawn by chance inside it.

    Args:
        vectors: The prompts' embeddings, shape (n, d).
        k: How many to choose, in [1, n].
        seed: Decides the clusters and the draw.

    Returns:
        Places of the chosen, shape (k,), ascending, none twice.

    Raises:
        InvalidInputError: If k or the seed is out of its range.
    """
    if not 1 <= k <= len(vectors):
        raise InvalidInputError(f"a sample must be of 1 to {len(vectors)} prompts, got {shown(k)}")
    check_seed(seed)
    rng = np.random.default_rng(seed)
    member = _clusters(vectors.astype(np.float64), max(1, round(k**0.5)), rng)
    sizes = np.bincount(member)
    exact = sizes * (k / len(vectors))
    quota = np.floor(exact).astype(np.int64)
    # the largest remainders get what rounding down left over
    quota[np.argsort(quota - exact, kind="stable")[: k - int(quota.sum())]] += 1
    chosen = [
        rng.permutation(np.flatnonzero(member == cluster))[:wanted] for cluster, wanted in enumerate(quota)
    ]
    return np.sort(np.concatenate(chosen)).astype(np.int64)


def _clusters(rows: NDArray[np.float64], n_clusters: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Part rows by k-means (Lloyd), begun at rows drawn far from one another (k-means++)."""
    centres = rows[[int(rng.integers(len(rows)))]]
    for _ in range(n_clusters - 1):
        far = _distances(rows, centres).min(axis=1)
        if not far.any():
            break  # fewer distinct prompts than clusters
        centres = np.vstack([centres, rows[rng.choice(len(rows), p=far / far.sum())]])
    for _ in range(_ROUNDS):
        member = _distances(rows, centres).argmin(axis=1)
        moved = np.array(
            [
                rows[member == c].mean(axis=0) if (member == c).any() else centre
                for c, centre in enumerate(centres)
            ]
        )
        if np.allclose(moved, centres):
            break
        centres = moved
    nearest: NDArray[np.int64] = _distances(rows, centres).argmin(axis=1)
    return nearest


def _distances(rows: NDArray[np.float64], centres: NDArray[np.float64]) -> NDArray[np.float64]:
    squared: NDArray[np.float64] = (
        (rows**2).sum(axis=1)[:, None] - 2 * rows @ centres.T + (centres**2).sum(axis=1)
    )
    return squared.clip(min=0)
