"""What the strong model would have cost on a weak call, on the mean, from the calls that it was asked too.

A call that cost the weak model much would have cost the strong one much, mostly; and what the weak ones cost
is known of all. So the shadows need tell no more than the difference

    strong - k * weak,

which varies less than the bills where k is right, and is as good an estimate where it is not (the difference
estimator of survey sampling: Cochran, Sampling Techniques, 1977, section 7.3). k is what the strong model's
own calls cost over what the weak one's did, or a part of it (its calls are the larger ones), or none; none of
them is told by the shadows, and each has an interval, of which the narrowest is taken. To take it errs where
few shadows hold no large bill, or the strong model's large bills are its own, a long thought of a short
question: then the shadows alone are asked, and so they are below fifty of them.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.skewed_mean import skewed_mean_interval

Floats = NDArray[np.float64]

_PARTS = (0.15, 0.3, 0.5, 0.75, 1.0)
_AS_WILD = 0.8
_FEWEST = 50
"""Calls of either model, and shadows, below which their costs are not compared."""


def mean_strong_bill(
    calls: RoutedCalls, shadowed: NDArray[np.bool_], *, seed: int = 0
) -> tuple[float, float, float]:
    """Return what the strong model would have cost on a weak call, on the mean, with a 95 % interval.

    Args:
        calls: The answered calls.
        shadowed: Which of the weak ones it was asked too, with a known price, shape (n,).
        seed: Draws what the interval rests on.
    """
    theirs, own = calls.dollars[calls.strong], calls.dollars[~calls.strong]
    bills, beside = calls.other_dollars[shadowed], calls.dollars[shadowed]
    shapes, weights = (theirs, own), calls.weights(shadowed)
    found = [skewed_mean_interval(bills, shapes=shapes, weights=weights, of=len(own), seed=seed)]
    if min(len(theirs), len(own), len(bills)) >= _FEWEST and own.mean() > 0 and _as_wild(own, theirs):
        for part in _PARTS:
            k = part * float(theirs.mean() / own.mean())
            difference = skewed_mean_interval(
                bills - k * beside, shapes=shapes, weights=weights, of=len(own), signed=True, seed=seed
            )
            mean, low, high = (k * float(own.mean()) + each for each in difference)
            found.append((mean, max(0.0, low), high))
    return min(found, key=lambda each: each[2] - each[1])


def _as_wild(own: Floats, theirs: Floats) -> bool:
    """Return whether the weak model's bills hold large ones as the strong model's do."""
    spread, strong_spread = (float(each.std() / each.mean()) for each in (own, theirs))
    return spread >= _AS_WILD * strong_spread
