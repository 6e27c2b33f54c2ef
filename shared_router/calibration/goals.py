"""What a moving threshold holds: a share of strong, or dollars an hour."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from shared_router.choices import is_amount, shown
from shared_router.errors import InvalidInputError
from shared_router.quantiles import check_strong_fraction

_SECONDS_AN_HOUR = 3600.0


class Goal(Protocol):
    """What one decision, and the time that goes by, do to the share that may go strong."""

    @property
    def start(self) -> float:
        """The share to begin with, in [0, 1]."""

    def debit(self, model: str, *, strong: bool) -> float:
        """Return what a decision takes from the share, in steps."""

    def credit(self, seconds: float) -> float:
        """Return what time adds to it, in steps."""

    def dollars(self, model: str) -> float:
        """Return what a request to a model costs; 0 where nobody has said."""


@dataclass(frozen=True, slots=True)
class ShareGoal:
    """Hold a share of strong, in [0, 1]."""

    strong_fraction: float

    @property
    def start(self) -> float:
        """The share itself."""
        return self.strong_fraction

    def debit(self, model: str, *, strong: bool) -> float:
        """Return (1 if strong else 0) - share."""
        del model
        return float(strong) - self.strong_fraction

    def credit(self, seconds: float) -> float:
        """Return 0: only decisions count."""
        del seconds
        return 0.0

    def dollars(self, model: str) -> float:
        """Return 0: nobody has said."""
        del model
        return 0.0


@dataclass(frozen=True, slots=True)
class DollarsGoal:
    """Hold dollars an hour, > 0, where a request costs these dollars by model."""

    dollars_per_hour: float
    by_model: Mapping[str, float]

    @property
    def start(self) -> float:
        """A half: what an hour's traffic will cost is not known yet."""
        return 0.5

    def debit(self, model: str, *, strong: bool) -> float:
        """Return its dollars over what the dearest costs more than the cheapest."""
        del strong
        return self.dollars(model) / self._gap

    def credit(self, seconds: float) -> float:
        """Return the dollars of that time, likewise."""
        return self.dollars_per_hour * seconds / _SECONDS_AN_HOUR / self._gap

    def dollars(self, model: str) -> float:
        """Return what a request to the model costs."""
        return self.by_model[model]

    @property
    def _gap(self) -> float:
        return max(self.by_model.values()) - min(self.by_model.values())


def goal_of(
    strong_fraction: float | None, dollars_per_hour: float | None, dollars: Mapping[str, float] | None
) -> Goal:
    """Return the goal that the arguments describe.

    Raises:
        InvalidInputError: If they describe none or two, or one is outside its rule.
    """
    if (strong_fraction is None) == (dollars_per_hour is None):
        raise InvalidInputError(
            "a moving threshold must be given a strong_fraction or dollars_per_hour, got "
            + ("neither" if strong_fraction is None else "both")
        )
    if strong_fraction is not None:
        check_strong_fraction(strong_fraction)
        if dollars is not None:
            raise InvalidInputError("dollars must go with dollars_per_hour, got a strong_fraction")
        return ShareGoal(float(strong_fraction))
    if not is_amount(dollars_per_hour) or not float(dollars_per_hour) > 0:  # type: ignore[arg-type]
        raise InvalidInputError(f"dollars_per_hour must be dollars > 0, got {shown(dollars_per_hour)}")
    if not isinstance(dollars, Mapping) or len(dollars) < 2 or not all(map(is_amount, dollars.values())):
        raise InvalidInputError(
            "dollars_per_hour needs dollars={...}: what one request to each model costs on average"
        )
    costs = {name: float(each) for name, each in dollars.items()}
    if len(set(costs.values())) == 1:
        raise InvalidInputError("dollars must differ between models, or no threshold changes what is spent")
    return DollarsGoal(float(dollars_per_hour), costs)  # type: ignore[arg-type]
