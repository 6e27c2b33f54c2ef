"""A file that many processes append whole lines to, and that is moved away when it is full.

All of them append to one file, under a lock on a file beside it. The alternative, a file for each process,
needs no lock, but leaves a file for every worker that ever lived, so that no number of files bounds them, and
a reader must look for what appeared meanwhile. The lock is taken by the thread that writes, once a batch of
lines and never in a request's way.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

try:
    import fcntl
except ImportError:  # Windows: one process may write a log there
    fcntl = None  # type: ignore[assignment]

_OURS_ALONE = 0o600


class LogFile:
    """Append to a log, in turns with other processes.

    No file stays open between two appends, so a fork, a log that somebody else has moved, and a disk that was
    away need no care.

    Args:
        path: The file that is written; older ones stand beside it as `path.1` (the latest), `path.2`, ...
        max_bytes: When it would be larger, it is moved away before it is written.
        max_files: How many files there are at most; the oldest is deleted.
    """

    def __init__(self, path: Path, *, max_bytes: int, max_files: int) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.max_files = max_files

    def append(self, lines: bytes) -> None:
        """Append whole lines, all of them or none.

        Args:
            lines: One or more lines, each with its end.

        Raises:
            OSError: If there is no room, no permission or no folder; nothing of them stands in the file then.
        """
        with self._locked():
            size = self._size()
            if size and size + len(lines) > self.max_bytes:
                self._move_away()
                size = 0
            flags = os.O_RDWR | os.O_APPEND | os.O_CREAT | getattr(os, "O_CLOEXEC", 0)
            descriptor = os.open(self.path, flags, _OURS_ALONE)
            try:
                if size and _last_byte(descriptor, size) != b"\n":
                    lines = b"\n" + lines  # a process died within a line: that line alone is damaged
                _write_all(descriptor, lines, size)
            finally:
                os.close(descriptor)

    def _size(self) -> int:
        try:
            return self.path.stat().st_size
        except FileNotFoundError:
            return 0

    def _move_away(self) -> None:
        older = rotated(self.path, self.max_files)
        if not older:
            self.path.unlink()
            return
        for name, next_name in zip(older[-2::-1], older[:0:-1], strict=True):
            if name.exists():
                name.replace(next_name)
        self.path.replace(older[0])

    @contextmanager
    def _locked(self) -> Iterator[None]:
        if fcntl is None:
            yield
            return
        beside = self.path.with_name(self.path.name + ".lock")
        descriptor = os.open(beside, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0), _OURS_ALONE)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            yield
        finally:
            os.close(descriptor)  # which gives the lock back


def rotated(path: Path, max_files: int) -> list[Path]:
    """Return the names of a log's older files, the latest first, whether or not they are there."""
    return [path.with_name(f"{path.name}.{number}") for number in range(1, max_files)]


def _last_byte(descriptor: int, size: int) -> bytes:
    os.lseek(descriptor, size - 1, os.SEEK_SET)
    return os.read(descriptor, 1)


def _write_all(descriptor: int, lines: bytes, size: int) -> None:
    """Write lines behind the first `size` bytes; where only a part fits, take the part out again."""
    done = 0
    try:
        while done < len(lines):
            done += os.write(descriptor, lines[done:])
    except OSError:
        if done:
            os.ftruncate(descriptor, size)
        raise
