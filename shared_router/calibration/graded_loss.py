"""The loss that a `ThresholdChoice` promised to bound, one graded request at a time."""

from __future__ import annotations

from dataclasses import dataclass

from shared_router.calibration.choice import ThresholdChoice


@dataclass(frozen=True, slots=True)
class GradedLoss:
    """A loss whose mean is bounded.

    Attributes:
        method: `"max_drop"`: (strong - weak) of a request that went weak, else 0. `"max_regret"`: of those
            that went weak, 1 where the weak answer was worse, else 0. `"min_pgr"`: (strong - routed) -
            (1 - target) (strong - weak).
        target: The figure that was promised.
    """

    method: str
    target: float

    @classmethod
    def of(cls, choice: ThresholdChoice | None) -> GradedLoss | None:
        """Return the loss that a choice bounds; None where it bounds none."""
        if choice is None or not choice.guaranteed:
            return None
        return cls(choice.method, choice.target)

    @property
    def bound(self) -> float:
        """What the mean loss is at most."""
        return 0.0 if self.method == "min_pgr" else self.target

    @property
    def least(self) -> float:
        """The least that a loss can be, for grades in [0, 1]."""
        return 0.0 if self.method == "max_regret" else -1.0

    def loss(self, *, strong: float, weak: float, went_strong: bool) -> float | None:
        """Return a request's loss; None where the promise is not about it.

        Args:
            strong: The grade of the strong model's answer, in [0, 1].
            weak: The grade of the weak model's answer, in [0, 1].
            went_strong: Where the request went.
        """
        if self.method == "max_regret":
            return None if went_strong else float(strong > weak)
        gap = strong - weak
        given_up = 0.0 if went_strong else gap
        return given_up if self.method == "max_drop" else given_up - (1 - self.target) * gap
