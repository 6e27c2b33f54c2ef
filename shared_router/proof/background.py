"""Work that nobody waits for: a few threads, and a queue that refuses what it has no room for."""

from __future__ import annotations

import logging
import os
import queue
import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

_logger = logging.getLogger(__name__)

_IDLE_S = 5.0
_Work = Callable[[], None]


class Background:
    """Run work in threads of its own, each in an empty context, so that no caller's callbacks are in it.

    The threads end by themselves where there is nothing to do, and do not keep a program from ending: what
    waits then is not done.

    Args:
        workers: How many threads there are at most.
        max_waiting: How much work may wait; more is refused.
    """

    def __init__(self, *, workers: int, max_waiting: int) -> None:
        self.workers = workers
        self.max_waiting = max_waiting
        self._begin()

    def put(self, work: _Work) -> bool:
        """Hand work over, or refuse it where too much waits; tell which. It must raise nothing."""
        if os.getpid() != self._process:  # after a fork the threads are the parent's
            self._begin()
        with self._lock:
            if self._queue.qsize() >= self.max_waiting:
                return False
            self._open += 1
            self._queue.put(work)
            if self._threads < self.workers:
                self._threads += 1
                threading.Thread(target=self._run, name="routellm-shadow", daemon=True).start()
        return True

    def enter(self) -> bool:
        """Count work that goes on elsewhere, such as a task, or refuse it where too much does; tell which."""
        if os.getpid() != self._process:
            self._begin()
        with self._lock:
            if self._open >= self.max_waiting:
                return False
            self._open += 1
        return True

    def leave(self) -> None:
        """Say that work which was counted is done."""
        with self._lock:
            self._open -= 1
            if self._open == 0:
                self._none_open.notify_all()

    def drain(self, timeout_s: float) -> bool:
        """Wait until all work so far is done.

        Args:
            timeout_s: How long at most, in seconds.

        Returns:
            Whether it is.
        """
        until = time.monotonic() + timeout_s
        with self._lock:
            return self._none_open.wait_for(lambda: self._open == 0, max(0.0, until - time.monotonic()))

    def __reduce__(self) -> tuple[Callable[..., Background], tuple[()]]:
        """Pickle the settings: what waits is this process's."""
        return partial(Background, workers=self.workers, max_waiting=self.max_waiting), ()

    def __deepcopy__(self, memo: dict[int, Any]) -> Background:
        """Return these threads, for copies of a model share them."""
        return self

    def _begin(self) -> None:
        self._process = os.getpid()
        self._queue: queue.SimpleQueue[_Work] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._none_open = threading.Condition(self._lock)
        self._open = self._threads = 0

    def _run(self) -> None:
        while True:
            try:
                work = self._queue.get(timeout=_IDLE_S)
            except queue.Empty:
                with self._lock:
                    if not self._queue.empty():
                        continue
                    self._threads -= 1
                return
            try:
                work()
            # SystemExit and CancelledError too: a thread that ended here would be missing from then on
            except BaseException as error:  # noqa: BLE001
                _logger.warning("work in the background failed with %s", type(error).__name__)
            finally:
                self.leave()
