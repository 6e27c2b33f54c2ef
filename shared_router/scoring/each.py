"""Asking a router for many scores at once: one query that it fails on must not cost the others theirs."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence

from shared_router.errors import EmbedderError, NotFittedError, RouterOutputError
from shared_router.router import Router
from shared_router.scoring.covered import with_coverage
from shared_router.scoring.questions import Question, win_probabilities_of
from shared_router.win_probabilities import check_win_probabilities

_ABOUT_INPUT = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    LookupError,
    RouterOutputError,
    RuntimeError,
    StopIteration,
    TypeError,
    ValueError,
)
_REFUSED_INPUT = (400, 413, 422)
"""The HTTP statuses with which a service refuses what it was sent and not who sent it."""

_ONE_BY_ONE = 4
"""So few are asked one by one, which takes no more calls than halving."""


def score_each(
    router: Router, queries: Sequence[Question], *, until: float = math.inf
) -> list[float | Exception]:
    """Score all queries at once; after a failure over one of them, halve the batch to find which.

    A service that is down, or wants another key, fails on any query, so nothing is asked again for its
    errors. Nor is it once every part on the way down to a single query has failed: it is not one input then.

    Args:
        router: The router to ask.
        queries: n texts, cleaned, or for a router that reads them conversations.
        until: When to stop asking again, by `time.monotonic`.

    Returns:
        n win probabilities in [0, 1], or what the router raised in the place of the query it failed on.
    """
    return _Bisection(router, until, len(queries)).scores(queries)


def is_about_input(error: BaseException) -> bool:
    """Tell whether an error may be over one query, and so may not be raised for the others.

    What is neither a service's refusal of its input nor of a kind that code raises over a value is a
    service's: a connection, a status, a key, a file, memory.
    """
    if isinstance(error, NotFittedError):
        return False
    status = getattr(error, "status_code", None)
    if isinstance(status, int):
        return status in _REFUSED_INPUT
    if isinstance(error, EmbedderError):
        return error.__cause__ is None or is_about_input(error.__cause__)
    # tokenizers raises Exception itself
    return isinstance(error, _ABOUT_INPUT) or type(error) is Exception


class _Bisection:
    def __init__(self, router: Router, until: float, n: int) -> None:
        self.router = router
        self.until = until
        self.n = n
        self.failures = 0  # in a row

    def scores(self, queries: Sequence[Question]) -> list[float | Exception]:
        try:
            scores = check_win_probabilities(win_probabilities_of(self.router, queries), len(queries))
            covered = with_coverage(self.router, queries, scores)
        # a router may raise anything; a policy's on_router_error is the documented answer
        except Exception as error:  # noqa: BLE001
            failed = _awaitable(error)
        else:
            self.failures = 0
            return [*covered]
        self.failures += 1
        patience = 2 + math.ceil(math.log2(self.n))
        if len(queries) == 1 or not is_about_input(failed):
            return [failed] * len(queries)
        size = 1 if len(queries) <= _ONE_BY_ONE else -(-len(queries) // 2)
        outcomes: list[float | Exception] = []
        for start in range(0, len(queries), size):
            part = queries[start : start + size]
            go_on = self.failures < patience and time.monotonic() < self.until
            outcomes += self.scores(part) if go_on else [failed] * len(part)
        return outcomes


def _awaitable(error: Exception) -> Exception:
    """Exchange the one error that asyncio cannot carry out of a thread: its awaiter would wait for ever."""
    if not isinstance(error, StopIteration):
        return error
    exchanged = RouterOutputError("a router must return numbers, got StopIteration")
    exchanged.__cause__ = error
    return exchanged
