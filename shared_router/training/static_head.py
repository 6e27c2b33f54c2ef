"""How the head of the static router is learned: subjects, likeness, their calibrated sum on held-out folds.

The formula of all three is in `routers.static`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from numbers import Real
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.progress import with_progress
from shared_router.training.examples import Examples, Floats

FOLDS = 5
REPEATS = 3
"""How often the folds are drawn anew; the coefficients are the mean."""


@dataclass(frozen=True, slots=True)
class HeadTraining:
    """How the head is learned.

    Attributes:
        anchors: How many queries the kernel keeps, >= 1.
        gamma: The kernel's width, > 0.
        ridge: The kernel fit's penalty, > 0.
        subject_penalty: The subject classifier's penalty, > 0, as sklearn's `1 / C`.
        subject_shrinkage: How many battles of average outcome are added to each subject, >= 0.
        seed: Picks the anchors and the folds.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    anchors: int
    gamma: float
    ridge: float
    subject_penalty: float
    subject_shrinkage: float
    seed: int

    def __post_init__(self) -> None:
        """Check every range."""
        for name in ("anchors", "gamma", "ridge", "subject_penalty"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, Real) or not float(value) > 0:
                raise InvalidInputError(f"{name} must be > 0, got {shown(value)}")
        if not isinstance(self.anchors, (int, np.integer)):
            raise InvalidInputError(f"anchors must be a whole number, got {shown(self.anchors)}")


def fit_head(
    own: Examples, other: Examples | None, training: HeadTraining, *, progress: bool = False
) -> tuple[dict[str, NDArray[Any]], Floats]:
    """Fit a head.

    Args:
        own: What to be calibrated on.
        other: Further examples, for likeness alone; None fits it on `own`.
        training: How to learn.
        progress: Whether to show a bar over the folds, where that takes long and there is a terminal.

    Returns:
        The arrays that make it: `W`, `c`, `r`, the anchors, `alpha` and `b`, by their names there; and the
        win probability of each of `own` by a fit that has not seen it, shape (n,).
    """
    with with_progress(range(REPEATS * FOLDS), shown=progress, desc="fitting") as bar:
        repeats = [
            held_out_scores(own, other, replace(training, seed=training.seed + repeat), done=bar.update)
            for repeat in range(REPEATS)
        ]
    coefficients = np.mean([stacked(subject, likeness, own) for subject, likeness in repeats], axis=0)
    subjects, anchors = fit_subjects(own, training), fit_anchors(other or own, training)
    return {**subjects, **anchors, "coefficients": coefficients}, _together(*repeats[0], coefficients)


def held_out_scores(
    own: Examples,
    other: Examples | None,
    training: HeadTraining,
    *,
    done: Callable[[], object] = lambda: None,
) -> tuple[Floats, Floats]:
    """Return both parts' scores of each example by a fit that has not seen it, shapes (n,).

    `done` is told of each fold.
    """
    fold = np.random.default_rng(training.seed).permutation(len(own.rows)) % FOLDS
    elsewhere = None if other is None else fit_anchors(other, training)
    subject, likeness = np.zeros(len(fold)), np.zeros(len(fold))
    # one rate for all says nothing, but each fold's falls where the held-out wins rise: a sign to be learned
    several = len(np.unique(own.subjects)) > 1
    for held_out in (fold == k for k in range(FOLDS)):
        seen, asked = own.part(~held_out), own.rows[held_out]
        if several:
            subject[held_out] = _subject(asked, **fit_subjects(seen, training))
        anchors = elsewhere or fit_anchors(seen, training)
        near = kernel(asked, anchors["anchors"].astype(np.float64), training.gamma)
        likeness[held_out] = near @ anchors["anchor_weights"]
        done()
    return subject, likeness


def fit_subjects(examples: Examples, training: HeadTraining) -> dict[str, NDArray[Any]]:
    """Fit the subject classifier, and each subject's win rate drawn towards the mean."""
    names, member = np.unique(examples.subjects, return_inverse=True)
    base = np.average(examples.wins, weights=examples.weights)
    won = np.bincount(member, examples.weights * examples.wins) + training.subject_shrinkage * base
    rates = won / (np.bincount(member, examples.weights) + training.subject_shrinkage)
    weights, bias = np.zeros((examples.rows.shape[1], len(names))), np.zeros(len(names))
    if len(names) == 2:  # sklearn gives the second class alone
        model = logistic(examples.rows, member, 1 / training.subject_penalty)
        weights[:, 1], bias[1] = model.coef_[0], model.intercept_[0]
    elif len(names) > 2:
        model = logistic(examples.rows, member, 1 / training.subject_penalty)
        weights, bias = model.coef_.T, model.intercept_
    return {
        "subject_weights": weights.astype(np.float16),
        "subject_bias": bias.astype(np.float32),
        "subject_rates": rates.astype(np.float32),
    }


