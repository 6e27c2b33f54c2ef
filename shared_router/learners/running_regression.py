"""A linear regression that learns one row at a time and forgets: two sums, and what they say.

    y = z . theta + noise,  noise ~ N(0, s^2),  theta ~ N(m, diag(1 / p))
    P = (diag(p) + sum w z z' / s^2)^-1,   theta^ = P (p m + sum w y z / s^2)

A row changes P and theta^ by the Sherman-Morrison formula, in steps that grow with the square of the columns.
Forgetting multiplies both sums by 1 - 1 / memory a row, and never the prior, so that what was learned long
ago fades towards what was believed before anything was. Sums of several processes are added.

Source: Li, Chu, Langford and Schapire, "A Contextual-Bandit Approach", WWW 2010 (the ridge sums of LinUCB);
Russac, Vernade and Cappe, "Weighted Linear Bandits for Non-Stationary Environments", NeurIPS 2019, for what
fades.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]

_MANY = 16
"""From so many rows at once on, the inverse made anew costs less than they do one by one."""
_BLOCK = 64
"""Forgetting, and the inverse made anew against rounding, wait for so many rows."""


@dataclass(frozen=True)
class Sums:
    """What rows leave behind.

    Attributes:
        count: How many rows, each by its weight and faded since.
        moments: The sum of z z', shape (d, d).
        products: The sum of y z, shape (d,).
    """

    count: float
    moments: Floats
    products: Floats

    @classmethod
    def none(cls, dim: int) -> Sums:
        """Return the sums of no row."""
        return cls(0.0, np.zeros((dim, dim)), np.zeros(dim))

    def __add__(self, other: Sums) -> Sums:
        return Sums(self.count + other.count, self.moments + other.moments, self.products + other.products)

    def faded(self, factor: float) -> Sums:
        """Return the sums with every row weighing `factor` of what it did."""
        return Sums(self.count * factor, self.moments * factor, self.products * factor)


def check_memory(memory: object) -> None:
    """Check after how many rows one weighs 1 / e of what it did.

    Raises:
        InvalidInputError: If it is neither None nor a finite number > 1.
    """
    number = isinstance(memory, Real) and not isinstance(memory, bool)
    if memory is not None and not (number and 1 < memory < math.inf):  # type: ignore[operator]
        raise InvalidInputError(f"memory must be a finite number > 1 or None, got {shown(memory)}")


class RunningRegression:
    """Learn rows as they come.

    Args:
        mean: What theta is expected to be before any row, shape (d,).
        precision: How surely, as 1 / variance, each > 0, shape (d,).
        noise: The variance of a row's noise, > 0.
        memory: After how many rows one weighs 1 / e of what it did, > 1; None forgets nothing.

    Attributes:
        sums: What was learned; replaced and never changed.
        new: What was learned since `take_new`, likewise.
        mean: What theta is now expected to be, shape (d,).
        covariance: How far it may be from that, shape (d, d).
    """

    def __init__(self, mean: Floats, precision: Floats, *, noise: float, memory: float | None = None) -> None:
        self._prior_mean = mean
        self._prior_precision = precision
        self._noise = noise
        self._memory = memory
        self._since = 0
        self.set_sums(Sums.none(len(mean)))
        self.new = Sums.none(len(mean))

    def add(self, rows: Floats, values: Floats, weights: Floats) -> None:
        """Learn n rows, in order.

        Args:
            rows: Shape (n, d).
            values: Shape (n,).
            weights: What each row counts, >= 0, shape (n,).
        """
        for start in range(0, len(rows), _BLOCK):
            part = slice(start, start + _BLOCK)
            self._add(rows[part], values[part], weights[part])

    def set_sums(self, sums: Sums) -> None:
        """Take sums in the place of what was learned; what is new stays what it is."""
        self.sums = sums
        precision = np.diag(self._prior_precision) + sums.moments / self._noise
        covariance = np.linalg.inv(precision)
        self.covariance: Floats = (covariance + covariance.T) / 2
        known = self._prior_precision * self._prior_mean + sums.products / self._noise
        self.mean: Floats = self.covariance @ known

    def take_new(self) -> Sums:
        """Return what was learned since the last time, and begin to count anew."""
        self._forget()
        new, self.new = self.new, Sums.none(len(self.mean))
        return new

    def fading(self, n: float) -> float:
        """Return what a row weighs after n further ones, as a share of what it did."""
        return 1.0 if self._memory is None else float((1 - 1 / self._memory) ** n)

    def _add(self, rows: Floats, values: Floats, weights: Floats) -> None:
        weighted = rows * weights[:, None]
        learned = Sums(float(weights.sum()), weighted.T @ rows, weighted.T @ values)
        self._since += len(rows)
        if self._since >= _BLOCK:
            self._forget()
            self.new += learned
            self.set_sums(self.sums + learned)
            return
        self.new += learned
        if len(rows) >= _MANY:
            self.set_sums(self.sums + learned)
            return
        self.sums += learned
        mean, covariance = self.mean, self.covariance
        for row, value, weight in zip(rows, values, weights, strict=True):
            if weight:
                step = covariance @ row
                over = 1 / (self._noise / weight + row @ step)
                mean = mean + step * (over * (value - row @ mean))
                covariance = covariance - np.outer(step, over * step)
        self.mean, self.covariance = mean, covariance

    def _forget(self) -> None:
        factor, self._since = self.fading(self._since), 0
        if factor < 1:
            self.sums, self.new = self.sums.faded(factor), self.new.faded(factor)
