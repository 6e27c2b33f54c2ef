"""Grow extremely randomised trees with numpy: all trees at once, a level at a time.

After Geurts, Ernst and Wehenkel (2006): a node tries a few columns, each cut at a random place, and keeps the
cut that leaves the least squared error. A cut lies between the values of two random rows of the node, so that
no column's scale or outliers matter. A tree sees a part of the groups of rows alone, and what the others say
of a row is a held-out prediction at no further cost.

Left out: other losses, missing values, categories, pruning.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError, InvalidInputError
from shared_router.learners.trees import LEAF_THRESHOLD, MAX_DEPTH, Trees

Floats = NDArray[np.float64]
Places = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Growing:
    """How trees are grown.

    Attributes:
        n_trees: How many, >= 1.
        max_depth: How many questions a row is asked at most, in [1, 64].
        min_leaf: How many rows a leaf has at least, >= 1.
        n_cuts: How many cuts a node tries, >= 1.
        seen: The share of the groups that a tree sees, in (0, 1).
        max_rows: How many rows a tree sees at most, so that many rows take no longer, >= 2.
        seed: Draws all of it.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    n_trees: int = 100
    max_depth: int = 8
    min_leaf: int = 5
    n_cuts: int = 24
    seen: float = 0.67
    max_rows: int = 4096
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every range."""
        for name, least in (
            ("n_trees", 1),
            ("max_depth", 1),
            ("min_leaf", 1),
            ("n_cuts", 1),
            ("max_rows", 2),
        ):
            if not getattr(self, name) >= least:
                raise InvalidInputError(f"{name} must be >= {least}, got {getattr(self, name)!r}")
        if self.max_depth > MAX_DEPTH or not 0 < self.seen < 1:
            raise InvalidInputError(f"max_depth must be <= {MAX_DEPTH} and seen in (0, 1)")


@dataclass(frozen=True)
class Grown:
    """Trees, and what they say of the rows they were grown on.

    Attributes:
        trees: The trees.
        unseen: For each row the mean of the trees that did not see it or its group, shape (n,); the mean of
            the targets where every tree did.
    """

    trees: Trees
    unseen: Floats


def grow_trees(
    rows: NDArray[np.float32],
    targets: Floats,
    *,
    weights: Floats | None = None,
    groups: Places | None = None,
    growing: Growing | None = None,
) -> Grown:
    """Grow trees that foretell the targets.

    Args:
        rows: Shape (n, d), finite, within 1e6.
        targets: Shape (n,), finite.
        weights: How much each row counts, shape (n,), > 0; None counts each once.
        groups: Which rows a tree sees together or not at all, shape (n,), numbers from 0 on; None takes each
            row by itself.
        growing: How; None takes the defaults.

    Returns:
        The trees and the held-out predictions.

    Raises:
        DataError: If there are fewer than two rows, or one is not finite.
    """
    if len(rows) < 2 or not np.isfinite(rows).all() or not np.isfinite(targets).all():
        raise DataError(f"trees must have two rows or more, all finite, got {len(rows)}")
    growing = Growing() if growing is None else growing
    weights = np.ones(len(rows)) if weights is None else weights
    groups = np.arange(len(rows)) if groups is None else groups
    rng = np.random.default_rng(growing.seed)
    seen = _drawn(groups, growing, rng)
    base = float(np.average(targets, weights=weights))
    # rows of a column side by side: a cut reads one column
    level = _Level(rows.T.astype(np.float32), targets - base, weights, seen, growing, rng)
    for _ in range(growing.max_depth):
        if not level.split():
            break
    trees = level.trees(base, rows.shape[1])
    return Grown(trees, _unseen(trees, rows, seen, base))


def _drawn(groups: Places, growing: Growing, rng: np.random.Generator) -> NDArray[np.bool_]:
    """Return which rows each tree sees, shape (T, n)."""
    n_groups = int(groups.max()) + 1
    share = min(growing.seen, growing.max_rows / len(groups))
    n_seen = min(max(1, round(share * n_groups)), max(1, n_groups - 1))
    seen = np.zeros((growing.n_trees, n_groups), dtype=bool)
    for tree in seen:
        tree[rng.permutation(n_groups)[:n_seen]] = True
    return seen[:, groups]


class _Level:
    """The nodes of all trees that may be split next, and the rows in each, node by node."""

    def __init__(
        self,
        columns: NDArray[np.float32],
        targets: Floats,
        weights: Floats,
        seen: NDArray[np.bool_],
        growing: Growing,
        rng: np.random.Generator,
    ) -> None:
        self._columns, self._targets, self._weights = columns, targets, weights
        self._growing, self._rng = growing, rng
        self._rows = np.nonzero(seen)[1]
        self._sizes = seen.sum(axis=1)
        self._places = np.arange(len(seen))  # of the nodes that are open
        self._n_trees = len(seen)
        n = len(seen)
        self._features, self._thresholds = np.zeros(n, np.int32), np.full(n, LEAF_THRESHOLD, np.float32)
        self._left, self._values = np.arange(n, dtype=np.int32), self._means()
        self._depth = 0

    def split(self) -> bool:
        """Split the open nodes that a cut makes better, open their children, say if there are any."""
        gain, feature, threshold = self._best_cuts()
        chosen = np.flatnonzero(gain > 1e-12)
        if not len(chosen):
            return False
        kept = np.repeat(np.isin(np.arange(len(self._sizes)), chosen), self._sizes)
        node = np.repeat(np.arange(len(self._sizes)), self._sizes)[kept]
        rows = self._rows[kept]
        right = self._columns[feature[node], rows] > threshold[node]
        rank = np.searchsorted(chosen, node)
        order = np.argsort(2 * rank + right, kind="stable")
        n_known = len(self._left)
        parents = self._places[chosen]
        self._features[parents], self._thresholds[parents] = feature[chosen], threshold[chosen]
        self._left[parents] = n_known + 2 * np.arange(len(chosen))
        self._rows = rows[order]
        self._sizes = np.bincount(2 * rank + right, minlength=2 * len(chosen))
        self._places = n_known + np.arange(2 * len(chosen))
        self._features = np.append(self._features, np.zeros(2 * len(chosen), np.int32))
        leaves = np.full(2 * len(chosen), LEAF_THRESHOLD, np.float32)
        self._thresholds = np.append(self._thresholds, leaves)
        self._left = np.append(self._left, self._places.astype(np.int32))
        self._values = np.append(self._values, self._means())
        self._depth += 1
        return True

    def trees(self, base: float, n_features: int) -> Trees:
        """Return what was grown, with `base` added to every value."""
        roots = np.arange(self._n_trees, dtype=np.int32)
        values = (self._values + base).astype(np.float32)
        return Trees(roots, self._features, self._thresholds, self._left, values, self._depth, n_features)

    def _means(self) -> Floats:
        starts = np.cumsum(self._sizes) - self._sizes
        weights = self._weights[self._rows]
        means: Floats = np.add.reduceat(weights * self._targets[self._rows], starts) / np.add.reduceat(
            weights, starts
        )
        return means

    def _best_cuts(self) -> tuple[Floats, NDArray[np.int32], NDArray[np.float32]]:
        """Try cuts of every open node, and return what the best gains, its column and place."""
        n_nodes, rng = len(self._sizes), self._rng
        starts = np.cumsum(self._sizes) - self._sizes
        node = np.repeat(np.arange(n_nodes), self._sizes)
        weights = self._weights[self._rows]
        weighted = weights * self._targets[self._rows]
        all_weight, all_sum = np.bincount(node, weights, n_nodes), np.bincount(node, weighted, n_nodes)
        whole = all_sum**2 / all_weight
        best = np.zeros(n_nodes)
        features, thresholds = np.zeros(n_nodes, np.int32), np.zeros(n_nodes, np.float32)
        for _ in range(self._growing.n_cuts):
            feature = rng.integers(0, len(self._columns), n_nodes, dtype=np.int32)
            picked = [self._rows[starts + (rng.random(n_nodes) * self._sizes).astype(np.intp)] for _ in "ab"]
            ends = [self._columns[feature, rows] for rows in picked]
            threshold = ends[0] + (ends[1] - ends[0]) * rng.random(n_nodes, dtype=np.float32)
            goes_left = self._columns[feature[node], self._rows] <= threshold[node]
            n_left = np.bincount(node, goes_left, n_nodes)
            weight = np.bincount(node, weights * goes_left, n_nodes)
            total = np.bincount(node, weighted * goes_left, n_nodes)
            allowed = np.minimum(n_left, self._sizes - n_left) >= self._growing.min_leaf
            with np.errstate(divide="ignore", invalid="ignore"):
                gain = total**2 / weight + (all_sum - total) ** 2 / (all_weight - weight) - whole
            better = allowed & (gain > best)
            best[better], features[better] = gain[better], feature[better]
            thresholds[better] = threshold[better]
        return best, features, thresholds


def _unseen(trees: Trees, rows: NDArray[np.float32], seen: NDArray[np.bool_], base: float) -> Floats:
    found = np.empty(len(rows))
    step = max(1, (1 << 20) // len(trees.roots))
    for start in range(0, len(rows), step):
        part = slice(start, start + step)
        says = trees.values.take(trees.leaves(rows[part])).astype(np.float64)
        others = ~seen[:, part].T
        n_others = others.sum(axis=1)
        total = (says * others).sum(axis=1)
        found[part] = np.where(n_others > 0, total / np.maximum(n_others, 1), base)
    return found
