"""One policy's way to its router: within a time, not while it is down, and with every failure counted."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Sequence
from typing import TypeVar

from shared_router.choices import is_number, shown
from shared_router.errors import InvalidInputError, RouterTimeoutError, RouterUnavailableError
from shared_router.router import Router
from shared_router.scoring.breaker import Breaker
from shared_router.scoring.each import is_about_input, score_each
from shared_router.scoring.failures import Failures, RouterHealth
from shared_router.scoring.questions import Question
from shared_router.scoring.workers import Workers, wait

T = TypeVar("T")
Outcomes = list[float | Exception]

ROUTER_TIMEOUT_S = 2.0
QUERIES_A_TIMEOUT = 8
"""A batch is given the timeout once for every so many queries."""

QUERIES_ON_THE_LOOP = 8
"""So many are asked at once where a router does not block: a millisecond's work of the shipped one."""


class RouterGuard:
    """Ask a router so that it can hold no request up, and so that nobody's bad query shuts it off.

    Errors over one query are that query's. Errors of a service, and answers that take too long, count
    towards the breaker. A router that does not block is asked where the caller stands, without a time limit;
    one that does in threads of the guard's own.

    Args:
        timeout_s: How long a router that blocks may take, in seconds, > 0, for up to 8 queries, and as long
            again for each 8 more; None waits for ever.
        breaker: What stops asking; None makes one.

    Raises:
        InvalidInputError: If the timeout is outside its rule.
    """

    def __init__(self, timeout_s: float | None = ROUTER_TIMEOUT_S, *, breaker: Breaker | None = None) -> None:
        if timeout_s is not None and not (is_number(timeout_s) and timeout_s > 0):
            raise InvalidInputError(f"router_timeout must be seconds > 0 or None, got {shown(timeout_s)}")
        self.timeout_s = timeout_s
        self._breaker = breaker or Breaker()
        self._workers = Workers()
        self._failures = Failures()

    @property
    def health(self) -> RouterHealth:
        """How the router has done so far."""
        return RouterHealth(self._failures.scored, self._failures.by_class, self._breaker.state)

    def score(self, router: Router, queries: Sequence[Question]) -> Outcomes:
        """Return n win probabilities, or in a query's place the error that it got none for."""
        if not self._breaker.admits():
            return self._refused(router, queries)
        limit = self._limit(len(queries)) if router.blocking else None
        if limit is None:
            return self._counted(router, score_each(router, queries))
        until = time.monotonic() + limit
        future = self._workers.submit(lambda: score_each(router, queries, until=until))
        if wait([future], limit):
            return self._counted(router, future.result())
        return self._late(router, queries, began=not future.cancel())

    async def ascore(self, router: Router, queries: Sequence[Question]) -> Outcomes:
        """Do what `score` does, off the event loop where the router blocks, else a few queries at a time."""
        import asyncio  # here, for a program without a loop would wait 20 ms for it

        if not router.blocking:
            outcomes = self.score(router, queries[:QUERIES_ON_THE_LOOP])
            for start in range(QUERIES_ON_THE_LOOP, len(queries), QUERIES_ON_THE_LOOP):
                await asyncio.sleep(0)  # whoever else waits for the loop goes first
                outcomes += self.score(router, queries[start : start + QUERIES_ON_THE_LOOP])
            return outcomes
        if not self._breaker.admits():
            return self._refused(router, queries)
        limit = self._limit(len(queries))
        until = math.inf if limit is None else time.monotonic() + limit
        future = self._workers.submit(lambda: score_each(router, queries, until=until))
        scoring = asyncio.wrap_future(future)
        try:
            done, _ = await asyncio.wait([scoring], timeout=limit)
        except asyncio.CancelledError:
            scoring.cancel()
            raise
        if done:
            return self._counted(router, scoring.result())
        began = not future.cancel()
        scoring.cancel()
        return self._late(router, queries, began=began)

    async def run(self, call: Callable[[], T]) -> T:
        """Run what can block, such as loading the router, off the event loop and without a time limit."""
        from asyncio import wrap_future

        return await wrap_future(self._workers.submit(call))

    def _limit(self, n_queries: int) -> float | None:
        if self.timeout_s is None:
            return None
        return self.timeout_s * math.ceil(n_queries / QUERIES_A_TIMEOUT)

    def _counted(self, router: Router, outcomes: Outcomes) -> Outcomes:
        errors = [each for each in outcomes if not isinstance(each, float)]
        if len(errors) < len(outcomes):
            self._breaker.succeeded()
        elif not all(is_about_input(error) for error in errors):
            self._breaker.failed()
        self._failures.add(router.name, errors, n_scored=len(outcomes) - len(errors))
        return outcomes

    def _late(self, router: Router, queries: Sequence[Question], *, began: bool) -> Outcomes:
        error = RouterTimeoutError(
            f"a router must answer within router_timeout ({self.timeout_s} s), and {router.name} "
            + ("did not" if began else "was still at work for others")
        )
        errors = [error] * len(queries)
        if began:  # a question that waited in line says nothing of the router
            return self._counted(router, [*errors])
        self._failures.add(router.name, errors)
        return [*errors]

    def _refused(self, router: Router, queries: Sequence[Question]) -> Outcomes:
        error = RouterUnavailableError(
            f"a router must answer, and {router.name} has failed {self._breaker.failures} times in a row; "
            f"it is tried again every {self._breaker.open_seconds:g} s"
        )
        errors = [error] * len(queries)
        self._failures.add(router.name, errors)
        return [*errors]
