"""What the static router has learned: the numbers of its formula, which `routers.static` gives."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_CHUNK = 256
"""Rows whose kernel is held at once: 256 x 512 numbers are 1 MB, which stays in a processor's cache."""


@dataclass(frozen=True)
class StaticHead:
    """The learned numbers, d wide, for S subjects and A anchors.

    Attributes:
        subject_weights: `W`, float16, shape (d, S).
        subject_bias: `c`, float32, shape (S,).
        subject_rates: `r`, float32, shape (S,), each in [0, 1].
        anchors: `x_a`, float16, shape (A, d).
        anchor_weights: `alpha`, float32, shape (A,).
        coefficients: `b`, float64, shape (3,).
        gamma: The kernel's width, > 0.
    """

    subject_weights: NDArray[np.float16]
    subject_bias: NDArray[np.float32]
    subject_rates: NDArray[np.float32]
    anchors: NDArray[np.float16]
    anchor_weights: NDArray[np.float32]
    coefficients: NDArray[np.float64]
    gamma: float

    def win_probability(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return p of n embeddings, shape (n,), each in (0, 1)."""
        if len(rows) <= _CHUNK:
            return self._win_probability(rows)
        return np.concatenate(
            [self._win_probability(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)]
        )

    def _win_probability(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        # in doubles a query alone and in a batch differ by 1e-15 and not by 1e-6
        wide = rows.astype(np.float64)
        products = wide @ self._columns  # (n, A + S): likeness to anchors, then the subjects' logits
        logits = products[:, len(self.anchors) :]
        logits += self.subject_bias
        logits -= logits.max(axis=1, keepdims=True)
        near, odds, rates = (np.exp(products, out=products) @ self._sums).T
        constant, by_subject, by_likeness = self.coefficients.tolist()
        likeness = near * np.exp(-self.gamma * (wide * wide).sum(axis=1))
        z = constant + by_subject * rates / odds + by_likeness * likeness
        p: NDArray[np.float64] = 0.5 * (1 + np.tanh(z / 2))  # the sigmoid, without overflow
        return p

    # gamma |x - a|^2 = gamma |x|^2 + gamma |a|^2 - 2 gamma x.a, and what does not depend on the query is
    # multiplied once
    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """What a query is multiplied with, shape (d, A + S)."""
        anchors = 2 * self.gamma * self.anchors.astype(np.float64)
        return np.concatenate([anchors.T, self.subject_weights.astype(np.float64)], axis=1)

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """What sums the anchors' likeness, the subjects' odds and those times rates, shape (A + S, 3)."""
        n_anchors, rates = len(self.anchors), self.subject_rates
        squares = (self.anchors.astype(np.float64) ** 2).sum(axis=1)
        sums = np.zeros((n_anchors + len(rates), 3))
        sums[:n_anchors, 0] = self.anchor_weights * np.exp(-self.gamma * squares)
        sums[n_anchors:, 1] = 1
        sums[n_anchors:, 2] = rates
        return sums
