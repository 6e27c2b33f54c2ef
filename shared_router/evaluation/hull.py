"""RouterBench's hull: the best quality each amount of money buys, and AIQ, its mean height.

Follows RouterBench (arXiv 2403.12031): the non-decreasing convex hull of a router's (cost, quality) points,
between which mixing at random reaches every point, and `AIQ = 1 / (c_max - c_min) * area under it`. Its code
divides by `c_max` instead, and so counts nothing below the cheapest model; the paper's form is used here,
because its value is a quality. The Zero router is the hull of the single models.
"""

from __future__ import annotations

import numpy as np

from shared_router.evaluation.pair import Floats


def hull(cost: Floats, quality: Floats) -> tuple[Floats, Floats]:
    """Return the corners of one non-decreasing convex hull.

    Args:
        cost: What each point costs, shape (k,).
        quality: What it reaches, shape (k,).

    Returns:
        Costs, rising, and qualities, not falling; the last at the largest cost there is.
    """
    steps = list(_corners(cost[:, None], quality[:, None]))
    corners_x, corners_y = (np.array([step[i][0] for step in steps]) for i in range(2))
    return corners_x, corners_y


def mean_height(cost: Floats, quality: Floats) -> Floats:
    """Return AIQ of each of B hulls.

    Args:
        cost: What each point costs, shape (k, B).
        quality: What it reaches, shape (k, B).

    Returns:
        The mean of the hull over the costs, shape (B,); the best quality where all points cost the same.
    """
    total = np.zeros(cost.shape[1])
    x, y = None, None
    for next_x, next_y in _corners(cost, quality):
        if x is not None and y is not None:
            total += (next_y + y) / 2 * (next_x - x)
        x, y = next_x, next_y
    width = cost.max(axis=0) - cost.min(axis=0)
    found: Floats = np.where(width > 0, total / np.where(width > 0, width, 1.0), quality.max(axis=0))
    return found


def _corners(cost: Floats, quality: Floats) -> list[tuple[Floats, Floats]]:
    """Return the corners of B hulls, one step a tuple; a hull that has ended repeats its last."""
    columns = np.arange(cost.shape[1])
    last = cost.max(axis=0)
    x = cost.min(axis=0)
    y = np.where(cost == x, quality, -np.inf).max(axis=0)
    found = [(x, y)]
    for _ in range(len(cost)):
        dearer = cost > x
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = np.where(dearer, (quality - y) / np.where(dearer, cost - x, 1.0), -np.inf)
        best = slope.argmax(axis=0)
        rises = slope[best, columns] > 0
        if not rises.any():
            break
        x = np.where(rises, cost[best, columns], x)
        y = np.where(rises, quality[best, columns], y)
        found.append((x, y))
    return [*found, (last, y)]
