"""What a policy would have been worth on logged requests, from the answers that were given.

    gain = m_s - m_w + sign * (score - m) / propensity

estimates what the strong answer is better by on a request with one graded answer: the models' mean grades,
corrected by how far off the given one is (doubly robust; Dudik, Langford and Li, ICML 2011, equation 2); with
both grades it is their difference. A policy that sends other requests strong is worth the gains of those it
sends strong, less the gains of those it no longer does.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.resampling import Estimate, estimate, resamples
from shared_router.feedback.logged_feedback import LoggedFeedback
from shared_router.proof.off_policy import MAX_WEIGHT

Floats = NDArray[np.float64]
Sent = NDArray[np.float64]
"""The share of requests like each row that goes strong, shape (n,), in [0, 1]; 0 and 1 are certain."""


def value_difference(
    rows: LoggedFeedback, new: Sent, old: Sent, *, n_resamples: int = 1000, seed: int = 0
) -> Estimate:
    """Return how much better the mean grade is under one policy than under another, with a 95 % interval.

    Args:
        rows: Graded answers; neither policy may have learned from them.
        new: Where the one sends them.
        old: Where the other does.
        n_resamples: What the interval rests on.
        seed: Draws it.
    """
    weights = _trust(rows)
    gained = (new - old) * estimated_gains(rows) * weights
    groups = np.unique(np.array(rows.prompts), return_inverse=True)[1]
    drawn = [
        (counts.T @ gained) / np.maximum(counts.T @ weights, 1e-12)
        for counts in resamples(groups, n_resamples, seed=seed)
    ]
    return estimate(float(gained.sum() / weights.sum()), np.concatenate(drawn))


def estimated_gains(rows: LoggedFeedback) -> Floats:
    """Return what the strong answer is estimated to be better by on each row, shape (n,)."""
    sign = np.where(rows.strong, 1.0, -1.0)
    own, other = _means(rows, rows.strong), _means(rows, ~rows.strong)
    single = sign * (own - other) + sign * (rows.score - own) * np.minimum(1 / rows.propensity, MAX_WEIGHT)
    gains: Floats = np.where(rows.both, sign * (rows.score - np.nan_to_num(rows.other_score)), single)
    return gains


def _trust(rows: LoggedFeedback) -> Floats:
    """Return how much each row counts: those with one grade less by how much wilder their gains are."""
    squares = (np.minimum(1 / rows.propensity, MAX_WEIGHT) ** 2)[~rows.both]
    trust: Floats = np.where(rows.both, 1.0, 1 / squares.mean() if len(squares) else 1.0) * rows.weights
    return trust


def _means(rows: LoggedFeedback, strong: NDArray[np.bool_]) -> Floats:
    """Return the mean grade of each row's model, or of the other one, told by the half it is not in."""
    half = np.arange(len(rows)) % 2 == 0
    means = np.empty(len(rows))
    for part in (half, ~half):
        for side in (True, False):
            told = (
                ~part & (rows.strong == side)
                if (~part & (rows.strong == side)).any()
                else rows.strong == side
            )
            known = rows.score[told]
            weights = (rows.weights * np.minimum(1 / rows.propensity, MAX_WEIGHT))[told]
            means[part & (strong == side)] = np.average(known, weights=weights) if len(known) else 0.5
    return means
