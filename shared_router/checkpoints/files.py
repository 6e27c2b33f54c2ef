"""A checkpoint's folder as its reader has it: each file read only where it is what it should be.

The folder is opened once and its files are opened in it, so that a reader stays with the checkpoint it began
with while another takes that one's name.
"""

from __future__ import annotations

import hashlib
import mmap
import os
import re
import stat
import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from shared_router.choices import check_path
from shared_router.errors import (
    ArtifactCorruptError,
    ArtifactError,
    ArtifactNotFoundError,
    ArtifactSchemaError,
    InvalidInputError,
)

if TYPE_CHECKING:
    from typing_extensions import Self

T = TypeVar("T")
PARTIAL = ".routellm-*.partial"
"""The name of a folder that is being written, or that was replaced."""

_ATTEMPTS = 100
_PAUSE_SECONDS = 0.01
# no links, and no waiting for ever on a pipe that somebody gave a file's name
_OPEN_SAFELY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))
_BY_DESCRIPTOR = os.open in os.supports_dir_fd


class OpenFolder:
    """A folder that stays the one that was opened, also when another one takes its name.

    Args:
        path: The folder; where it is a link, what it links to now.

    Raises:
        InvalidInputError: If it is no path.
        ArtifactNotFoundError: On entering, if it is not there.
    """

    def __init__(self, path: str | Path) -> None:
        check_path("a checkpoint", path)
        self.path = Path(os.path.abspath(path))
        self._descriptor: int | None = None

    def __enter__(self) -> Self:
        try:
            if not os.path.isdir(self.path):  # unlike a path's own method it says no to any text
                raise FileNotFoundError
            if _BY_DESCRIPTOR:
                self._descriptor = os.open(self.path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise ArtifactNotFoundError(
                f"a checkpoint must be a folder that can be read, and {self.path} is none"
            ) from error
        return self

    def __exit__(self, *_: object) -> None:
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def was_replaced(self) -> bool:
        """Tell whether the path now leads to another folder."""
        if self._descriptor is None:
            return False
        try:
            return not os.path.samestat(os.stat(self.path), os.fstat(self._descriptor))
        except OSError:
            return True

    def holds(self, name: str) -> bool:
        """Tell whether the folder has an entry of that name."""
        where = self.path if self._descriptor is None else self._descriptor
        return name in os.listdir(where)

    def read(self, name: str, max_bytes: int, *, mapped: bool = False) -> bytes | mmap.mmap:
        """Read, or map, a regular file that lies in the folder and is no larger than it may be."""
        descriptor = self._open(name)
        try:
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise ArtifactSchemaError(f"{name} must be a regular file")
            if status.st_size > max_bytes:
                raise ArtifactCorruptError(f"{name} must be at most {max_bytes} bytes, got {status.st_size}")
            if mapped and status.st_size:  # no system maps an empty file
                return mmap.mmap(descriptor, 0, access=mmap.ACCESS_READ)
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(max_bytes + 1)
        finally:
            os.close(descriptor)

    def _open(self, name: str) -> int:
        path = self.path / name
        try:
            if self._descriptor is not None:
                return os.open(name, os.O_RDONLY | _OPEN_SAFELY, dir_fd=self._descriptor)
            if path.is_symlink():
                raise ArtifactSchemaError(f"{name} must be a regular file, not a link")
            return os.open(path, os.O_RDONLY | _OPEN_SAFELY)
        except (FileNotFoundError, NotADirectoryError) as error:
            raise ArtifactNotFoundError(
                f"a checkpoint folder must hold {name}, and {self.path} does not"
            ) from error
        except OSError as error:
            raise ArtifactSchemaError(
                f"{name} must be a regular file, no link, that can be opened"
            ) from error


def read_whole(folder: str | Path, read: Callable[[OpenFolder], T]) -> T:
    """Read a folder while it may be replaced: what is returned is all of one checkpoint.

    Args:
        folder: The checkpoint.
        read: Reads it and returns what it read.

    Raises:
        ArtifactError: What `read` raised of a folder that nobody replaced meanwhile.
    """
    for attempt in range(_ATTEMPTS):
        opened = OpenFolder(folder)
        try:
            with opened:
                try:
                    return read(opened)
                except ArtifactError:
                    if attempt == _ATTEMPTS - 1 or not opened.was_replaced():
                        raise
        except ArtifactNotFoundError:
            # where two folders cannot be exchanged in one step there is none for a moment
            parent = opened.path.parent
            if attempt == _ATTEMPTS - 1 or os.path.exists(opened.path) or not any(parent.glob(PARTIAL)):
                raise
            time.sleep(_PAUSE_SECONDS)
    raise AssertionError("the last attempt returns or raises")


def check_hash(name: str, content: bytes | mmap.mmap, expected: str) -> None:
    """Refuse content whose SHA-256 is not the expected one, in hex."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.lower():
        raise ArtifactCorruptError(
            f"{name} must have the SHA-256 {expected}, got {actual}; it was damaged or exchanged"
        )


def check_pin(name: str, content: bytes, pin: str | None) -> None:
    """Refuse content whose SHA-256 is not the one a caller trusts; None trusts any.

    Raises:
        InvalidInputError: If the pin is none: 64 hex digits. It is not shown, for it may be a key.
        ArtifactCorruptError: If the content is another.
    """
    if pin is None:
        return
    if not isinstance(pin, str) or not re.fullmatch("[0-9a-fA-F]{64}", pin):
        raise InvalidInputError("expected_sha256 must be the 64 hex digits that save returned")
    check_hash(name, content, pin)
