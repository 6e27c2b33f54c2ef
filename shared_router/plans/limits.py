"""One call within a plan's deadline: given up when no time is left, whatever it is still doing.

What is given up is not undone: a provider may answer, and bill, a call that nobody waits for.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from contextvars import copy_context
from typing import Any, TypeVar

from shared_router.errors import PlanTimeoutError
from shared_router.plans.deadline import Deadline
from shared_router.scoring.workers import Workers, wait

T = TypeVar("T")

_workers = Workers(256)
# not those of `within`, which a call waits for
_callers = Workers(256)


def within(call: Callable[[], T], deadline: Deadline) -> T:
    """Return what a call returns, in a thread of its own where there is a deadline.

    Args:
        call: What to call.
        deadline: When it must have ended.

    Raises:
        PlanTimeoutError: If it has not.
        Exception: What the call raised.
    """
    left = deadline.left
    if left is None:
        return call()
    future = _workers.submit(call)
    if wait([future], left):
        return future.result()
    future.cancel()
    raise _late(deadline)


def at_once(calls: Sequence[Callable[[], T]]) -> list[T]:
    """Return what calls return, made at the same time, each in the caller's context.

    The first is called where the caller stands, and so is one that no thread has begun by the time it is
    waited for: calls that make calls of their own never wait for each other's threads.

    Args:
        calls: What to call, one at least.

    Raises:
        Exception: What the first of them raised that raises.
    """
    first, *others = calls
    futures = [_callers.submit(call) for call in others]
    found = [copy_context().run(first)]
    for call, future in zip(others, futures, strict=True):
        found.append(copy_context().run(call) if future.cancel() else future.result())
    return found


async def awithin(call: Coroutine[Any, Any, T], deadline: Deadline) -> T:
    """Return what a coroutine returns; one that is late is cancelled.

    Args:
        call: What to await.
        deadline: When it must have ended.

    Raises:
        PlanTimeoutError: If it has not.
        Exception: What the coroutine raised.
    """
    left = deadline.left
    if left is None:
        return await call
    import asyncio  # here, for a program without a loop would wait 20 ms for it

    task = asyncio.ensure_future(call)
    try:
        done, _ = await asyncio.wait([task], timeout=left)
    except asyncio.CancelledError:
        task.cancel()
        raise
    if done:
        return task.result()
    task.cancel()
    raise _late(deadline)


def _late(deadline: Deadline) -> PlanTimeoutError:
    return PlanTimeoutError(
        f"a plan must end within its deadline ({deadline.seconds:g} s), and a model had not answered by then"
    )
