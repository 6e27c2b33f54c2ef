"""Tiers: models of like strength taken as one, so that few battles per model suffice (paper, section 3.1).

Models are rated on all battles and cut into tiers so that the ratings vary least within them. RouteLLM's
`compute_tiers` minimises the same sum, but may leave a tier empty: it lets one model be split into several
tiers at no cost.
"""

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import InvalidInputError


def group_ratings(ratings: NDArray[np.float64], n_tiers: int) -> NDArray[np.int64]:
    """Cut models into tiers so that the variances within the tiers sum to the least.

    Ratings 9, 8, 1 in two tiers: {9, 8} and {1} cost 0.25 + 0, {9} and {8, 1} cost 0 + 12.25.

    Args:
        ratings: The models' ratings in any order and on any scale, shape (K,).
        n_tiers: How many tiers, in [1, K]; none stays empty.

    Returns:
        Each model's tier, shape (K,), in [0, n_tiers); tier 0 holds the best.

    Raises:
        InvalidInputError: If there are not that many models.
    """
    k = len(ratings)
    if not 1 <= n_tiers <= k:
        raise InvalidInputError(f"n_tiers must be in [1, {k}], the number of models, got {shown(n_tiers)}")
    order = np.argsort(-ratings, kind="stable")
    spread = _variances(ratings[order])
    least = spread[0]  # [end]: cost of the models 0..end in the tiers so far
    cuts = []
    for _ in range(1, n_tiers):
        # costs[end, last]: models 0..last in the tiers so far, last+1..end in a new one
        costs = np.full((k, k), np.inf)
        costs[1:, :-1] = least[:-1] + spread[1:, 1:].T
        cuts.append(costs.argmin(axis=1))
        least = costs.min(axis=1)
    tiers = np.zeros(k, dtype=np.int64)
    end = k - 1
    for tier in range(n_tiers - 1, 0, -1):
        last = int(cuts[tier - 1][end])
        tiers[order[last + 1 : end + 1]] = tier
        end = last
    return tiers


def _variances(ranked: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the variance of every run of ranked[start..end], infinite where it would be empty."""
    k = len(ranked)
    spread = np.full((k, k), np.inf)
    for start in range(k):
        run = ranked[start:] - ranked[start]  # shifted, so that sums of squares do not cancel
        sizes = np.arange(1, k - start + 1)
        means = np.cumsum(run) / sizes
        spread[start, start:] = np.maximum(np.cumsum(run * run) / sizes - means * means, 0.0)
    return spread
