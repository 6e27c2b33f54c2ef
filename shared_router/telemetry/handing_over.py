"""Hand items to a thread that works them off in batches, so that whoever hands one over waits for nothing."""

from __future__ import annotations

import atexit
import os
import sys
import threading
import time
import weakref
from collections import deque
from collections.abc import Callable
from typing import Any, Generic, TypeVar

T = TypeVar("T")

_GATHER_S = 0.05
"""So long the thread gathers what comes after the first: it wakes up for a batch and not for every item."""
_IDLE_S = 5.0
_LONGEST_FAREWELL_S = 10.0


class HandingOver(Generic[T]):
    """A bounded queue and the thread behind it.

    The thread starts with the first item and ends when none has come for some seconds. What waits when the
    program ends is worked off first. After a fork the child begins with an empty queue; what waited is the
    parent's.

    Args:
        work: Is given items in the order in which they came, in the thread.
        max_waiting: How many items may wait; more are dropped and counted.
        max_size: How large the items that wait may be together, in the unit of `put`.

    Attributes:
        dropped: How many items were dropped because too many waited.
    """

    def __init__(self, work: Callable[[list[T]], None], *, max_waiting: int, max_size: int) -> None:
        self._work = work
        self._max_waiting = max_waiting
        self._max_size = max_size
        self.dropped = 0
        self._begin()
        _all.add(self)

    def put(self, item: T, size: int = 0) -> bool:
        """Hand an item over, or drop it where too many wait; tell which."""
        with self._lock:
            if len(self._waiting) >= self._max_waiting or self._size + size > self._max_size:
                self.dropped += 1
                return False
            self._waiting.append(item)
            self._size += size
            if self._thread is None and not self._start():
                return True  # at the program's end no thread starts any more; `drain` works it off
        if not self._some.is_set():
            self._some.set()
        return True

    @property
    def waiting(self) -> int:
        """How many items wait."""
        return len(self._waiting)

    def drain(self, timeout_s: float) -> bool:
        """Wait until everything that was handed over before has been worked off.

        Args:
            timeout_s: How long at most, in seconds.

        Returns:
            Whether it has.
        """
        until = time.monotonic() + timeout_s
        with self._lock:
            alone = bool(self._waiting) and self._thread is None and not self._start()
            batch = self._taken() if alone else []
        if batch:
            self._work(batch)
        self._hurry.set()
        self._some.set()
        with self._lock:
            idle = self._idle.wait_for(lambda: not (self._waiting or self._busy), until - time.monotonic())
        self._hurry.clear()
        return idle

    def _begin(self) -> None:
        self._waiting: deque[T] = deque()
        self._size = 0
        self._busy = False
        self._thread: threading.Thread | None = None
        self._lock = threading.Lock()
        self._idle = threading.Condition(self._lock)
        self._some = threading.Event()
        self._hurry = threading.Event()

    def _start(self) -> bool:
        thread = threading.Thread(target=self._run, name="routellm-log", daemon=True)
        try:
            thread.start()
        except RuntimeError:
            return False
        self._thread = thread
        _drain_at_end_of_worker()
        return True

    def _run(self) -> None:
        try:
            while True:
                if not self._some.wait(_IDLE_S):
                    with self._lock:
                        if not self._waiting:
                            self._thread = None
                            return
                self._hurry.wait(_GATHER_S)
                with self._lock:
                    batch = self._taken()
                    self._busy = True
                if batch:
                    self._work(batch)
                with self._lock:
                    self._busy = False
                    if not self._waiting:
                        self._idle.notify_all()
        finally:
            with self._lock:
                if (
                    self._thread is threading.current_thread()
                ):  # the work has raised; the next item starts anew
                    self._thread = None
                    self._busy = False
                    self._idle.notify_all()

    def _taken(self) -> list[T]:
        batch = [*self._waiting]
        self._waiting.clear()
        self._size = 0
        self._some.clear()
        return batch


_all: weakref.WeakSet[HandingOver[Any]] = weakref.WeakSet()


def _drain_all() -> None:
    for each in [*_all]:
        each.drain(_LONGEST_FAREWELL_S)


def _begin_all() -> None:
    for each in [*_all]:
        each._begin()


def _drain_at_end_of_worker() -> None:
    """A worker of `multiprocessing` ends without what `atexit` keeps, but not without its own list."""
    global _told
    if _told != os.getpid() and "multiprocessing.util" in sys.modules:
        _told = os.getpid()
        sys.modules["multiprocessing.util"].Finalize(None, _drain_all, exitpriority=0)


_told: int | None = None
"""The process whose list that was."""

atexit.register(_drain_all)
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_all)
