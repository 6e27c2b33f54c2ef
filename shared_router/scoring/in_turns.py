"""A batch's work on an event loop, in turns of a millisecond between which whoever else waits goes on."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from typing import Any, TypeVar

T = TypeVar("T")

TURN_S = 0.001


async def in_turns(call: Callable[..., T], *columns: Iterable[Any]) -> list[T]:
    """Return what a function makes of each row, and let the loop go on once a turn has passed.

    Args:
        call: Takes one row; it must not block.
        columns: The rows' parts, n of each.
    """
    done: list[T] = []
    began = time.perf_counter()
    for row in zip(*columns, strict=True):
        if time.perf_counter() - began >= TURN_S:
            import asyncio  # here, for a program without a loop would wait 20 ms for it

            await asyncio.sleep(0)
            began = time.perf_counter()
        done.append(call(*row))
    return done
