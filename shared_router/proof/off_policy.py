"""What users' feedback on one answer a request says of the answers that were not given.

An answer that had the probability p of being given speaks for 1 / p requests. That is fair and wild: a model
that gets one request in a hundred speaks by a hundred. So its mean grade stands in for the requests that it
did not get, and each answer corrects it by how far off it was (doubly robust; Dudik, Langford and Li, ICML
2011, equation 2); weights end at a bound, past which an answer speaks for no more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.proof.bounded_mean import bounded_mean_interval
from shared_router.proof.routed_calls import RoutedCalls

Floats = NDArray[np.float64]

MAX_WEIGHT = 100.0
"""What one answer speaks for at most: half of the requests explored at a share of 2 %."""


@dataclass(frozen=True, slots=True)
class FeedbackChange:
    """A change of quality that feedback tells.

    Attributes:
        value: The mean grade less what the strong model's would have been, in [-1, 1].
        interval: Its 95 % interval.
        n: How many answers have feedback.
    """

    value: float
    interval: tuple[float, float]
    n: int


def feedback_change(calls: RoutedCalls) -> FeedbackChange | None:
    """Return how much quality changed by the word of users; None where nothing was left to chance.

    It holds where those who speak are like those who do not: people who complain more than they praise make
    both models look worse, and their difference larger.

    Args:
        calls: The answered calls, with feedback and propensities.
    """
    told = ~np.isnan(calls.feedback) & ~np.isnan(calls.propensity)
    strong, scores, propensity = calls.strong[told], calls.feedback[told], calls.propensity[told]
    # a strong answer that had to be says nothing of requests that go weak
    by_chance = strong & (propensity < 1)
    if not by_chance.any() or strong.all():
        return None
    control = _means_of_others(scores, strong)
    weights = np.minimum(1 / propensity, MAX_WEIGHT)
    changes = np.where(strong, (scores - control) * (1 - weights), scores - control)
    most = float(max(1.0, weights[strong].max() - 1))
    low, high = bounded_mean_interval(changes, low=-most, high=most)
    return FeedbackChange(float(changes.mean()), (max(-1.0, low), min(1.0, high)), int(told.sum()))


def _means_of_others(scores: Floats, strong: NDArray[np.bool_]) -> Floats:
    """Return the strong answers' mean grade in the half of the rows that a row is not in."""
    half = np.arange(len(scores)) % 2 == 0
    overall = scores[strong].mean()
    means = [scores[strong & part] for part in (~half, half)]
    first, second = (float(each.mean()) if len(each) else float(overall) for each in means)
    return np.where(half, first, second)
