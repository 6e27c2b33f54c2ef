"""A kernel as a few hundred features: what a row has in common with some of the rows that were learned from.

The Nystrom method (Williams and Seeger, 2001): with anchors `a` and `k(x, a) = exp(-gamma |x - a|^2)`, the
features `phi(x) = k(x, A) R` with `R R^T = k(A, A)^-1` have the kernel as their product, exactly where the
anchors are all rows there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_JITTER = 1e-4
"""Added to the anchors' own kernel: rows that are nearly the same must not make it singular."""


@dataclass(frozen=True)
class KernelBasis:
    """A Gaussian kernel over some anchors.

    Attributes:
        anchors: Shape (m, d), kept as they are served: half precision.
        gamma: The kernel's width, > 0; larger looks at nearer rows only.
    """

    anchors: NDArray[np.float16]
    gamma: float

    @classmethod
    def drawn(cls, rows: NDArray[np.float32], *, gamma: float, most: int, seed: int) -> KernelBasis:
        """Take some of the rows as anchors, at most `most`, all where there are no more."""
        chosen = np.sort(np.random.default_rng(seed).permutation(len(rows))[:most])
        return cls(rows[chosen].astype(np.float16), gamma)

    def near(self, rows: NDArray[np.float32]) -> Floats:
        """Return the kernel of n rows and the anchors, shape (n, m), each in (0, 1]."""
        wide = rows.astype(np.float64)
        near: Floats = wide @ self.columns
        near -= self.gamma * (wide * wide).sum(axis=1)[:, None]
        near -= self.squares
        return np.exp(np.minimum(near, 0.0, out=near), out=near)

    def features(self, rows: NDArray[np.float32]) -> Floats:
        """Return phi of n rows, shape (n, m)."""
        return self.near(rows) @ self._root

    def anchor_weights(self, coefficients: Floats) -> Floats:
        """Return the weights over `near` that say what these coefficients say over `features`, shape (m,)."""
        weights: Floats = self._root @ coefficients
        return weights

    @cached_property
    def _root(self) -> Floats:
        own = self.near(self.anchors.astype(np.float32))
        lower = np.linalg.cholesky(own + _JITTER * np.eye(len(own)))
        root: Floats = np.linalg.inv(lower).T
        return root

    # -gamma |x - a|^2 = 2 gamma x.a - gamma |x|^2 - gamma |a|^2, and what does not depend on the row is
    # multiplied once
    @cached_property
    def columns(self) -> Floats:
        """What a row is multiplied with, shape (d, m)."""
        columns: Floats = 2 * self.gamma * self.anchors.astype(np.float64).T
        return np.ascontiguousarray(columns)

    @cached_property
    def squares(self) -> Floats:
        """What is taken off for each anchor's own length, shape (m,)."""
        squares: Floats = self.gamma * (self.anchors.astype(np.float64) ** 2).sum(axis=1)
        return squares
