"""How a local router learns: its parts, how much of each, and what came of them on prompts it had not seen.

The kernels and known scores are averaged over their settings by evidence (`learners.evidence`); trees are
mixed in by how much they mend on held-out rows, drawn towards none; a sigmoid makes probabilities of the
held-out sums. Folds hold distinct prompts, and nothing that is said of a held-out row has seen it: a fold's
kernels are averaged anew, a tree's word counts where it did not see the row, and a fold's share of trees is
told by the others.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from shared_router.learners.evidence import Averaged, Belief, Moments, average_by_evidence
from shared_router.learners.growing import Growing, grow_trees
from shared_router.learners.kernel_basis import KernelBasis
from shared_router.routers.local_head import LocalHead, sigmoid, tree_rows
from shared_router.routers.local_reading import Reading, Scaling
from shared_router.routers.local_rows import GradedRows

Floats = NDArray[np.float64]

N_FOLDS = 5
_VECTOR_GAMMA = 2.0
_TREE_DOUBT = 4.0
"""How strongly the trees' share is drawn to none, as rows' worth of the target's variance."""

_BLOCK = 4096

PRIOR_BELIEFS = (Belief(0.6, 0.10, 0.004), Belief(0.37, 0.17, 0.005), Belief(0.03, 0.0, 0.02))
"""A router trained elsewhere is worth a little, or more; seldom very much or the opposite."""

LENGTH_BELIEFS = (Belief(0.9, 0.045, 0.003), Belief(0.1, 0.0, 0.03))
"""Longer prompts need the strong model a little more, or length says much, one way or the other."""


@dataclass(frozen=True)
class Fitted:
    """A head, and what it is worth.

    Attributes:
        head: The head.
        unseen: For each row what is said of it by a fit that has not seen it, shape (n,), as it ranks.
        at_fewer: Returns the same by fits of two fifths of the rows, NaN where none is; what the learning
            curve is read from.
        strengths: The share of the target's variance that each kernel is taken to tell.
    """

    head: LocalHead
    unseen: Floats
    at_fewer: Callable[[], Floats]
    strengths: tuple[float, float]

    @property
    def unseen_probability(self) -> Floats:
        """The held-out win probabilities, shape (n,)."""
        return sigmoid(self.head.calibration[0] + self.head.calibration[1] * self.unseen)


def fit_local(reading: Reading, rows: GradedRows, *, has_prior: bool, anchors: int, seed: int) -> Fitted:
    """Learn from graded prompts.

    Args:
        reading: What the n prompts were read as; the first score is the prior router's where there is one,
            the last is length.
        rows: Their grades.
        has_prior: Whether there is a prior router.
        anchors: How many anchors a kernel has at most.
        seed: Draws anchors, folds and trees.
    """
    base = np.average(rows.gains, weights=rows.weights)
    spread = np.sqrt(np.average((rows.gains - base) ** 2, weights=rows.weights))
    target = (rows.gains - base) / spread
    kernels = _Kernels.of(reading, target, rows.weights, anchors=anchors, seed=seed)
    beliefs = [PRIOR_BELIEFS, LENGTH_BELIEFS] if has_prior else [LENGTH_BELIEFS]
    folds = np.random.default_rng(seed).permutation(len(rows)) % N_FOLDS
    parts = [kernels.moments(np.flatnonzero(folds == k)) for k in range(N_FOLDS)]
    whole = reduce(Moments.plus, parts)
    averaged = average_by_evidence(whole, beliefs)
    by_kernels = np.empty(len(rows))
    for k in range(N_FOLDS):
        found = average_by_evidence(whole.without(parts[k]), beliefs)
        by_kernels[folds == k] = kernels.said_apart(folds == k, folds != k, found)
    grown = grow_trees(kernels.tree_rows(), target, weights=rows.weights, growing=Growing(seed=seed))
    shares = [_tree_share(target, by_kernels, grown.unseen, folds != k) for k in range(N_FOLDS)]
    unseen = by_kernels + np.array(shares)[folds] * (grown.unseen - by_kernels)
    vector_weights, feature_weights, slopes = kernels.split(averaged)
    head = LocalHead(
        scaling=kernels.scaling,
        by_vector=kernels.by_vector,
        vector_weights=vector_weights,
        by_feature=kernels.by_feature,
        feature_weights=feature_weights,
        slopes=slopes,
        trees=grown.trees,
        tree_share=float(np.mean(shares)),
        calibration=fit_sigmoid(unseen, rows),
    )
    return Fitted(head, unseen, lambda: _at_fewer(kernels, parts, folds, beliefs), averaged.strengths)


def _at_fewer(
    kernels: _Kernels, parts: Sequence[Moments], folds: NDArray[np.intp], beliefs: Sequence[Sequence[Belief]]
) -> Floats:
    """Return what two folds say of two others, shape (n,), NaN where none do."""
    said = np.full(len(folds), np.nan)
    for k in (0, 2):
        asked = np.isin(folds, [(k + 2) % N_FOLDS, (k + 3) % N_FOLDS])
        found = average_by_evidence(parts[k].plus(parts[k + 1]), beliefs)
        said[asked] = kernels.said_apart(asked, np.isin(folds, [k, k + 1]), found)
    return said


