"""Scores made into probabilities that come true: Platt's curve, isotonic regression, Venn-Abers intervals.

A map is fitted on rows that the router has not learned from, with y_i = 1 where the strong answer was better:

    Platt       p = 1 / (1 + exp(-(a logit(s) + b))), a > 0, by maximum likelihood with targets
                (n_1 + 1) / (n_1 + 2) and 1 / (n_0 + 2), so that no probability is 0 or 1
    isotonic    the non-decreasing step function nearest to y (pool adjacent violators), joined by straight
                lines between the mean scores of its steps
    Venn-Abers  [p_0, p_1]: isotonic values at s with (s, 0) or (s, 1) added; one of the two is calibrated

All keep the order of scores. Platt's keeps it strictly; isotonic ties what is below the first step's mean
score or above the last one's, and Platt is therefore the better one to put a threshold on.

Sources: Platt, Advances in Large Margin Classifiers (1999), 61-74; Ayer et al., Annals of Mathematical
Statistics 26 (1955), 641-647; Vovk, Petej and Fedorova, Neural Information Processing Systems 28 (2015).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.rows import Numbers, checked_column, checked_scores
from shared_router.choices import check_choice
from shared_router.errors import DataError, InvalidInputError

Floats = NDArray[np.float64]
MapMethod = Literal["platt", "isotonic"]

LEAST_ROWS = 20
_SLOPES = (1e-6, 1e3)
_EDGE = 1e-6
_STEPS = 100


@dataclass(frozen=True, slots=True)
class PlattMap:
    """Platt's curve on the log odds of a score.

    Attributes:
        slope: a, > 0; 1 with `shift` 0 leaves scores as they are.
        shift: b.
    """

    slope: float
    shift: float

    def __call__(self, scores: Floats) -> Floats:
        """Return the probabilities of scores, shape (n,)."""
        found: Floats = 1 / (1 + np.exp(-(self.slope * _logit(scores) + self.shift)))
        return found


@dataclass(frozen=True, slots=True)
class IsotonicMap:
    """A rising line through the steps of an isotonic regression.

    Attributes:
        scores: The steps' mean scores, rising, shape (k,).
        probabilities: The steps' values, rising, shape (k,), in [0, 1].
    """

    scores: Floats = field(repr=False)
    probabilities: Floats = field(repr=False)

    def __call__(self, scores: Floats) -> Floats:
        """Return the probabilities of scores, shape (n,)."""
        return np.interp(scores, self.scores, self.probabilities)


ProbabilityMap: TypeAlias = "PlattMap | IsotonicMap"


def fit_map(scores: Numbers, wins: Numbers, *, method: MapMethod = "platt") -> ProbabilityMap:
    """Fit a map from scores to probabilities.

    Args:
        scores: The router's scores of n held-out prompts, each in [0, 1].
        wins: 1 where the strong answer was better, else 0, or a probability of it; n numbers in [0, 1].
        method: `"platt"`, which needs few rows, or `"isotonic"`, which bends as it must and needs about a
            thousand.

    Raises:
        InvalidInputError: If there are fewer than `LEAST_ROWS` rows, or a number is outside [0, 1].
        DataError: If all wins are equal: no probability can be told from them.
    """
    check_choice("method", method, ["platt", "isotonic"])
    x, y = checked_pairs(scores, wins)
    return _platt(x, y) if method == "platt" else _isotonic(x, y)


def checked_pairs(scores: Numbers, wins: Numbers) -> tuple[Floats, Floats]:
    """Return scores and wins as arrays; raises what `fit_map` raises."""
    x = checked_scores(scores)
    y = checked_column("wins", wins, len(x))
    if not 0 <= y.min() <= y.max() <= 1:
        raise InvalidInputError(
            f"wins must be in [0, 1], 1 where strong was better, got {y.min():.6g} to {y.max():.6g}"
        )
    if len(x) < LEAST_ROWS:
        raise InvalidInputError(f"a map needs at least {LEAST_ROWS} rows, got {len(x)}")
    if y.min() == y.max():
        raise DataError("a map needs prompts that strong wins and others that it does not, got one kind")
    return x, y


def _platt(x: Floats, y: Floats) -> PlattMap:
    """Fit by Newton's method; the likelihood is concave, and its slope is kept above 0."""
    n_won = y.sum()
    target = y * (n_won + 1) / (n_won + 2) + (1 - y) / (len(y) - n_won + 2)
    z = _logit(x)
    theta = np.array([1.0, 0.0])
    design = np.column_stack([z, np.ones_like(z)])
    for _ in range(_STEPS):
        p = 1 / (1 + np.exp(-(design @ theta)))
        gradient = design.T @ (target - p)
        hessian = design.T @ (design * (p * (1 - p))[:, None]) + 1e-9 * np.eye(2)
        step = np.linalg.solve(hessian, gradient)
        theta = theta + step * min(1.0, 2.0 / float(np.abs(step).max() + 1e-300))
        if float(np.abs(step).max()) < 1e-10:
            break
    slope = float(np.clip(theta[0], *_SLOPES))
    if slope != theta[0]:  # scores that do not foretell a win: the rate alone is left to tell
        rate = float(np.clip(target.mean(), _EDGE, 1 - _EDGE))
        return PlattMap(slope, float(np.log(rate / (1 - rate)) - slope * z.mean()))
    return PlattMap(slope, float(theta[1]))


def _isotonic(x: Floats, y: Floats) -> IsotonicMap:
    order = np.argsort(x, kind="stable")
    means, values, _ = pooled(x[order], y[order])
    return IsotonicMap(means, values)


def pooled(x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
    """Pool adjacent violators.

    Args:
        x: Scores, rising, shape (n,).
        y: Wins, shape (n,).

    Returns:
        The steps' mean scores, their values, both strictly rising, and how many rows each has, shape (k,).
    """
    steps: list[list[float]] = []  # value, rows, sum of scores, score of the last row
    for score, win in zip(x.tolist(), y.tolist(), strict=True):
        step = [win, 1.0, score, score]
        while steps and (steps[-1][0] >= step[0] or steps[-1][3] == score):
            before = steps.pop()
            rows = before[1] + step[1]
            step = [(before[0] * before[1] + step[0] * step[1]) / rows, rows, before[2] + step[2], score]
        steps.append(step)
    found = np.array(steps)
    return found[:, 2] / found[:, 1], found[:, 0], found[:, 1]


def venn_abers(scores: Numbers, wins: Numbers, asked: Numbers) -> tuple[Floats, Floats]:
    """Return for each score an interval of which one end is a calibrated probability.

    Args:
        scores: As in `fit_map`.
        wins: As in `fit_map`.
        asked: m scores whose probabilities are asked for.

    Returns:
        p_0 and p_1, shape (m,) each, p_0 <= p_1.
    """
    x, y = checked_pairs(scores, wins)
    order = np.argsort(x, kind="stable")
    x, y = x[order], y[order]
    ends = [
        [_value_at(x, y, score, label) for label in (0.0, 1.0)] for score in checked_scores(asked).tolist()
    ]
    found = np.array(ends)
    return found[:, 0], found[:, 1]


def _value_at(x: Floats, y: Floats, score: float, label: float) -> float:
    """Return the isotonic value at a score with one row more there."""
    place = int(np.searchsorted(x, score))
    _, values, sizes = pooled(np.insert(x, place, score), np.insert(y, place, label))
    return float(values[np.searchsorted(np.cumsum(sizes), place, side="right")])


def _logit(scores: Floats) -> Floats:
    inside = np.clip(scores, _EDGE, 1 - _EDGE)
    found: Floats = np.log(inside / (1 - inside))
    return found
