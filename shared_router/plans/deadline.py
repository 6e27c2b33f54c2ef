"""When a whole plan must have ended, however many calls it makes."""

from __future__ import annotations

import math
import time
from collections.abc import Callable

from shared_router.choices import is_number, shown
from shared_router.errors import InvalidInputError


class Deadline:
    """Count the time of one plan down, from now on.

    Args:
        seconds: How long the plan may take, > 0; None sets no limit.
        clock: Tells the time in seconds.

    Raises:
        InvalidInputError: If the seconds are none.
    """

    __slots__ = ("_clock", "_until", "seconds")

    def __init__(self, seconds: float | None = None, *, clock: Callable[[], float] = time.monotonic) -> None:
        check_seconds("deadline", seconds)
        self.seconds = seconds
        self._clock = clock
        self._until = math.inf if seconds is None else clock() + seconds

    @property
    def left(self) -> float | None:
        """The seconds that are left, >= 0; None where there is no limit."""
        return None if self.seconds is None else max(0.0, self._until - self._clock())

    @property
    def passed(self) -> bool:
        """Whether no time is left."""
        return self.seconds is not None and self._clock() >= self._until


def check_seconds(name: str, seconds: object) -> None:
    """Check a time limit.

    Args:
        name: What the limit is called in the error.
        seconds: The limit, > 0, or None for none.

    Raises:
        InvalidInputError: If it is neither None nor a number of seconds > 0.
    """
    if seconds is None:
        return
    if not (is_number(seconds) and seconds > 0):
        raise InvalidInputError(f"{name} must be seconds > 0 or None, got {shown(seconds)}")