def _tree_share(target: Floats, by_kernels: Floats, by_trees: Floats, told: NDArray[np.bool_]) -> float:
    """Return how far to go from the kernels' word to the trees'.

    Least squares, drawn towards none, and by more the less sure it is that the step mends anything: what it
    mends, over the square of its error, is 1 by chance (James and Stein, 1961).
    """
    step = by_trees - by_kernels
    step = (step - step.mean())[told]
    along, square = float((target - by_kernels)[told] @ step), float(step @ step)
    if along <= 0:
        return 0.0
    return min(along / (square + _TREE_DOUBT), 1.0) * max(0.0, 1 - square / along**2)


def fit_sigmoid(scores: Floats, rows: GradedRows) -> Floats:
    """Return the constant and the slope of P(win | score), the slope > 0 and drawn to what gains foretell.

    Scores are standardised gains; where they are as good as they say, P(win) rises with them as it does with
    gains. Few rows leave it at that, and no number of them turns the order round.
    """
    wins, weights = rows.wins, rows.weights
    share = float(np.clip(np.average(wins, weights=weights), 0.5 / len(rows), 1 - 0.5 / len(rows)))
    spread = rows.gains - np.average(rows.gains, weights=weights)
    rise = (weights * spread) @ wins / np.sqrt((weights @ spread**2) * weights.sum())
    expected = max(rise / (share * (1 - share)), 1e-3)
    doubt = np.diag([1e-6, 1 / (expected / 2) ** 2])
    columns = np.column_stack([np.ones(len(rows)), scores])
    found = np.array([np.log(share / (1 - share)), expected])
    for _ in range(30):
        p = sigmoid(columns @ found)
        slope = columns.T @ (weights * (wins - p)) - doubt @ (found - [0.0, expected])
        bend = (columns * (weights * p * (1 - p))[:, None]).T @ columns + doubt
        step = np.linalg.solve(bend, slope)
        found = found + np.clip(step, -2, 2)
        if np.abs(step).max() < 1e-9:
            break
    return np.array([found[0], max(found[1], expected / 10)])


@dataclass(frozen=True)
class _Kernels:
    """The two kernels over n prompts, and the known scores beside them."""

    scaling: Scaling
    by_vector: KernelBasis
    by_feature: KernelBasis
    scores: Floats
    features: NDArray[np.float32]
    vectors: NDArray[np.float32]
    target: Floats
    weights: Floats

    @classmethod
    def of(cls, reading: Reading, target: Floats, weights: Floats, *, anchors: int, seed: int) -> _Kernels:
        scaling = Scaling.of(reading, weights)
        features = scaling.features(reading)
        by_vector = KernelBasis.drawn(reading.vectors, gamma=_VECTOR_GAMMA, most=anchors, seed=seed)
        width = 1 / (2 * scaling.n_used)
        by_feature = KernelBasis.drawn(features, gamma=width, most=anchors, seed=seed)
        scores = scaling.scores(reading)
        return cls(scaling, by_vector, by_feature, scores, features, reading.vectors, target, weights)

    def tree_rows(self) -> NDArray[np.float32]:
        return tree_rows(self.scores, self.features, self.vectors)

    def moments(self, rows: NDArray[np.intp]) -> Moments:
        """Sum the products of some rows, a few thousand at a time."""
        parts = [
            Moments.of(self._blocks(part), self.scores[part], self.target[part], self.weights[part])
            for part in _parts(rows)
        ]
        return reduce(Moments.plus, parts)

    def said_apart(self, asked: NDArray[np.bool_], told: NDArray[np.bool_], averaged: Averaged) -> Floats:
        """Return what an average of settings that was told of some rows says of others, less their mean.

        A fold of high gains leaves low ones to learn from; that must not order the folds.
        """
        vector_weights, feature_weights, slopes = self.split(averaged)
        said = np.concatenate(
            [
                self.by_vector.near(self.vectors[part]) @ vector_weights
                + self.by_feature.near(self.features[part]) @ feature_weights
                + self.scores[part] @ slopes[:-1]
                + slopes[-1]
                for part in _parts(np.flatnonzero(asked))
            ]
        )
        return said - np.average(self.target[told], weights=self.weights[told])

    def split(self, averaged: Averaged) -> tuple[Floats, Floats, Floats]:
        """Return the weights of either kernel's anchors, and the slopes with the constant."""
        n_first, n_second = len(self.by_vector.anchors), len(self.by_feature.anchors)
        first, second, slopes = np.split(averaged.coefficients, [n_first, n_first + n_second])
        return self.by_vector.anchor_weights(first), self.by_feature.anchor_weights(second), slopes

    def _blocks(self, rows: NDArray[np.intp]) -> list[Floats]:
        return [self.by_vector.features(self.vectors[rows]), self.by_feature.features(self.features[rows])]


def _parts(rows: NDArray[np.intp]) -> list[NDArray[np.intp]]:
    return [rows[start : start + _BLOCK] for start in range(0, len(rows), _BLOCK)]
