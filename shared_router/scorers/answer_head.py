"""What `AnswerFeatures` learns: a linear model over the ranks of columns, calibrated on rows left out.

With `z(x)` the columns' normal scores (each column's rank among those it learned from, as a quantile of the
normal distribution, cut at two deviations) and `v` the embeddings of question and answer,

    s(x) = b + w . z(x) + u . v,        P(good enough | x) = sigmoid(c_0 + c_1 s(x))

`w` and `u` are a ridge fit of what is lost by using the answer. Ranks make it robust: a number that was never
seen so large counts as the largest that was. `c` is Platt's calibration (1999) on each row's s as the fit
without that row gives it, which ridge regression has in closed form.
"""

from __future__ import annotations

from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

PENALTY = 1000.0
EMBEDDING_WEIGHT = 0.35
"""How much an embedding's numbers may say beside a column; chosen on half of GSM8K, as `PENALTY` was."""
N_EDGES = 32
_CUT = 2.0
_STEPS = 30
_CHUNK = 512


@dataclass(frozen=True)
class AnswerHead:
    """The learned numbers, for k columns and embeddings of d numbers in all.

    Attributes:
        edges: The quantiles that a column's value is ranked among, shape (k, 32).
        weights: `w` over the deviation of each column's scores, shape (k,).
        embedding_weights: `u`, shape (d,).
        bias: `b` less what the means of scores and embeddings come to.
        calibration: `c`, shape (2,).
    """

    edges: Floats
    weights: Floats
    embedding_weights: Floats
    bias: float
    calibration: Floats

    def good_enough(self, columns: Floats, embeddings: Floats) -> Floats:
        """Return P(good enough) of n answers.

        Args:
            columns: Shape (n, k).
            embeddings: Shape (n, d).

        Returns:
            Shape (n,), each in (0, 1).
        """
        lost = normal_scores(columns, self.edges) @ self.weights + self.bias
        lost += embeddings @ self.embedding_weights
        return sigmoid(self.calibration[0] + self.calibration[1] * lost)


def fit_answer_head(
    columns: Floats, embeddings: Floats, lost: Floats, good: Floats
) -> tuple[AnswerHead, Floats]:
    """Learn from n answers.

    Args:
        columns: Shape (n, k).
        embeddings: Shape (n, d); d may be 0.
        lost: What using the answer loses, shape (n,), in [-1, 1].
        good: Whether it is good enough, shape (n,), in [0, 1].

    Returns:
        The head, and P(good enough) of each row by the fit without it, shape (n,).
    """
    edges = np.quantile(columns, (np.arange(N_EDGES) + 0.5) / N_EDGES, axis=0).T
    scores = normal_scores(columns, edges)
    means, deviations = scores.mean(axis=0), scores.std(axis=0)
    over = np.where(deviations > 1e-9, 1 / np.maximum(deviations, 1e-9), 0.0)
    center = embeddings.mean(axis=0)
    spread = float(embeddings.std(axis=0).mean()) if embeddings.size else 0.0
    scale = EMBEDDING_WEIGHT / spread if spread > 1e-9 else 0.0
    inputs = np.concatenate([(scores - means) * over, (embeddings - center) * scale], axis=1)
    learned, left_out = ridge(inputs, lost)
    calibration = _platt(left_out, good)
    weights, embedding_weights = learned[: len(over)] * over, learned[len(over) :] * scale
    bias = float(lost.mean() - means @ weights - center @ embedding_weights)
    head = AnswerHead(edges, weights, embedding_weights, bias, calibration)
    return head, sigmoid(calibration[0] + calibration[1] * left_out)


def normal_scores(columns: Floats, edges: Floats) -> Floats:
    """Return each value's rank among its column's edges as a quantile of the normal distribution.

    Args:
        columns: Shape (n, k).
        edges: Shape (k, q), rising.

    Returns:
        Shape (n, k), each in [-2, 2]; a value that equals some edges stands in their middle.
    """
    ranks = np.empty(columns.shape, dtype=np.intp)
    for start in range(0, len(columns), _CHUNK):
        part = columns[start : start + _CHUNK, :, None]
        ranks[start : start + _CHUNK] = (edges < part).sum(axis=2) + (edges <= part).sum(axis=2)
    found: Floats = _SCORES[ranks]
    return found


_SCORES = np.clip(
    [NormalDist().inv_cdf((rank + 1) / (2 * N_EDGES + 2)) for rank in range(2 * N_EDGES + 1)], -_CUT, _CUT
)


def sigmoid(z: Floats) -> Floats:
    """Return `1 / (1 + exp(-z))` without overflow."""
    found: Floats = 0.5 * (1 + np.tanh(z / 2))
    return found


def ridge(inputs: Floats, target: Floats) -> tuple[Floats, Floats]:
    """Fit a ridge regression with a free constant.

    Args:
        inputs: Shape (n, p), each column of mean 0.
        target: Shape (n,).

    Returns:
        The weights, shape (p,), and each row's value by the fit without it, shape (n,).
    """
    centered = target - target.mean()
    inverse = np.linalg.inv(inputs.T @ inputs + PENALTY * np.eye(inputs.shape[1]))
    weights: Floats = inverse @ (inputs.T @ centered)
    leverage = ((inputs @ inverse) * inputs).sum(axis=1) + 1 / len(target)
    residual = centered - inputs @ weights
    return weights, target - residual / np.maximum(1 - leverage, 1e-9)


def _platt(values: Floats, good: Floats) -> Floats:
    """Fit `good` by `sigmoid(c_0 + c_1 values)`, falling: where more loss is foretold, less is good.

    As in Platt (1999), the labels are drawn in from 0 and 1 by what a row is worth, so that the fit is
    finite. Where the values foretell nothing, every answer gets the mean.
    """
    n_good = good.sum()
    high, low = (n_good + 1) / (n_good + 2), 1 / (len(good) - n_good + 2)
    target = low + (high - low) * good
    center, scale = float(values.mean()), max(float(values.std()), 1e-9)
    design = np.stack([np.ones(len(values)), (values - center) / scale], axis=1)
    found = np.array([np.log(target.mean() / (1 - target.mean())), 0.0])
    start: Floats = found.copy()
    for _ in range(_STEPS):
        p = sigmoid(design @ found)
        slope = design.T @ (target - p)
        curve = (design * (p * (1 - p))[:, None]).T @ design + 1e-6 * np.eye(2)
        found = found + np.linalg.solve(curve, slope)
    if not found[1] < 0:
        return start
    calibration: Floats = np.array([found[0] - found[1] * center / scale, found[1] / scale])
    return calibration
