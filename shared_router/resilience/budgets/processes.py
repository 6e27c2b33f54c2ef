"""What a process's end and its forks mean for what it holds: put back at the end, not doubled by a fork."""

from __future__ import annotations

import atexit
import os
import sys
import weakref
from typing import Protocol


class HoldsForProcess(Protocol):
    """What holds something that belongs to one process."""

    def forget(self) -> None:
        """Hold nothing: this process has just been forked, and all is its parent's."""

    def close(self) -> None:
        """Put everything back."""


_holders: weakref.WeakSet[HoldsForProcess] = weakref.WeakSet()
_closed_at_the_end_of: set[int] = set()


def watch_process(holder: HoldsForProcess) -> None:
    """Have a holder told of this process's forks and of its end."""
    _holders.add(holder)


def close_at_exit() -> None:
    """See that this process puts everything back when it ends."""
    process = os.getpid()
    if process in _closed_at_the_end_of:
        return
    _closed_at_the_end_of.clear()
    _closed_at_the_end_of.add(process)
    atexit.register(_close_all)
    if "multiprocessing.util" in sys.modules:  # whose forks end without what atexit has
        sys.modules["multiprocessing.util"].Finalize(None, _close_all, exitpriority=0)


def _close_all() -> None:
    for holder in list(_holders):
        holder.close()


def _forget_all() -> None:
    for holder in list(_holders):
        holder.forget()


atexit.register(_close_all)
if hasattr(os, "register_at_fork"):  # not on Windows, which has no forks
    os.register_at_fork(after_in_child=_forget_all)
