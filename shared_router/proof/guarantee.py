"""Whether a promise of quality was kept, by calls that both models answered."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.promise import Promise
from shared_router.proof.bounded_mean import mean_of_sample
from shared_router.proof.routed_calls import RoutedCalls

_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Guarantee:
    """A promise, and what the calls say of it.

    Attributes:
        method: Which loss was promised to be small: `max_drop`, `min_pgr` or `max_regret`.
        target: The bound as it was given.
        holds: Whether the loss is within it with 95 % confidence; False where it is surely above, None where
            the calls cannot tell.
        loss: The mean loss on the calls, `min_pgr` counted so that 0 keeps it; None where no grade tells.
        interval: Its 95 % interval.
        most: What the loss may be.
    """

    method: str
    target: float
    holds: bool | None
    loss: float | None
    interval: tuple[float, float] | None
    most: float


def guarantee_of(calls: RoutedCalls, promise: Promise) -> Guarantee:
    """Hold a promise against calls whose shadows are graded.

    Args:
        calls: The answered calls.
        promise: What was promised.
    """
    weak = ~calls.strong
    parts = [(weak, 1.0 if promise.method == "max_regret" else float(weak.mean()), 0)]
    if promise.method == "min_pgr":
        parts.append((calls.strong, float(calls.strong.mean()), 1))
    parts = [part for part in parts if part[1] > 0 and part[0].any()]
    confidence = 1 - (1 - _CONFIDENCE) / max(len(parts), 1)
    sums = np.zeros(3)
    for rows, share, side in parts:
        graded = rows & calls.compared
        if not graded.any():
            return Guarantee(promise.method, promise.target, None, None, None, promise.most)
        sums += share * np.array(_loss(calls, graded, promise, side, confidence))
    mean, low, high = sums.tolist()
    holds = True if high <= promise.most else False if low > promise.most else None
    return Guarantee(promise.method, promise.target, holds, mean, (low, high), promise.most)


def _loss(
    calls: RoutedCalls, graded: NDArray[np.bool_], promise: Promise, side: int, confidence: float
) -> tuple[float, float, float]:
    """Return the mean loss of calls that went weak (side 0) or strong (side 1), with its interval."""
    other, own = calls.other_score[graded], calls.score[graded]
    losses = promise.losses(other - own if side == 0 else own - other)[side]
    largest = promise.largest
    return mean_of_sample(losses, calls.weights(graded), low=-largest, high=largest, confidence=confidence)
