"""Calls within a time: those that block are left behind and counted, asynchronous ones are cancelled."""

import asyncio
import threading
import time

import pytest

from shared_router import CallTimeoutError, awithin_seconds
from tests.resilience.kept import rules


def test_a_call_that_is_late_is_abandoned_and_counted_until_it_ends() -> None:
    kept = rules()
    go_on = threading.Event()
    with pytest.raises(CallTimeoutError, match="a model must answer within its timeout"):
        kept.within(go_on.wait, 0.02)
    assert (kept.health.abandoned, kept.health.abandoned_now) == (1, 1)
    go_on.set()
    until = time.monotonic() + 5
    while kept.health.abandoned_now and time.monotonic() < until:
        time.sleep(0.001)
    assert (kept.health.abandoned, kept.health.abandoned_now) == (1, 0)


def test_a_call_in_time_returns_what_it_returns_and_raises_what_it_raises() -> None:
    kept = rules()
    assert kept.within(lambda: 3, 5.0) == 3
    with pytest.raises(KeyError):
        kept.within(lambda: dict[str, int]()["x"], 5.0)
    assert kept.health.abandoned == 0


def test_without_a_limit_a_call_is_made_where_the_caller_stands() -> None:
    assert rules().within(threading.get_ident, None) == threading.get_ident()


async def test_an_asynchronous_call_that_is_late_is_cancelled() -> None:
    cancelled = []

    async def slow() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            cancelled.append(True)
            raise

    with pytest.raises(CallTimeoutError):
        await awithin_seconds(slow(), 0.01)
    assert cancelled == [True]
    await asyncio.sleep(0)  # the task itself goes on


async def test_a_call_is_made_in_the_callers_own_task() -> None:
    async def task() -> object:
        return asyncio.current_task()

    assert await awithin_seconds(task(), 5.0) is asyncio.current_task()


async def test_one_who_is_cancelled_meanwhile_is_cancelled_and_not_late() -> None:
    begun = asyncio.Event()

    async def slow() -> None:
        begun.set()
        await asyncio.sleep(60)

    waiting = asyncio.ensure_future(awithin_seconds(slow(), 60.0))
    await begun.wait()
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
