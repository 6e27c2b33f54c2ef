"""Graded answers of one model each, as weighted battles that a router learns from.

An answer that is better than the mean speaks for its model, a worse one for the other, by how far it is off
and by one over its chance,

    weight = |score - mean| / propensity,

so that the mean vote on a request has the sign, and but for a factor the size, of what the strong model is
better by there (residual weighted learning: Zhou et al., JASA 112 (2017), 169-187, after Zhao et al. 2012).
Where both models were graded each answer had its chance. Left out: their margin loss; what learns here is
any router.

Weights of one over a chance are wild, and a learner that takes them for counts believes in rows it does not
have. So rows are drawn by their weights, as many as weigh in all (Kish: (sum w)^2 / sum w^2), evenly and
reproducibly, and count once each.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError
from shared_router.feedback.logged_feedback import LoggedFeedback
from shared_router.preferences.data import PreferenceData
from shared_router.proof.off_policy import MAX_WEIGHT

Floats = NDArray[np.float64]

_MOST_BATTLES = 20_000
_ROUNDING = 1e-12
"""How far from their mean equal grades may seem to be."""


def weighted_battles(rows: LoggedFeedback, *, seed: int = 0) -> PreferenceData:
    """Return battles of `"strong"` against `"weak"` that speak as the rows do.

    Args:
        rows: Graded answers.
        seed: Draws which rows are taken.

    Raises:
        DataError: If all grades are equal.
    """
    places, for_strong, weights = _votes(rows)
    if not weights.any():
        raise DataError(
            "grades must differ for a router to learn from them, and all of these are equal; judge answers "
            "by Shadow(judge=...), or wait for words that tell them apart"
        )
    drawn = _drawn(weights, seed)
    n = len(drawn)
    return PreferenceData(
        [rows.prompts[places[vote]] for vote in drawn.tolist()],
        ["strong"] * n,
        ["weak"] * n,
        ["a" if for_strong[vote] else "b" for vote in drawn.tolist()],
    )


def row_weights(rows: LoggedFeedback) -> Floats:
    """Return how much each row tells of what one model is better by, shape (n,), before its grade is seen.

    Both grades tell by 1; one grade by one over its chance, and all of those together by as much as their
    spread leaves of them.
    """
    weights = np.where(rows.both, 1.0, np.minimum(1 / rows.propensity, MAX_WEIGHT)) * rows.weights
    single = weights[~rows.both]
    if len(single):
        weights[~rows.both] *= single.sum() / (single @ single)
    return weights


def _votes(rows: LoggedFeedback) -> tuple[NDArray[np.intp], NDArray[np.bool_], Floats]:
    """Return the row, the side and the weight of each vote."""
    weights, both = row_weights(rows), np.flatnonzero(rows.both)
    mean = float(np.average(rows.score, weights=weights))
    places = np.concatenate([np.arange(len(rows)), both])
    strong = np.concatenate([rows.strong, ~rows.strong[both]])
    off = np.concatenate([rows.score, rows.other_score[both]]) - mean
    off[np.abs(off) < _ROUNDING] = 0.0
    return places, strong == (off > 0), weights[places] * np.abs(off)


def _drawn(weights: Floats, seed: int) -> NDArray[np.intp]:
    """Draw votes by their weights, at even steps along their sum."""
    wanted = min(_MOST_BATTLES, math.ceil(weights.sum() ** 2 / float(weights @ weights)))
    order = np.random.default_rng(seed).permutation(len(weights))
    ends = np.cumsum(weights[order])
    steps = (np.arange(wanted) + 0.5) / wanted * ends[-1]
    found: NDArray[np.intp] = order[np.searchsorted(ends, steps).clip(max=len(weights) - 1)]
    return found
