"""The calls that a counter waits for, forgotten when they end, fail or are cancelled.

LangChain tells callbacks nothing of a call that was cancelled, so a call is also known to be over when the
task that made it is.
"""

from __future__ import annotations

import asyncio
import weakref
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

_FEW = 64
"""Calls that are waited for before anybody looks whether some of them are over."""

_FAILURES = 256
"""Failed routed calls that are remembered, for the fallback that may follow."""


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that has begun.

    Attributes:
        model: The routed model's choice; None for a fallback around it.
        parent: The run that it is part of.
        task: The task that made it, None outside of tasks.
    """

    model: str | None
    parent: UUID | None
    task: weakref.ref[asyncio.Task[Any]] | None = field(default=None, repr=False)

    @property
    def is_over(self) -> bool:
        """Whether its task is."""
        if self.task is None:
            return False
        task = self.task()
        return task is None or task.done()


class RunningCalls(dict[UUID, RunningCall]):
    """Routed calls, and those of a fallback after one has failed, by their runs."""

    def __init__(self) -> None:
        super().__init__()
        self._failed: OrderedDict[UUID, None] = OrderedDict()
        self._sweep_at = _FEW

    def start(self, run_id: UUID, parent: UUID | None, model: str | None) -> None:
        """Wait for a call, if it is routed, or stands in for a routed one that failed."""
        if model is None and parent not in self._failed:
            return
        if len(self) >= self._sweep_at:
            for over in [run for run, call in self.items() if call.is_over]:
                del self[over]
            self._sweep_at = max(_FEW, 2 * len(self))
        self[run_id] = RunningCall(model, parent, _current_task())

    def end(self, run_id: UUID) -> RunningCall | None:
        """Return a call that has been answered, or None for one that nobody waits for."""
        call = self.pop(run_id, None)
        if call is not None and call.parent is not None:
            self._failed.pop(call.parent, None)
        return call

    def fail(self, run_id: UUID) -> None:
        """Forget a call that failed, and look out for its fallback."""
        call = self.pop(run_id, None)
        if call is not None and call.parent is not None:
            self._failed[call.parent] = None
            while len(self._failed) > _FAILURES:
                self._failed.popitem(last=False)


def _current_task() -> weakref.ref[asyncio.Task[Any]] | None:
    try:
        task = asyncio.current_task()
    except RuntimeError:  # no event loop in this thread
        return None
    return None if task is None else weakref.ref(task)
