"""What quality is promised: one of three bounds, and how far the grades that show it can be trusted."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_share
from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Promise:
    """A bound on the loss of quality.

    With a judge whose verdict on two answers is wrong with probability e, what is the worst that an error
    hides is added to a loss wherever a verdict is in it: 1 e of a share that is counted, and 2 e of a mean,
    for a gain of 1 may have been judged -1.

    Attributes:
        method: Which loss is bounded.
        target: `max_drop`, `min_pgr` or `max_regret` as asked, in (0, 1).
        judge_error: e, in [0, 1); 0 for grades that are the truth.
    """

    method: Literal["max_drop", "min_pgr", "max_regret"]
    target: float
    judge_error: float = 0.0

    @property
    def most(self) -> float:
        """What the mean loss may be: `losses` are counted so that `min_pgr` is a bound of 0."""
        return 0.0 if self.method == "min_pgr" else self.target

    @property
    def largest(self) -> float:
        """What no loss is above."""
        hidden = self.judge_error * (1 if self.method == "max_regret" else 2)
        # a gain of 1 sent weak, or one of -1 sent strong, which min_pgr counts by the rest
        return (max(self.target, 1 - self.target) if self.method == "min_pgr" else 1.0) * (1 + hidden)

    def losses(self, gain: Floats) -> tuple[Floats, Floats]:
        """Return each prompt's loss where it goes weak, and where it goes strong.

        Args:
            gain: What the strong answer is better by, shape (n,), in [-1, 1].
        """
        if self.method == "max_drop":
            return gain + 2 * self.judge_error, np.zeros_like(gain)
        if self.method == "min_pgr":
            kept, given_up = self.target, 1 - self.target
            return kept * (gain + 2 * self.judge_error), given_up * (2 * self.judge_error - gain)
        lost = (gain > _EQUAL).astype(np.float64)
        return lost + self.judge_error, np.zeros_like(gain)


_EQUAL = 1e-12
"""Grades that differ by less were equal before they were mapped to [0, 1]."""


def promise_of(
    *, max_drop: float | None, min_pgr: float | None, max_regret: float | None, judge_agreement: float | None
) -> Promise:
    """Return the promise that was asked for.

    Raises:
        InvalidInputError: If not exactly one is given, one is outside (0, 1), or the judge's errors alone
            break it.
    """
    given = {"max_drop": max_drop, "min_pgr": min_pgr, "max_regret": max_regret}
    asked = [name for name, value in given.items() if value is not None]
    if len(asked) != 1:
        raise InvalidInputError(
            f"one of max_drop, min_pgr and max_regret must be given, got {asked or 'none'}"
        )
    (method,) = asked
    check_share(method, given[method], open_ends=True)
    target = float(given[method])  # type: ignore[arg-type]
    if judge_agreement is None:
        return Promise(method, target)  # type: ignore[arg-type]
    check_share("judge_agreement", judge_agreement)
    error = 1 - float(judge_agreement)
    if method == "max_regret" and error >= target - _EQUAL:
        raise InvalidInputError(
            f"max_regret must be above the judge's own errors, a share of {error:.3g}, got {target:g}; grade "
            "by a better judge, or ask for max_drop"
        )
    return Promise(method, target, error)  # type: ignore[arg-type]
