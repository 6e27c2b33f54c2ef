"""A circuit breaker: what has failed several times in a row is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Literal

BreakerState = Literal["closed", "open", "half_open"]


class Breaker:
    """Admit calls until several in a row have failed; then one probe now and then, until one succeeds.

    It may be asked from several threads. A copy or a pickle begins closed.

    Args:
        failures: How many failures in a row open it, >= 1.
        open_seconds: How long it stays open before a probe is admitted, > 0; so long goes by between two.
        clock: Tells the time in seconds.
    """

    def __init__(
        self, *, failures: int = 3, open_seconds: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self.failures = failures
        self.open_seconds = open_seconds
        self._clock = clock
        self._lock = threading.Lock()
        self._in_a_row = 0
        self._opened_at: float | None = None

    @property
    def state(self) -> BreakerState:
        """Whether all calls are admitted, none, or the next one as a probe."""
        with self._lock:
            if self._opened_at is None:
                return "closed"
            return "open" if self._clock() - self._opened_at < self.open_seconds else "half_open"

    def admits(self) -> bool:
        """Tell whether a call may be made; whoever makes it says how it went."""
        if self._opened_at is None:  # nearly always, and then nothing is changed here
            return True
        with self._lock:
            if self._opened_at is None:
                return True
            now = self._clock()
            if now - self._opened_at < self.open_seconds:
                return False
            # the probe's own wait begins, so that no second one goes with it, also where nobody hears of it
            self._opened_at = now
            return True

    def succeeded(self) -> None:
        """Close: a call has succeeded."""
        if self._in_a_row == 0 and self._opened_at is None:
            return
        with self._lock:
            self._in_a_row = 0
            self._opened_at = None

    def failed(self) -> None:
        """Count a failure, and open at the last one allowed."""
        with self._lock:
            self._in_a_row += 1
            if self._opened_at is None and self._in_a_row >= self.failures:
                self._opened_at = self._clock()

    def __reduce__(self) -> tuple[Callable[[int, float], Breaker], tuple[int, float]]:
        return _breaker, (self.failures, self.open_seconds)


def _breaker(failures: int, open_seconds: float) -> Breaker:
    return Breaker(failures=failures, open_seconds=open_seconds)
