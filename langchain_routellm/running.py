"""The calls that a counter waits for, forgotten when they end, fail or are cancelled.

LangChain tells callbacks nothing of a call that was cancelled, so a call is also over when the task that
made it is. A task that outlives its calls, such as one that gives each of them a time limit, leaves at most
`MOST`.
"""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from uuid import UUID

MOST = 10_000
"""Calls that are waited for at most; those that began first are given up first."""

_FAILURES = 256
"""Failed routed calls that are remembered, for the fallback that may follow."""


@dataclass(frozen=True, slots=True)
class RunningCall:
    """A call that has begun.

    Attributes:
        model: The routed model's choice; None for a fallback around it.
        parent: The run that it is part of.
        plan: Names the plan that made it, or None.
        leave: Stops waiting for the end of the task that made it.
    """

    model: str | None
    parent: UUID | None
    plan: str | None
    leave: Callable[[], object] = field(repr=False)


class RunningCalls(dict[UUID, RunningCall]):
    """Routed calls, and those of a fallback after one has failed, by their runs."""

    def __init__(self) -> None:
        super().__init__()
        self._failed: OrderedDict[UUID, None] = OrderedDict()

    def start(self, run_id: UUID, parent: UUID | None, model: str | None, *, plan: str | None = None) -> None:
        """Wait for a call, if it is routed, or stands in for a routed one that failed."""
        if model is None and parent not in self._failed:
            return
        self[run_id] = RunningCall(model, parent, plan, self._forget_with_task(run_id))
        while len(self) > MOST:
            self.end(next(iter(self)))

    def end(self, run_id: UUID) -> RunningCall | None:
        """Return a call that has been answered, or None for one that nobody waits for."""
        call = self.pop(run_id, None)
        if call is not None:
            call.leave()
            if call.parent is not None:
                self._failed.pop(call.parent, None)
        return call

    def fail(self, run_id: UUID) -> None:
        """Forget a call that failed, and look out for its fallback."""
        call = self.end(run_id)
        if call is not None and call.parent is not None:
            self._failed[call.parent] = None
            while len(self._failed) > _FAILURES:
                self._failed.popitem(last=False)

    def _forget_with_task(self, run_id: UUID) -> Callable[[], object]:
        task = _current_task()
        if task is None:
            return _nothing

        def forget(_: asyncio.Task[Any]) -> None:
            self.pop(run_id, None)

        task.add_done_callback(forget)
        return partial(task.remove_done_callback, forget)


def _current_task() -> asyncio.Task[Any] | None:
    try:
        return asyncio.current_task()
    except RuntimeError:  # no event loop in this thread
        return None


def _nothing() -> None:
    """Wait for no task."""
