"""One call within a time: given up when it is over, whatever the call is still doing.

A call that blocks cannot be stopped. It is left behind in a thread of ours, and counted; a provider may
answer, and bill, what nobody waits for any more. An asynchronous call is cancelled where it stands.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Awaitable, Callable
from concurrent.futures import Future
from numbers import Real
from typing import Any, TypeVar

from shared_router.choices import shown
from shared_router.errors import CallTimeoutError, InvalidInputError
from shared_router.scoring.workers import Workers, wait

T = TypeVar("T")

_workers = Workers(256)
_COUNTS_CANCELLATIONS = sys.version_info >= (3, 11)
"""A backport of its tasks to 3.10 counts too, but anyio, under httpx, takes back none of its own there."""


def check_seconds(name: str, seconds: object) -> None:
    """Check a time limit.

    Raises:
        InvalidInputError: If it is neither None nor a number of seconds > 0.
    """
    if seconds is None:
        return
    if isinstance(seconds, bool) or not isinstance(seconds, Real) or not 0 < seconds < math.inf:  # type: ignore[operator]
        raise InvalidInputError(f"{name} must be seconds > 0 or None, got {shown(seconds)}")


def within_seconds(
    call: Callable[[], T], seconds: float | None, *, late: Callable[[Future[T]], object] | None = None
) -> T:
    """Return what a call returns, from a thread of ours where there is a time limit.

    Args:
        call: What to call, in the caller's context.
        seconds: How long it may take; None makes it where the caller stands.
        late: Called with the result to come of a call that was given up after it had begun.

    Raises:
        CallTimeoutError: If it took longer.
        Exception: What the call raised.
    """
    if seconds is None:
        return call()
    future = _workers.submit(call)
    try:
        if wait([future], max(0.0, seconds)):
            return future.result()
    except BaseException:  # interrupted while it waits, or the call's own
        if not future.done():
            _give_up(future, late)
        raise
    _give_up(future, late)
    raise late_error(seconds)


async def awithin_seconds(call: Awaitable[T], seconds: float | None) -> T:
    """Return what an awaitable returns, in the caller's own task.

    Args:
        call: What to await; it is cancelled where it takes longer.
        seconds: How long it may take; None sets no limit.

    Raises:
        CallTimeoutError: If it took longer.
        Exception: What the awaitable raised.
    """
    if seconds is None:
        return await call
    import asyncio  # here, for a program without a loop would wait 20 ms for it

    task: Any = asyncio.current_task()
    before = task.cancelling() if _COUNTS_CANCELLATIONS else 0
    fired = False

    def fire() -> None:
        nonlocal fired
        fired = True
        task.cancel()

    alarm = asyncio.get_running_loop().call_later(max(0.0, seconds), fire)
    try:
        return await call
    except asyncio.CancelledError as error:
        # somebody else may have cancelled the task too, which goes first
        if not fired or (_COUNTS_CANCELLATIONS and task.uncancel() > before):
            raise
        raise late_error(seconds) from error
    finally:
        alarm.cancel()


def late_error(seconds: float) -> CallTimeoutError:
    """Return what is raised where a model took longer than it may."""
    return CallTimeoutError(
        f"a model must answer within its timeout and its request's deadline, had not in {seconds:.3g} s; "
        "give Resilience more, or ask less of the model"
    )


def _give_up(future: Future[T], late: Callable[[Future[T]], object] | None) -> None:
    if not future.cancel() and late is not None:
        late(future)
