"""A small state that several processes change: a file, a lock beside it, and nobody who waits for either."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from shared_router.checkpoints.single_file import read_file, write_file
from shared_router.checkpoints.strict_json import parse_strict_json
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactWriteError,
)

try:
    import fcntl
except ImportError:  # Windows: one process alone may use a file
    fcntl = None  # type: ignore[assignment]

_logger = logging.getLogger(__name__)

T = TypeVar("T")
MAX_STATE_BYTES = 16 * 1024


class SharedState:
    """A dict of numbers in a JSON file, read, changed and written back under a lock.

    The lock is a file of its own, `<path>.lock`, that stays: a process that dies lets go of it. The state is
    replaced in one step, so that it is never half written by a process that dies; it is not flushed to the
    disk, so after a power failure it may be an earlier one.

    Args:
        path: The file; made at the first change, with the folders above it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def read(self) -> dict[str, object] | None:
        """Return the state, or None where nobody has written one.

        Raises:
            ArtifactCorruptError: If the file is there and is no JSON object of a state's size.
        """
        try:
            content = read_file(self.path, MAX_STATE_BYTES)
        except ArtifactNotFoundError:
            return None
        try:
            state = parse_strict_json(content)
        except (ValueError, RecursionError) as error:
            raise ArtifactCorruptError(self._damaged()) from error
        if not isinstance(state, dict):
            raise ArtifactCorruptError(self._damaged())
        return state

    def change(self, change: Callable[[dict[str, object] | None], tuple[dict[str, object], T]]) -> T | None:
        """Read the state, change it, and write it; or do nothing where another is at it now.

        Args:
            change: From the state, or None where there is none or it is damaged, to the new one and a result.

        Returns:
            The result, or None where nothing was done.

        Raises:
            ArtifactWriteError: If it cannot be written.
        """
        with self._locked() as locked:
            if not locked:
                return None
            try:
                known = self.read()
            except ArtifactError as error:
                _logger.warning("%s", error)
                known = None
            state, result = change(known)
            write_file(self.path, json.dumps(state).encode(), overwrite=True, durable=False)
            return result

    @contextmanager
    def _locked(self) -> Iterator[bool]:
        if fcntl is None:
            yield True
            return
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            lock = os.open(f"{self.path}.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        except OSError as error:
            raise ArtifactWriteError(
                f"a threshold's state must be where files can be written, and {self.path} is not: "
                f"{error.strerror}"
            ) from error
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                yield False
            else:
                yield True
        finally:
            os.close(lock)

    def _damaged(self) -> str:
        return f"a threshold's state must be whole JSON, and {self.path} is not; remove it to begin anew"
