"""How near texts are to others, by the largest cosine; and a few hundred centres to stand for many texts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.components import unit_rows

N_CENTROIDS = 256
_SAMPLE, _ROUNDS = 4096, 8
_BLOCK = 1024


def largest_cosines(rows: NDArray[np.float32], known: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return each row's largest cosine to a known one, shape (n,), in [-1, 1].

    Args:
        rows: Embeddings, shape (n, d).
        known: Those to be near to, shape (k, d), k >= 1.
    """
    columns = np.ascontiguousarray(unit_rows(known.astype(np.float32)).T)
    found = np.empty(len(rows))
    for start in range(0, len(rows), _BLOCK):
        found[start : start + _BLOCK] = (unit_rows(rows[start : start + _BLOCK]) @ columns).max(axis=1)
    return found


def centroids(rows: NDArray[np.float32], *, seed: int = 0) -> NDArray[np.float16]:
    """Return unit vectors that stand for many: spherical k-means on at most 4,096 of them.

    Where there are no more than 256, they are the rows themselves.

    Args:
        rows: Embeddings, shape (n, d), n >= 1.
        seed: Draws the sample and the first centres.

    Returns:
        Shape (min(n, 256), d).
    """
    rng = np.random.default_rng(seed)
    points = unit_rows(rows[np.sort(rng.permutation(len(rows))[:_SAMPLE])])
    centers = points[np.sort(rng.permutation(len(points))[:N_CENTROIDS])]
    if len(points) > len(centers):
        for _ in range(_ROUNDS):
            nearest = (points @ centers.T).argmax(axis=1)
            sums = np.zeros_like(centers)
            np.add.at(sums, nearest, points)
            centers = np.where(np.bincount(nearest, minlength=len(centers))[:, None] > 0, sums, centers)
            centers = unit_rows(centers)
    return centers.astype(np.float16)
