"""What another policy would have saved or cost beside the one at work, from what it would have decided.

    dollars = sum over calls that it would have sent elsewhere of (what they cost - what the other would have)
    quality = share of such calls * mean over them of (the other's grade - the answer's)

What the other model would have made of a call is known of the shadows among these calls. Each side, weak
calls that would have gone strong and strong ones that would have gone weak, has an interval of its own, and
their ends are added.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.proof.bounded_mean import mean_of_sample
from shared_router.proof.logged_calls import LoggedCalls
from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.skewed_mean import FEWEST, skewed_mean_interval

Interval = tuple[float, float]


@dataclass(frozen=True, slots=True)
class WouldSavings:
    """What a policy would have saved beside the one at work, and at what quality.

    Attributes:
        name: The policy's, as `would=` calls it.
        n_calls: How many answered calls it was asked about.
        n_elsewhere: How many of them it would have sent to the other side.
        strong_fraction: The share it would have sent strong, in [0, 1].
        routed_strong_fraction: The share that went strong.
        saved_dollars: How much less these calls would have cost, negative is more; None where too few of them
            have a shadow.
        saved_interval: Its 95 % interval.
        quality_change: How much the mean grade of these calls would have changed, in [-1, 1]; None where no
            graded shadow tells.
        quality_interval: Its 95 % interval.
    """

    name: str
    n_calls: int
    n_elsewhere: int
    strong_fraction: float
    routed_strong_fraction: float
    saved_dollars: float | None
    saved_interval: Interval | None
    quality_change: float | None
    quality_interval: Interval | None

    def as_json(self) -> dict[str, Any]:
        """Return it as what `json.dumps` takes."""
        return asdict(self)


def would_savings(found: LoggedCalls, *, strong: str = "strong", seed: int = 0) -> tuple[WouldSavings, ...]:
    """Estimate what each policy of a log's `would=` would have saved, by its name.

    Args:
        found: The answered calls of a period, each with its dollars.
        strong: The strong model's name.
        seed: Draws what the dollars' intervals rest on.
    """
    names = sorted({name for row in found.rows for name in row.would or {}})
    return tuple(_of(name, found, strong, seed) for name in names)


def _of(name: str, found: LoggedCalls, strong: str, seed: int) -> WouldSavings:
    asked = np.array([name in (row.would or {}) for row in found.rows])
    goes_strong = np.array([(row.would or {}).get(name) == strong for row in found.rows])[asked]
    calls = found.calls.some(asked)
    elsewhere = goes_strong != calls.strong
    dollars, quality = _dollars(calls, elsewhere, found.calls, seed), _quality(calls, elsewhere)
    return WouldSavings(
        name=name,
        n_calls=len(calls),
        n_elsewhere=int(elsewhere.sum()),
        strong_fraction=float(goes_strong.mean()),
        routed_strong_fraction=float(calls.strong.mean()),
        saved_dollars=None if dollars is None else dollars[0],
        saved_interval=None if dollars is None else dollars[1:],
        quality_change=None if quality is None else quality[0],
        quality_interval=None if quality is None else quality[1:],
    )


def _dollars(
    calls: RoutedCalls, elsewhere: NDArray[np.bool_], every: RoutedCalls, seed: int
) -> tuple[float, float, float] | None:
    sums = np.zeros(3)
    shapes = (every.dollars[every.strong], every.dollars[~every.strong])
    for side in (True, False):
        moved = elsewhere & (calls.strong == side)
        n = int(moved.sum())
        if not n:
            continue
        shadowed = moved & ~np.isnan(calls.other_dollars)
        if shadowed.sum() < min(FEWEST, n):
            return None
        bills, weights = calls.other_dollars[shadowed], calls.weights(shadowed)
        mean, low, high = skewed_mean_interval(bills, shapes=shapes, weights=weights, of=n, seed=seed)
        spent = float(calls.dollars[moved].sum())
        sums += spent - n * np.array([mean, high, low])
    return float(sums[0]), float(sums[1]), float(sums[2])


def _quality(calls: RoutedCalls, elsewhere: NDArray[np.bool_]) -> tuple[float, float, float] | None:
    if not elsewhere.any():
        return 0.0, 0.0, 0.0
    sums = np.zeros(3)
    for side in (True, False):
        moved = elsewhere & (calls.strong == side)
        graded = moved & calls.compared
        if not moved.any():
            continue
        if not graded.any():
            return None
        gains = (calls.other_score - calls.score)[graded]
        sums += float(moved.mean()) * np.array(
            mean_of_sample(gains, calls.weights(graded), low=-1.0, high=1.0)
        )
    return float(sums[0]), float(sums[1]), float(sums[2])
