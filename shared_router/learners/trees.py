"""Regression trees as plain arrays: any number of them, asked level by level with numpy.

What `grow` makes and a checkpoint keeps. A node's right child stands behind its left one, and both stand
behind the node, so that no walk can turn back; a leaf points at itself, so that all walks take as many steps.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]

MAX_DEPTH = 64
_BLOCK = 1 << 18
"""Walks that are made at once: a few megabytes."""

_DTYPES = {
    "roots": "int32",
    "features": "int32",
    "thresholds": "float32",
    "left": "int32",
    "values": "float32",
}


@dataclass(frozen=True)
class Trees:
    """T trees of N nodes in all; the mean of the leaves that a row reaches is what they say of it.

    Attributes:
        roots: Each tree's first node, int32, shape (T,).
        features: The column that a node looks at, int32, shape (N,), 0 for a leaf.
        thresholds: A row goes right where that column is larger, float32, shape (N,); the largest there is
            for a leaf.
        left: The node to go to else, int32, shape (N,); a leaf's own place.
        values: What a node says, float32, shape (N,); only leaves are asked.
        depth: How many steps lead to any leaf at most.
        n_features: How wide a row is.
    """

    roots: NDArray[np.int32]
    features: NDArray[np.int32]
    thresholds: NDArray[np.float32]
    left: NDArray[np.int32]
    values: NDArray[np.float32]
    depth: int
    n_features: int

    def predict(self, rows: NDArray[np.float32]) -> Floats:
        """Return the trees' mean for each row.

        Args:
            rows: Shape (n, `n_features`), finite.

        Returns:
            Shape (n,).
        """
        found = np.empty(len(rows))
        step = max(1, _BLOCK // len(self.roots))
        for start in range(0, len(rows), step):
            leaves = self.leaves(rows[start : start + step])
            found[start : start + step] = self.values.take(leaves).mean(axis=1, dtype=np.float64)
        return found

    def leaves(self, rows: NDArray[np.float32]) -> NDArray[np.intp]:
        """Return the leaf that each row reaches in each tree, shape (n, T)."""
        flat = np.ascontiguousarray(rows, dtype=np.float32).ravel()
        starts = (np.arange(len(rows)) * self.n_features)[:, None]
        features, left = self._places
        nodes = np.broadcast_to(self.roots.astype(np.intp), (len(rows), len(self.roots)))
        for _ in range(self.depth):
            columns = features.take(nodes)
            if len(rows) > 1:
                columns += starts
            larger = flat.take(columns) > self.thresholds.take(nodes)
            nodes = left.take(nodes)
            nodes += larger
        return nodes

    @cached_property
    def _places(self) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
        """Columns and children, wide: narrow ones would be widened at every step of every walk."""
        return self.features.astype(np.intp), self.left.astype(np.intp)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for a checkpoint."""
        return {name: getattr(self, name) for name in _DTYPES}

    @classmethod
    def from_tensors(cls, tensors: Mapping[str, NDArray[Any]], *, depth: int, n_features: int) -> Self:
        """Make trees of a checkpoint's arrays, which nobody vouches for.

        Args:
            tensors: What `tensors` returned.
            depth: As the attribute.
            n_features: As the attribute.

        Raises:
            ArtifactSchemaError: If they are no trees: another type or length, a child that is none or does
                not stand behind its parent, a column that no row has, or a leaf that is deeper than said.
        """
        if set(tensors) != set(_DTYPES) or any(
            tensors[name].dtype.name != dtype or tensors[name].ndim != 1 for name, dtype in _DTYPES.items()
        ):
            raise ArtifactSchemaError(f"trees must be the arrays {_DTYPES}, each of one dimension")
        if type(depth) is not int or not 0 <= depth <= MAX_DEPTH or type(n_features) is not int:
            raise ArtifactSchemaError(f"depth must be a whole number in [0, {MAX_DEPTH}], n_features one too")
        trees = cls(**{name: tensors[name] for name in _DTYPES}, depth=depth, n_features=n_features)
        trees._check()
        return trees

    def _check(self) -> None:
        n = len(self.left)
        if not n or not len(self.roots) or any(len(getattr(self, name)) != n for name in list(_DTYPES)[1:]):
            raise ArtifactSchemaError("trees must have a root, and as many of everything as nodes")
        if not (self.roots.min() >= 0 and self.roots.max() < n):
            raise ArtifactSchemaError(f"a root must be one of {n} nodes")
        if not (self.features.min() >= 0 and self.features.max() < self.n_features):
            raise ArtifactSchemaError(f"a node must look at one of {self.n_features} columns")
        leaf = self.left == np.arange(n)
        inner = np.flatnonzero(~leaf)
        if not ((self.left[inner] > inner) & (self.left[inner] < n - 1)).all():
            raise ArtifactSchemaError("a node's children must be two nodes that stand behind it")
        if not (self.thresholds[leaf] == LEAF_THRESHOLD).all():
            raise ArtifactSchemaError("a leaf must send no row on")
        reached = self.roots
        for _ in range(self.depth):
            children = self.left[reached]
            inside = children != reached
            reached = np.unique(np.concatenate([children[inside], children[inside] + 1, reached[~inside]]))
        if not leaf[reached].all():
            raise ArtifactSchemaError(f"a leaf must be at most {self.depth} steps from its root")


LEAF_THRESHOLD = np.float32(1e6)
"""No column is larger: rows are clipped, and a checkpoint holds nothing larger."""
