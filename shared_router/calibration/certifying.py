"""How many prompts may go weak by a promise: cuts tested one after the other, the last that holds.

`by_quality` says why one test after the other at the whole level is valid.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.betting import log_purse, rows_needed
from shared_router.calibration.clopper_pearson import p_values, rows_without_failure
from shared_router.calibration.promise import Promise
from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

_SHARE_STARTS = tuple((place / 20, 0.24 if place == 5 else 0.04) for place in range(1, 21))
_MEAN_STARTS = ((0.0, 0.8), (0.25, 0.1), (0.5, 0.1))
"""Where sequences begin, as a share of lowest scores, and the part of the level that each begins with."""
_MOST_NEEDED = 10_000_000
"""Prompts that nobody grades: a need of more is no number that would do."""


@dataclass(frozen=True, slots=True)
class Certificate:
    """What could be shown.

    Attributes:
        cut: How many of the prompts go weak.
        guaranteed: Whether anything was shown; the cut is 0 where not.
        n_needed: About how many prompts would show something where nothing was; None where no number would.
    """

    cut: int
    guaranteed: bool
    n_needed: int | None = None


def certify(promise: Promise, gain: Floats, possible: Flags, *, confidence: float, seed: int) -> Certificate:
    """Return the last cut of the sequence that is shown to keep a promise.

    Args:
        promise: The bound.
        gain: What the strong answer is better by, in [-1, 1], lowest score first, shape (n,).
        possible: Which of the cuts k = 0..n a threshold makes, shape (n + 1,).
        confidence: How sure it must be, in (0, 1).
        seed: Draws the rows that tell the bets.

    Raises:
        InvalidInputError: If there are fewer prompts than would do with the best of grades; the message says
            how many are missing.
    """
    if promise.method == "max_regret":
        return _certify_share(promise, gain, possible, confidence)
    if_weak, if_strong = promise.losses(gain)
    bounds = {"most": promise.most, "largest": promise.largest, "confidence": confidence}
    # the best of grades: nothing is lost, or everything there is to win is won
    best = np.array([0.0 if promise.method == "max_drop" else -(1 - promise.target)])
    least = rows_needed(best, **bounds)
    if least is not None:
        _check_enough(len(gain), least, promise, confidence)
    purse = log_purse(if_weak, if_strong, **bounds, seed=seed)
    starts = [(int(share * len(gain)), part * (1 - confidence)) for share, part in _MEAN_STARTS]
    last = _last_of_sequences(lambda level: purse >= math.log(1 / level), possible, starts)
    if last is not None:
        return Certificate(last, guaranteed=True)
    return Certificate(0, guaranteed=False, n_needed=_sane(rows_needed(if_strong, **bounds)))


def _certify_share(promise: Promise, gain: Floats, possible: Flags, confidence: float) -> Certificate:
    n, share = len(gain), promise.target - promise.judge_error
    _check_enough(n, rows_without_failure(share, confidence=confidence), promise, confidence)
    starts = []
    for place, part in _SHARE_STARTS:
        level = part * (1 - confidence)
        least = rows_without_failure(share, confidence=1 - level)
        starts.append((min(n, max(int(place * n), least)), level))
    failed = Promise("max_regret", share).losses(gain)[0] > 0
    unlikely = p_values(failed, share)
    last = _last_of_sequences(lambda level: unlikely <= level, possible, starts)
    if last is not None:
        return Certificate(last, guaranteed=True)
    needed = [
        found
        for start, level in starts
        if (found := _rows_for_share(int(failed[:start].sum()), start, n, share, 1 - level)) is not None
    ]
    return Certificate(0, guaranteed=False, n_needed=min(needed, default=None))


def _check_enough(n: int, least: int, promise: Promise, confidence: float) -> None:
    if n < least:
        raise InvalidInputError(
            f"{promise.method}={promise.target:g} with confidence {confidence:g} needs at least {least:,} "
            f"graded prompts even where every grade is as good as can be, got {n:,}: {least - n:,} are "
            "missing"
        )


def _last_of_sequences(
    passes: Callable[[float], Flags], possible: Flags, starts: Sequence[tuple[int, float]]
) -> int | None:
    """Return the last possible cut that one of the sequences reaches, or None where none begins.

    A sequence that reaches the next one's start lends it its level, and one that has failed lends nothing.

    Args:
        passes: Which cuts pass at a level, shape (n + 1,).
        possible: Which cuts a threshold makes, shape (n + 1,).
        starts: Each sequence's first cut, rising, and its level.
    """
    last, level = None, 0.0
    for (start, own), end in zip(starts, [*(start for start, _ in starts[1:]), len(possible)], strict=True):
        level += own
        places = np.flatnonzero(possible[start:end]) + start
        if not len(places):
            continue
        held = passes(level)[places]
        n_held = len(held) if held.all() else int(held.argmin())
        if n_held:
            last = int(places[n_held - 1])
        if n_held < len(held):
            level = 0.0
    return last


def _rows_for_share(failures: int, weak: int, n: int, share: float, confidence: float) -> int | None:
    """Return how many prompts would do if their share of failures at a start stayed what it is.

    By the normal curve: z^2 share (1 - share) / (share - rate)^2 rows at the start, 3 / (share - rate) more
    because failures are whole numbers, and not fewer than no failure needs.
    """
    rate = failures / weak
    if rate >= share:
        return None
    z = NormalDist().inv_cdf(confidence)
    rows = z**2 * share * (1 - share) / (share - rate) ** 2 + 3 / (share - rate)
    least = rows_without_failure(share, confidence=confidence)
    return _sane(math.ceil(max(rows, least) * n / weak))


def _sane(n: int | None) -> int | None:
    return None if n is None or n > _MOST_NEEDED else n
