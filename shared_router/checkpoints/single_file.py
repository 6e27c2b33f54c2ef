"""One small file as a whole: whoever reads it meets the old one or the new one, never half of one."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

from shared_router.checkpoints.files import PARTIAL, OpenFolder
from shared_router.choices import check_path
from shared_router.errors import (
    ArtifactExistsError,
    ArtifactNotFoundError,
    ArtifactWriteError,
    InvalidInputError,
)


def write_file(path: str | Path, content: bytes, *, overwrite: bool, durable: bool = True) -> None:
    """Write a file beside its place, flush it to the disk, and then give it its name in one step.

    Args:
        path: The file; where it is a link, what it links to. Folders above it are made.
        content: All of it.
        overwrite: Whether to replace a file that is there.
        durable: Whether to flush it to the disk, for milliseconds; without, a power failure may undo it.

    Raises:
        InvalidInputError: If it is no path.
        ArtifactExistsError: If a file is there and `overwrite` is false, or a folder is.
        ArtifactWriteError: If it cannot be written; nothing is left behind then.
    """
    target = _real(path)
    if target.is_dir() or (not overwrite and os.path.lexists(target)):
        kind = "a folder" if target.is_dir() else "a file"
        raise ArtifactExistsError(
            f"a file is replaced only when asked, and {target} is {kind}; give overwrite=True or another name"
        )
    stage = target.parent / PARTIAL.replace("*", os.urandom(16).hex())
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if durable:
            write_through(stage, content)
        else:
            stage.write_bytes(content)
        os.replace(stage, target)
        if durable:
            sync_folder(target.parent)
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ArtifactWriteError(
            f"a file must be written where there are room and permission, and {target} cannot be: {reason}"
        ) from error
    finally:
        with suppress(OSError):
            stage.unlink()


def read_file(path: str | Path, max_bytes: int) -> bytes:
    """Return a regular file's content; what its path links to is followed, as mounted settings need.

    Raises:
        InvalidInputError: If it is no path.
        ArtifactNotFoundError: If there is none.
        ArtifactSchemaError: If it is no regular file that can be opened.
        ArtifactCorruptError: If it is larger than it may be.
    """
    real = _real(path)
    try:
        with OpenFolder(real.parent) as folder:
            return bytes(folder.read(real.name, max_bytes))
    except ArtifactNotFoundError as error:
        raise ArtifactNotFoundError(f"a file must be there to be read, and {Path(path)} is not") from error


def _real(path: str | Path) -> Path:
    check_path("a file", path)
    try:
        return Path(os.path.realpath(path))
    except ValueError as error:  # no file can have that name
        raise InvalidInputError("a file must be given by its path, got a text that is none") from error


def write_through(path: Path, content: bytes) -> None:
    """Write a new file, down to the disk."""
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def sync_folder(folder: Path) -> None:
    """Have the disk keep what a folder's files are called."""
    if not hasattr(os, "O_DIRECTORY"):  # Windows opens no folder
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
