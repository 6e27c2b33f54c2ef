"""What the general router has learned: the numbers of its formula, which `routers.general` gives."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError

_CHUNK = 256
_MAX_EXPONENT = 600.0
"""What exp makes a number of, for any row."""

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Blend:
    """How the parts of the general head become one score.

    Attributes:
        prior: The log odds of a win on any query.
        constant: `b_0` of the gap's calibration.
        by_subject: `b_1`.
        by_likeness: `b_2`.
        amplitude: `a`, the most log odds that difficulty adds or takes.
        mean_difficulty: What the difficulty's kernel is added to.
        middle: `d_0`, the difficulty that adds nothing.
        softness: `s`, > 0.
        everyday_constant: The everyday share's log odds at a row of zeros.
        near: The distance to a learned row up to which a query is covered.
        far: The distance from which it is not, > near.
    """

    prior: float
    constant: float
    by_subject: float
    by_likeness: float
    amplitude: float
    mean_difficulty: float
    middle: float
    softness: float
    everyday_constant: float
    near: float
    far: float


@dataclass(frozen=True)
class GeneralHead:
    """The learned numbers, for rows of d numbers: an embedding of length 1 and the scaled form.

    Attributes:
        form_means: What is taken from each feature of the form, float32, shape (F,).
        form_scales: What it is then multiplied by, float32, shape (F,).
        subject_weights: `W`, float16, shape (d, S).
        subject_bias: float32, shape (S,).
        subject_rates: `r`, float32, shape (S,), each in [0, 1].
        everyday_weights: float32, shape (d,).
        likeness_anchors: float16, shape (A, d).
        likeness_weights: `alpha`, float32, shape (A,).
        difficulty_anchors: float16, shape (B, d).
        difficulty_weights: `beta`, float32, shape (B,).
        blend: What `Blend` names, in its order, float64.
        form_limit: The largest size of a scaled feature, > 0.
        likeness_gamma: The width of the likeness' kernel, > 0.
        difficulty_gamma: The width of the difficulty's kernel, > 0.

    Raises:
        InvalidInputError: If the arrays do not fit each other, or are so large that a score overflows.
    """

    form_means: NDArray[np.float32]
    form_scales: NDArray[np.float32]
    subject_weights: NDArray[np.float16]
    subject_bias: NDArray[np.float32]
    subject_rates: NDArray[np.float32]
    everyday_weights: NDArray[np.float32]
    likeness_anchors: NDArray[np.float16]
    likeness_weights: NDArray[np.float32]
    difficulty_anchors: NDArray[np.float16]
    difficulty_weights: NDArray[np.float32]
    blend: NDArray[np.float64]
    form_limit: float
    likeness_gamma: float
    difficulty_gamma: float

    def __post_init__(self) -> None:
        """Check what every score relies on."""
        longest = math.sqrt(1 + len(self.form_means) * self.form_limit**2)
        directions, biases = self._columns[:-1], self._columns[-1]
        if longest * np.sqrt(np.square(directions).sum(axis=0)).max() + np.abs(biases).max() > _MAX_EXPONENT:
            raise InvalidInputError("weights must be small enough for every score to be a number")

    def rows(self, embeddings: NDArray[np.float32], forms: Floats) -> Floats:
        """Join embeddings and forms to what the head reads, shape (n, d + 1), ending in 1."""
        n, dim = embeddings.shape
        rows = np.empty((n, dim + forms.shape[1] + 1))
        rows[:, :dim] = embeddings
        scaled = (forms - self.form_means) * self.form_scales
        np.clip(scaled, -self.form_limit, self.form_limit, out=rows[:, dim:-1])
        rows[:, -1] = 1
        return rows

    def score(self, embedding: NDArray[np.float32], form: Sequence[float]) -> tuple[float, float]:
        """Return p and the coverage of one text, as `scores` does of its row."""
        limit, dim = self.form_limit, len(embedding)
        row = np.empty(dim + len(form) + 1)
        row[:dim] = embedding
        row[dim:] = [
            *[
                -limit if (z := (number - mean) * scale) < -limit else limit if z > limit else z
                for number, (mean, scale) in zip(form, self._scaling, strict=True)
            ],
            1.0,
        ]
        return self._of_one(row)

    def scores(self, rows: Floats) -> tuple[Floats, Floats]:
        """Return p and the coverage of n rows, shapes (n,), each in [0, 1]."""
        if len(rows) == 1:
            p, coverage = self._of_one(rows[0])
            return np.array([p]), np.array([coverage])
        parts = [self._of_many(rows[start : start + _CHUNK]) for start in range(0, len(rows), _CHUNK)]
        p_parts, coverages = zip(*parts, strict=True) if parts else ((np.zeros(0),), (np.zeros(0),))
        return np.concatenate(p_parts), np.concatenate(coverages)

    def _of_one(self, row: Floats) -> tuple[float, float]:
        # each call of numpy costs a microsecond, and those of `_of_many` more than what they compute
        b = self._blend
        found = np.exp(row.astype(np.float32).dot(self._narrow_columns), dtype=np.float64)
        near, hard, odds, rates = self._sums_of.dot(found).tolist()
        likest, known, _, last = np.maximum.reduceat(found, self._starts).tolist()
        square = float(row.dot(row)) - 1
        nearest = max(math.log(likest) / self.likeness_gamma, math.log(known) / self.difficulty_gamma)
        distance = math.sqrt(max(0.0, square - nearest))
        coverage = 0.0
        if row[0] or row[: self._dim].any():
            coverage = min(1.0, max(0.0, (b.far - distance) / (b.far - b.near)))
        gap = b.constant + b.by_subject * rates / odds
        gap += b.by_likeness * near * math.exp(-self.likeness_gamma * square)
        difficulty = b.mean_difficulty + hard * math.exp(-self.difficulty_gamma * square)
        everyday = last / (1 + last)
        gap += everyday * b.amplitude * math.tanh((difficulty - b.middle) / b.softness)
        return 0.5 * (1 + math.tanh((b.prior + coverage * (gap - b.prior)) / 2)), coverage

    def _of_many(self, rows: Floats) -> tuple[Floats, Floats]:
        b, n_likeness = self._blend, len(self.likeness_anchors)
        exponents = np.empty((len(rows), self._narrow_columns.shape[1]), dtype=np.float32)
        for row, of_row in zip(rows.astype(np.float32), exponents, strict=True):
            np.dot(row, self._narrow_columns, out=of_row)  # as of one row: one and many agree to the bit
        found = np.exp(exponents, dtype=np.float64)
        near, hard, odds, rates = (found @ self._sums).T
        square = (rows * rows).sum(axis=1) - 1
        likest = np.log(found[:, :n_likeness].max(axis=1)) / self.likeness_gamma
        known = np.log(found[:, n_likeness : self._n_anchors].max(axis=1)) / self.difficulty_gamma
        distance = np.sqrt(np.maximum(0.0, square - np.maximum(likest, known)))
        coverage = np.clip((b.far - distance) / (b.far - b.near), 0, 1)
        coverage *= rows[:, : self._dim].any(axis=1)
        gap = b.constant + b.by_subject * rates / odds
        gap += b.by_likeness * near * np.exp(-self.likeness_gamma * square)
        difficulty = b.mean_difficulty + hard * np.exp(-self.difficulty_gamma * square)
        everyday = found[:, -1] / (1 + found[:, -1])
        gap += everyday * b.amplitude * np.tanh((difficulty - b.middle) / b.softness)
        p: Floats = 0.5 * (1 + np.tanh((b.prior + coverage * (gap - b.prior)) / 2))
        return p, coverage

    @cached_property
    def _blend(self) -> Blend:
        return Blend(*self.blend.tolist())

    @cached_property
    def _scaling(self) -> list[tuple[float, float]]:
        return list(zip(self.form_means.tolist(), self.form_scales.tolist(), strict=True))

    @cached_property
    def _starts(self) -> NDArray[np.intp]:
        """Where the columns of each kernel begin, those of the subjects and the last one."""
        n_columns = self._narrow_columns.shape[1]
        return np.array([0, len(self.likeness_anchors), self._n_anchors, n_columns - 1])

    @cached_property
    def _narrow_columns(self) -> NDArray[np.float32]:
        """Half the memory to go through, and a quarter of the time, for an error of 5e-7 in p."""
        return self._columns.astype(np.float32)

    @cached_property
    def _sums_of(self) -> Floats:
        return np.ascontiguousarray(self._sums.T)

    @property
    def _n_anchors(self) -> int:
        return len(self.likeness_anchors) + len(self.difficulty_anchors)

    @property
    def _dim(self) -> int:
        """The width of an embedding."""
        return len(self.subject_weights) - len(self.form_means)

    # gamma |x - a|^2 = gamma |x|^2 + gamma |a|^2 - 2 gamma x.a: the middle is a bias, which a row's 1 picks
    @cached_property
    def _columns(self) -> Floats:
        """What a row is multiplied with, shape (d + 1, A + B + S + 1)."""
        anchors = [
            _kernel_columns(self.likeness_anchors, self.likeness_gamma),
            _kernel_columns(self.difficulty_anchors, self.difficulty_gamma),
        ]
        subjects = np.vstack([self.subject_weights.astype(np.float64), self.subject_bias])
        everyday = np.append(self.everyday_weights.astype(np.float64), self._blend.everyday_constant)
        return np.hstack([*anchors, subjects, everyday[:, None]])

    @cached_property
    def _sums(self) -> Floats:
        """What sums likeness, difficulty, the subjects' odds and those times rates, shape (columns, 4)."""
        n_likeness, n_subjects = len(self.likeness_anchors), len(self.subject_rates)
        sums = np.zeros((self._n_anchors + n_subjects + 1, 4))
        sums[:n_likeness, 0] = self.likeness_weights
        sums[n_likeness : self._n_anchors, 1] = self.difficulty_weights
        sums[self._n_anchors : -1, 2] = 1
        sums[self._n_anchors : -1, 3] = self.subject_rates
        return sums


def _kernel_columns(anchors: NDArray[np.float16], gamma: float) -> Floats:
    wide = anchors.astype(np.float64)
    columns: Floats = np.vstack([2 * gamma * wide.T, -gamma * np.square(wide).sum(axis=1)])
    return columns
