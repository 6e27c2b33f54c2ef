"""Asking a router, which is a user's own code: one query that it fails on must not cost the others."""

from __future__ import annotations

from collections.abc import Sequence

from shared_router.errors import RouterOutputError
from shared_router.router import Router, check_win_probabilities


def score_each(router: Router, queries: Sequence[str]) -> list[float | Exception]:
    """Score all queries at once; after a failure, one by one, so that only the query at fault pays.

    Args:
        router: The router to ask.
        queries: n texts, cleaned.

    Returns:
        n win probabilities in [0, 1], or what the router raised in the place of the query it failed on.
    """
    try:
        return list(check_win_probabilities(router.win_probability(queries), len(queries)))
    # A router may raise anything; a policy's on_router_error is the documented answer.
    except Exception as error:  # noqa: BLE001
        if len(queries) == 1:
            return [_awaitable(error)]
        return [outcome for query in queries for outcome in score_each(router, [query])]


def _awaitable(error: Exception) -> Exception:
    """Exchange the one error that asyncio cannot carry out of a thread: its awaiter would wait for ever."""
    if not isinstance(error, StopIteration):
        return error
    exchanged = RouterOutputError("a router must return numbers, got StopIteration")
    exchanged.__cause__ = error
    return exchanged
