"""What went wrong with a router, counted for whoever asks and told to the log, never with a query's text."""

from __future__ import annotations

import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from shared_router.scoring.breaker import BreakerState

logger = logging.getLogger(__name__)

LOGGED_EVERY_S = 60.0


@dataclass(frozen=True, slots=True)
class RouterHealth:
    """How a policy's router has done so far, in this process.

    Attributes:
        scored: How many questions it gave a score.
        failures: How many it did not, by the error's class; `RouterTimeoutError` where it took too long, and
            `RouterUnavailableError` where it was not asked.
        breaker: `"closed"`: it is asked; `"open"`: it is not; `"half_open"`: the next question tries it.
    """

    scored: int
    failures: Mapping[str, int]
    breaker: BreakerState

    @property
    def failed(self) -> int:
        """How many questions got no score."""
        return sum(self.failures.values())


class Failures:
    """Count outcomes, and log those that failed: the first at once, then at most once a minute.

    It may be asked from several threads. A copy or a pickle begins at 0.

    Args:
        clock: Tells the time in seconds.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self.scored = 0
        self._failures: Counter[str] = Counter()
        self._unlogged: Counter[str] = Counter()
        self._logged_at: float | None = None

    @property
    def by_class(self) -> dict[str, int]:
        """How many questions failed with each class of error."""
        with self._lock:
            return dict(self._failures)

    def add(self, router_name: str, errors: Sequence[Exception], *, n_scored: int = 0) -> None:
        """Count what came of asking for some scores, and tell of failures."""
        with self._lock:
            self.scored += n_scored
            if not errors:
                return
            failed = Counter(type(error).__name__ for error in errors)
            self._failures += failed
            self._unlogged += failed
            now = self._clock()
            if self._logged_at is not None and now - self._logged_at < LOGGED_EVERY_S:
                return
            self._logged_at, due, self._unlogged = now, self._unlogged, Counter()
        logger.warning(
            "router %s gave no score for %d questions: %s",
            router_name,
            due.total(),
            ", ".join(f"{name} {count}" for name, count in due.most_common()),
        )

    def __reduce__(self) -> tuple[type[Failures], tuple[()]]:
        return Failures, ()
