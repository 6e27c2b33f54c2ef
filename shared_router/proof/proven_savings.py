"""What routing saved in a period, and what it cost in quality, each with a 95 % interval.

    saved   = sum over weak calls of (what strong would have cost - what weak cost)
    quality = - share of weak calls * mean over weak calls of (strong's grade - weak's grade)

What the strong model would have made of a weak call is known for a random sample, the shadows; calls that it
answered are as they were, and what a cascade's weak answers cost that were not used is taken off. Dollars
have an interval that knows how skewed bills are (`strong_bill`), grades one that holds for any distribution
in [0, 1] (`bounded_mean`). Without a shadow that is graded, users' feedback tells the quality where the
policy left something to chance: each answer counts by one over the probability of its model, with the mean
grade as a control (doubly robust: Dudik, Langford and Li, 2011).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.promise import Promise
from shared_router.errors import DataError
from shared_router.proof.bounded_mean import mean_of_sample
from shared_router.proof.guarantee import Guarantee, guarantee_of
from shared_router.proof.off_policy import feedback_change
from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.skewed_mean import FEWEST, skewed_mean_interval
from shared_router.proof.strong_bill import mean_strong_bill

Floats = NDArray[np.float64]
Interval = tuple[float, float]
QualityBy = Literal["shadow", "feedback"]


@dataclass(frozen=True, slots=True)
class ProvenSavings:
    """What routing saved, and what it cost in quality, beside asking the strong model each time.

    Attributes:
        saved_dollars: An estimate; negative where routing cost more.
        saved_interval: Its 95 % interval.
        quality_change: How much the mean grade changed, in [-1, 1], negative is worse; None where no grade
            tells.
        quality_interval: Its 95 % interval.
        quality_by: What told it.
        n_calls: How many calls were answered.
        n_weak: How many of them not by the strong model.
        n_shadows: How many of these the strong model was asked too, with a known price.
        n_graded: How many answers the quality rests on.
        bill: What the calls cost, in dollars.
        shadow_dollars: What the shadows cost beside it, as far as known.
        guarantee: Whether a promise is kept; None where none was asked about.
    """

    saved_dollars: float
    saved_interval: Interval
    quality_change: float | None
    quality_interval: Interval | None
    quality_by: QualityBy | None
    n_calls: int
    n_weak: int
    n_shadows: int
    n_graded: int
    bill: float
    shadow_dollars: float
    guarantee: Guarantee | None = None

    @property
    def all_strong_dollars(self) -> float:
        """What the calls would have cost by the strong model alone: an estimate."""
        return self.bill + self.saved_dollars

    @property
    def saved_share(self) -> float:
        """The share of that bill that was saved, at most 1; 0 where there was none."""
        return self.saved_dollars / self.all_strong_dollars if self.all_strong_dollars > 0 else 0.0


def proven_savings(calls: RoutedCalls, *, promise: Promise | None = None, seed: int = 0) -> ProvenSavings:
    """Estimate what routing saved and what it cost in quality.

    Args:
        calls: The answered calls of a period, each with its dollars.
        promise: A promise to hold against them (`promise_of`).
        seed: Draws what the dollars' interval rests on.

    Returns:
        Both with intervals; no quality where no grade tells it.

    Raises:
        DataError: If there is no call, a call has no dollars, or too few weak calls have a shadow.
    """
    if not len(calls):
        raise DataError("a saving must be of answered calls, got none in this period")
    if np.isnan(calls.dollars).any():
        raise DataError(
            f"each call must have its dollars, and {int(np.isnan(calls.dollars).sum())} of {len(calls)} have "
            "none; give prices to the adapter, or --prices MODEL=IN,OUT"
        )
    shadowed = ~calls.strong & ~np.isnan(calls.other_dollars)
    saved, saved_interval = _saved(calls, shadowed, seed)
    change, interval, by, n_graded = _quality(calls)
    return ProvenSavings(
        saved_dollars=saved,
        saved_interval=saved_interval,
        quality_change=change,
        quality_interval=interval,
        quality_by=by,
        n_calls=len(calls),
        n_weak=int((~calls.strong).sum()),
        n_shadows=int(shadowed.sum()),
        n_graded=n_graded,
        bill=float(calls.dollars.sum()),
        shadow_dollars=float(np.nansum(calls.other_dollars)),
        guarantee=None if promise is None else guarantee_of(calls, promise),
    )


def _saved(calls: RoutedCalls, shadowed: NDArray[np.bool_], seed: int) -> tuple[float, Interval]:
    n_weak, spent = int((~calls.strong).sum()), float(calls.dollars[~calls.strong].sum())
    if not n_weak:
        return 0.0, (0.0, 0.0)
    if shadowed.sum() < min(FEWEST, n_weak):
        raise DataError(
            f"what the strong model would have cost must be known of {FEWEST} weak calls or more, got "
            f"{int(shadowed.sum())}; let it answer some of them too, Shadow(share=0.02), or a larger share; "
            "where shadows have no dollars give prices to the adapter, or --prices MODEL=IN,OUT"
        )
    mean, low, high = mean_strong_bill(calls, shadowed, seed=seed)
    in_vain, least, most = _in_vain(calls, seed)
    saved = n_weak * mean - spent - in_vain
    return saved, (n_weak * low - spent - most, n_weak * high - spent - least)


def _in_vain(calls: RoutedCalls, seed: int) -> tuple[float, float, float]:
    """Return what weaker models' unused answers cost, as those cost that were used, with its interval."""
    n, used = int(calls.in_vain.sum()), calls.dollars[~calls.strong]
    if not n or len(used) < FEWEST:
        return 0.0, 0.0, 0.0
    mean, low, high = skewed_mean_interval(used, of=len(used) + n, seed=seed)
    return n * mean, n * low, n * high


def _quality(calls: RoutedCalls) -> tuple[float | None, Interval | None, QualityBy | None, int]:
    weak_share = float((~calls.strong).mean())
    if weak_share == 0:
        return 0.0, (0.0, 0.0), "shadow", 0
    graded = ~calls.strong & calls.compared
    if graded.any():
        gains = (calls.other_score - calls.score)[graded]
        mean, low, high = mean_of_sample(gains, calls.weights(graded), low=-1.0, high=1.0)
        return -weak_share * mean, (-weak_share * high, -weak_share * low), "shadow", int(graded.sum())
    told = feedback_change(calls)
    return (None, None, None, 0) if told is None else (told.value, told.interval, "feedback", told.n)
