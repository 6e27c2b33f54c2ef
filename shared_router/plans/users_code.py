"""A user's own code, such as a scorer: within a time, off the event loop, whatever it raises."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

from shared_router.errors import ScorerOutputError, ScorerTimeoutError
from shared_router.plans.deadline import Deadline, check_seconds
from shared_router.scoring.workers import Workers, wait

logger = logging.getLogger(__name__)

T = TypeVar("T")

_AT_ONCE_S = 5e-4
"""What fast code takes, and an event loop may stand still for."""


class UsersCode:
    """Call one object of a user's.

    Code that does not block is called where the caller stands, without a time limit; code that does in
    threads of this object's own.

    Args:
        kind: What it is, such as `"scorer"`.
        name: What it is called.
        blocking: Whether it can take longer than a millisecond.
        timeout_s: How long one call may take, in seconds, > 0; None waits as long as the plan may.

    Raises:
        InvalidInputError: If the timeout is outside its rule.
    """

    def __init__(self, kind: str, name: str, *, blocking: bool, timeout_s: float | None) -> None:
        check_seconds(f"{kind}_timeout", timeout_s)
        self.kind = kind
        self.name = name
        self.blocking = blocking
        self.timeout_s = timeout_s
        self._workers = Workers(32)
        self._was_at_once = True

    def call(self, code: Callable[[], T], deadline: Deadline) -> T | Exception:
        """Return what the code returned, or raised."""
        if not self.blocking:
            return self._called(code)
        future = self._workers.submit(lambda: self._called(code))
        limit = self._limit(deadline)
        return future.result() if wait([future], limit) else self._late(future, limit)

    async def acall(self, code: Callable[[], T], deadline: Deadline) -> T | Exception:
        """Return what the code returned, or raised, off the event loop where it blocks."""
        if not self.blocking:
            return self._called(code)
        future = self._workers.submit(lambda: self._called(code))
        limit = self._limit(deadline)
        # the loop's own round takes longer than fast code; slow code must not hold the loop up twice
        if self._was_at_once and wait([future], _AT_ONCE_S):
            return future.result()
        self._was_at_once = False
        import asyncio  # here, for a program without a loop would wait 20 ms for it

        calling = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait([calling], timeout=limit)
        except asyncio.CancelledError:
            calling.cancel()
            raise
        if done:
            return calling.result()
        calling.cancel()
        return self._late(future, limit)

    def _called(self, code: Callable[[], T]) -> T | Exception:
        start = time.perf_counter()
        try:
            found = code()
        # whatever a user's own code raises: a plan decides what follows
        except Exception as error:  # noqa: BLE001
            logger.warning("%s %s gave nothing: %s", self.kind, self.name, type(error).__name__)
            return _raisable(error, self.kind)
        self._was_at_once = time.perf_counter() - start < _AT_ONCE_S
        return found

    def _limit(self, deadline: Deadline) -> float | None:
        limits = [each for each in (self.timeout_s, deadline.left) if each is not None]
        return min(limits) if limits else None

    def _late(self, future: Future[T | Exception], limit: float | None) -> ScorerTimeoutError:
        future.cancel()
        logger.warning("%s %s took longer than %.3g s", self.kind, self.name, limit or 0.0)
        rule = "the deadline" if self.timeout_s is None else f"{self.kind}_timeout and the deadline"
        return ScorerTimeoutError(
            f"a {self.kind} must answer within {rule} ({limit:g} s), and {self.name} did not"
        )


def _raisable(error: Exception, kind: str) -> Exception:
    """Exchange the one error that no generator can raise."""
    if not isinstance(error, StopIteration):
        return error
    exchanged = ScorerOutputError(f"a {kind} must return what it should, got StopIteration")
    exchanged.__cause__ = error
    return exchanged
