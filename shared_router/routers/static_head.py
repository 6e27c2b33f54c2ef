"""What the static router has learned: the numbers of its formula, which `routers.static` gives."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

_CHUNK = 256
"""Rows whose kernel is held at once: 256 x 512 numbers are 1 MB, which stays in a processor's cache."""

_SAFE_EXPONENT = 300


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
        # in doubles a query alone and in a batch differ by 1e-15 and not by 1e-6
        wide = rows.astype(np.float64)
        if len(wide) == 1 and (square := float(wide[0].dot(wide[0]))) < self._safe_square:
            return np.array([self._of_one(wide[0], square)])
        parts = [wide[start : start + _CHUNK] for start in range(0, len(wide), _CHUNK)]
        return np.concatenate([self._of_many(part) for part in parts]) if parts else np.zeros(0)

    def _of_one(self, row: NDArray[np.float64], square: float) -> float:
        # each call of numpy costs a microsecond, and those of `_of_many` more than what they compute
        near, odds, rates = np.exp(self._columns.dot(row)).dot(self._sums).tolist()
        constant, by_subject, by_likeness = self._coefficients
        likeness = near * math.exp(-self.gamma * square)
        z = constant + by_subject * rates / odds + by_likeness * likeness
        return 0.5 * (1 + math.tanh(z / 2))

    def _of_many(self, rows: NDArray[np.float64]) -> NDArray[np.float64]:
        products = rows @ self._columns.T  # (n, A + S): likeness to anchors, then the subjects' logits
        logits = products[:, len(self.anchors) :]
        logits -= (logits + self.subject_bias).max(axis=1, keepdims=True)
        odds, rates = (np.exp(logits) @ self._sums[len(self.anchors) :, 1:]).T
        constant, by_subject, by_likeness = self._coefficients
        # whole distances before the exponential: none overflows, however long a row or an anchor is
        near = products[:, : len(self.anchors)]
        near -= self.gamma * (rows * rows).sum(axis=1, keepdims=True)
        near -= self._squares
        likeness = np.exp(np.minimum(near, 0, out=near), out=near) @ self._likeness_weights
        z = constant + by_subject * rates / odds + by_likeness * likeness
        p: NDArray[np.float64] = 0.5 * (1 + np.tanh(z / 2))  # the sigmoid, without overflow
        return p

    # gamma |x - a|^2 = gamma |x|^2 + gamma |a|^2 - 2 gamma x.a, and what does not depend on the query is
    # multiplied once
    @cached_property
    def _columns(self) -> NDArray[np.float64]:
        """What a query is multiplied with, shape (A + S, d)."""
        anchors = 2 * self.gamma * self.anchors.astype(np.float64)
        return np.concatenate([anchors, self.subject_weights.astype(np.float64).T])

    @cached_property
    def _sums(self) -> NDArray[np.float64]:
        """What sums the anchors' likeness, the subjects' odds and those times rates, shape (A + S, 3)."""
        n_anchors, rates = len(self.anchors), self.subject_rates
        sums = np.zeros((n_anchors + len(rates), 3))
        sums[:n_anchors, 0] = self._likeness_weights * np.exp(-self._squares)
        sums[n_anchors:, 1] = np.exp(self.subject_bias.astype(np.float64))
        sums[n_anchors:, 2] = sums[n_anchors:, 1] * rates
        return sums

    @cached_property
    def _squares(self) -> NDArray[np.float64]:
        """`gamma |a|^2` of each anchor, shape (A,)."""
        squares: NDArray[np.float64] = self.gamma * (self.anchors.astype(np.float64) ** 2).sum(axis=1)
        return squares

    @cached_property
    def _likeness_weights(self) -> NDArray[np.float64]:
        return self.anchor_weights.astype(np.float64)

    @cached_property
    def _safe_square(self) -> float:
        """The squared length up to which a row's exponentials stay numbers, whatever way it points."""
        return float(_SAFE_EXPONENT**2 / np.square(self._columns).sum(axis=1).max(initial=1e-9))

    @cached_property
    def _coefficients(self) -> tuple[float, float, float]:
        constant, by_subject, by_likeness = self.coefficients.tolist()
        return constant, by_subject, by_likeness