def fit_anchors(
    examples: Examples, training: HeadTraining, *, picked: NDArray[np.intp] | None = None
) -> dict[str, NDArray[Any]]:
    """Fit kernel ridge on some of the rows (Nystrom): `(K'WK + ridge K_aa) alpha = K'W (t - mean)`.

    Args:
        examples: What to fit.
        training: How.
        picked: The rows to keep, ascending; None draws them.

    Returns:
        The rows that are kept, and `alpha`.
    """
    n = len(examples.rows)
    if picked is None:
        picked = np.sort(np.random.default_rng(training.seed).permutation(n)[: training.anchors])
    anchors = examples.rows[picked].astype(np.float16)  # what is kept is what is fitted
    wide = anchors.astype(np.float64)
    k = kernel(examples.rows, wide, training.gamma)
    weighted = k.T * examples.weights
    # the last term keeps rows that are nearly the same from making the matrix singular
    left = weighted @ k + training.ridge * kernel(wide, wide, training.gamma) + 1e-6 * n * np.eye(len(wide))
    centred = examples.wins - np.average(examples.wins, weights=examples.weights)
    alpha = np.linalg.solve(left, weighted @ centred)
    return {"anchors": anchors, "anchor_weights": alpha.astype(np.float32)}


def calibrated(subject: Floats, likeness: Floats, examples: Examples) -> Floats:
    """Return the probabilities that both parts' scores make together, shape (n,)."""
    return _together(subject, likeness, stacked(subject, likeness, examples))


def _together(subject: Floats, likeness: Floats, coefficients: Floats) -> Floats:
    constant, by_subject, by_likeness = coefficients
    p: Floats = 0.5 * (1 + np.tanh((constant + by_subject * subject + by_likeness * likeness) / 2))
    return p


def stacked(subject: Floats, likeness: Floats, examples: Examples) -> Floats:
    """Fit `b` without penalty on standardised scores: Platt's calibration of their sum."""
    scores = np.column_stack([subject, likeness])
    mean, spread = scores.mean(axis=0), scores.std(axis=0)
    spread[spread < 1e-12] = 1.0  # a part that says one thing of all queries
    # a share of wins becomes a win and a loss, each weighing its share
    outcome = np.repeat([1, 0], len(scores))
    weights = np.concatenate([examples.wins, 1 - examples.wins]) * np.tile(examples.weights, 2)
    model = logistic(np.tile((scores - mean) / spread, (2, 1)), outcome, 1e6, weights)
    slopes = model.coef_[0] / spread
    return np.array([model.intercept_[0] - slopes @ mean, *slopes])


def logistic(rows: Floats, classes: NDArray[Any], c: float, weights: Floats | None = None) -> Any:
    """Return scikit-learn's classifier, fitted with the penalty `1 / c`."""
    try:
        from sklearn.linear_model import LogisticRegression
    except ImportError as error:
        raise MissingExtraError.of("scikit-learn", "train") from error
    return LogisticRegression(C=c, max_iter=1000).fit(rows, classes, sample_weight=weights)


def _subject(
    rows: Floats,
    *,
    subject_weights: NDArray[np.float16],
    subject_bias: NDArray[np.float32],
    subject_rates: NDArray[np.float32],
) -> Floats:
    logits = rows @ subject_weights.astype(np.float64) + subject_bias
    odds = np.exp(logits - logits.max(axis=1, keepdims=True))
    share: Floats = odds @ subject_rates / odds.sum(axis=1)
    return share


def kernel(rows: Floats, anchors: Floats, gamma: float) -> Floats:
    """Return `exp(-gamma |x - a|^2)` of n rows and A anchors, shape (n, A)."""
    near: Floats = rows @ anchors.T
    near *= 2 * gamma
    near -= gamma * (rows**2).sum(axis=1)[:, None]
    near -= gamma * (anchors**2).sum(axis=1)
    np.exp(near, out=near)
    return near
