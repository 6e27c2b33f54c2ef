"""Threads of our own to ask a router in: a few, so that a router that hangs takes nobody else's.

`asyncio.to_thread` shares one pool with the whole program, in which a hung router's calls keep an unrelated
file from being read; and `ThreadPoolExecutor`'s threads keep a program from ending until they return.
"""

from __future__ import annotations

import os
import threading
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import Future
from concurrent.futures import wait as wait_for_futures
from contextvars import Context, copy_context
from typing import Any, TypeVar

T = TypeVar("T")


class Workers:
    """Run calls in at most `size` daemon threads, started when they are needed and ended when idle.

    A copy, a pickle and a forked child begin without threads.

    Args:
        size: How many calls run at once, >= 1; the others wait in line.
        idle_seconds: How long a thread waits for its next call before it ends.
    """

    def __init__(self, size: int = 8, *, idle_seconds: float = 10.0) -> None:
        self.size = size
        self.idle_seconds = idle_seconds
        self._reset()

    def submit(self, call: Callable[[], T]) -> Future[T]:
        """Run a call in a thread, in the caller's context.

        Args:
            call: What to run.

        Returns:
            Its result to come; one that is cancelled before it began is never run.
        """
        if self._process != os.getpid():
            self._reset()
        future: Future[T] = Future()
        with self._changed:
            self._pending.append((future, copy_context(), call))
            if self._idle >= len(self._pending):
                self._changed.notify()
            elif self._threads < self.size:
                self._threads += 1
                threading.Thread(target=self._work, name="routellm-router", daemon=True).start()
        return future

    def __reduce__(self) -> tuple[type[Workers], tuple[int]]:
        return Workers, (self.size,)

    def _reset(self) -> None:
        self._process = os.getpid()
        self._changed = threading.Condition()
        self._pending: deque[tuple[Future[Any], Context, Callable[[], Any]]] = deque()
        self._threads = 0
        self._idle = 0

    def _work(self) -> None:
        while self._run_next():
            pass

    def _run_next(self) -> bool:
        with self._changed:
            self._idle += 1
            found = self._changed.wait_for(lambda: bool(self._pending), self.idle_seconds)
            self._idle -= 1
            if not found:
                self._threads -= 1
                return False
            future, context, call = self._pending.popleft()
        if future.set_running_or_notify_cancel():
            try:
                result = context.run(call)
            # whatever it is, it is the caller's, who waits for it
            except BaseException as error:  # noqa: BLE001
                future.set_exception(error)
            else:
                future.set_result(result)
        return True


def wait(futures: Iterable[Future[Any]], seconds: float | None) -> set[Future[Any]]:
    """Wait for calls, and return those that have ended; more seconds than a system counts are for ever.

    Args:
        futures: The calls.
        seconds: How long to wait, >= 0; None has no limit.
    """
    limit = None if seconds is None or seconds > threading.TIMEOUT_MAX else seconds
    return wait_for_futures(futures, limit).done
