"""One file of a checkpoint: read it only where it is what it should be, write it whole or not at all."""

import hashlib
import mmap
import os
import stat
from pathlib import Path

from shared_router.errors import ArtifactCorruptError, ArtifactNotFoundError, ArtifactSchemaError

# no links, and no waiting for ever on a pipe that somebody gave a file's name
_OPEN_SAFELY = sum(getattr(os, flag, 0) for flag in ("O_NOFOLLOW", "O_NONBLOCK", "O_BINARY"))


def read_file(folder: Path, name: str, max_bytes: int, *, mapped: bool = False) -> bytes | mmap.mmap:
    """Read, or map, a regular file that lies in the folder and is no larger than it may be."""
    try:
        root = folder.resolve()
        path = (root / name).resolve()
        if path.parent != root:
            raise ArtifactSchemaError(
                f"a checkpoint's files must lie in its folder, and {name} links out of it"
            )
        descriptor = os.open(path, os.O_RDONLY | _OPEN_SAFELY)
    except (FileNotFoundError, NotADirectoryError) as error:
        raise ArtifactNotFoundError(f"a checkpoint folder must hold {name}, and {folder} does not") from error
    except (OSError, RuntimeError) as error:  # a link to itself is a RuntimeError before Python 3.13
        raise ArtifactSchemaError(f"{name} must be a regular file that can be opened") from error
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


def write_whole(path: Path, content: bytes) -> None:
    """Write beside the target and rename, so that no reader meets half a file."""
    partial = path.with_name(f"{path.name}.{os.getpid()}.partial")
    partial.write_bytes(content)
    os.replace(partial, path)


def check_hash(name: str, content: bytes | mmap.mmap, expected: str) -> None:
    """Refuse content whose SHA-256 is not the expected one, in hex."""
    actual = hashlib.sha256(content).hexdigest()
    if actual != expected.lower():
        raise ArtifactCorruptError(
            f"{name} must have the SHA-256 {expected}, got {actual}; it was damaged or exchanged"
        )
