"""Work on an event loop in turns: all of it, in order, and others go on meanwhile."""

from __future__ import annotations

import asyncio
import time

import pytest

from shared_router import RoutingPolicy, RoutingRequest
from shared_router.routers.random import RandomRouter
from shared_router.scoring.in_turns import in_turns
from tests.conversation_reader import Reader

LONG_S = 0.002
"""Twice a turn."""


async def _beats(work: asyncio.Task[object]) -> int:
    """Count how often somebody else comes to a turn before the work is done."""
    beats = 0
    while not work.done():
        beats += 1
        await asyncio.sleep(0)
    return beats


def _spin(number: int) -> int:
    until = time.perf_counter() + LONG_S
    while time.perf_counter() < until:
        pass
    return number


def test_each_row_is_done_in_order() -> None:
    assert asyncio.run(in_turns(lambda a, b: a + b, [1, 2, 3], [10, 20, 30])) == [11, 22, 33]
    assert asyncio.run(in_turns(_spin, [])) == []


def test_columns_of_other_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="shorter"):
        asyncio.run(in_turns(lambda a, b: a + b, [1, 2], [1]))


def test_whoever_waits_goes_on_between_long_rows() -> None:
    async def run() -> int:
        work = asyncio.ensure_future(in_turns(_spin, range(10)))
        beats = await _beats(work)
        assert work.result() == list(range(10))
        return beats

    assert asyncio.run(run()) >= 9


def test_a_batch_of_requests_lets_the_loop_go_on() -> None:
    """Twenty conversations that each take two turns to read; they are read on the loop, one by one."""

    def read() -> list[dict[str, str]]:
        _spin(0)
        return [{"role": "user", "content": "hello"}]

    async def run() -> int:
        policy = RoutingPolicy(Reader(), threshold=0.5)
        requests = [RoutingRequest("hello", messages=read) for _ in range(20)]
        work = asyncio.ensure_future(policy.adecide_each(requests))
        beats = await _beats(work)
        assert len(work.result()) == 20
        return beats

    assert asyncio.run(run()) >= 19


def test_a_batch_is_decided_alike_on_a_loop_and_outside_one() -> None:
    policy = RoutingPolicy(RandomRouter(), threshold=0.5)
    requests = [RoutingRequest(f"question {i}", route="strong" if i % 7 == 0 else None) for i in range(300)]
    assert asyncio.run(policy.adecide_each(requests)) == policy.decide_each(requests)
