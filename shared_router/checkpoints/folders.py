"""A checkpoint's folder as a whole: readers and crashes meet the old one or the new one, never half of one.

A new folder is written beside the old one, flushed to the disk and exchanged for it in one step of the file
system (`renameat2` on Linux, `renamex_np` on macOS). Where there is no such step (Windows, some network
drives) the old folder is moved aside first: a process that is killed between the two moves leaves it there,
whole, under the name `.routellm-*.partial`.
"""

from __future__ import annotations

import ctypes
import errno
import os
import stat
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

from shared_router.checkpoints.config import CONFIG, DATA_FILES, MAX_CONFIG_BYTES, parse_config
from shared_router.checkpoints.files import PARTIAL, OpenFolder
from shared_router.checkpoints.single_file import sync_folder, write_through
from shared_router.choices import check_path
from shared_router.errors import ArtifactError, ArtifactExistsError, ArtifactWriteError

try:
    import fcntl
except ImportError:  # Windows: what a killed process left stays there
    fcntl = None  # type: ignore[assignment]

CARD_PAGE = "CARD.md"
_OURS = {CONFIG, *DATA_FILES, CARD_PAGE}
_EXCHANGE = 2  # RENAME_EXCHANGE on Linux and RENAME_SWAP on macOS
_AT_WORKING_DIRECTORY = -100


def write_folder(folder: str | Path, files: Mapping[str, bytes], *, overwrite: bool) -> None:
    """Put files into a folder of their own, all of them or none.

    Args:
        folder: The folder to make; where it is a link, what it links to.
        files: The files' bytes, by name.
        overwrite: Whether to replace a checkpoint that is there. Nothing else is ever replaced.

    Raises:
        InvalidInputError: If it is no path.
        ArtifactExistsError: If the folder holds a checkpoint and `overwrite` is false, or it holds anything
            else.
        ArtifactWriteError: If it cannot be written; nothing is left behind then.
    """
    check_path("a checkpoint", folder)
    target = Path(os.path.abspath(folder))
    made: list[Path] = []
    try:
        target = Path(os.path.realpath(folder))
        check_replaceable(target, overwrite=overwrite)
        for parent in [parent for parent in reversed(target.parents) if not parent.exists()]:
            parent.mkdir(exist_ok=True)
            made.append(parent)
        with _staged(target.parent) as stage:
            for name, content in files.items():
                write_through(stage / name, content)
            sync_folder(stage)
            _put(stage, target, overwrite=overwrite)
            sync_folder(target.parent)
    except BaseException as error:
        for parent in reversed(made):
            with suppress(OSError):  # another process may use it by now
                parent.rmdir()
        if isinstance(error, (OSError, ValueError)) and not isinstance(error, ArtifactError):
            reason = getattr(error, "strerror", None) or type(error).__name__  # ValueError: no name of a file
            raise ArtifactWriteError(
                f"a checkpoint must be written where there are room and permission, and {target} cannot be: "
                f"{reason}; give another folder"
            ) from error
        raise


def check_replaceable(folder: Path, *, overwrite: bool) -> None:
    """Refuse to write where something would be lost.

    Args:
        folder: Where a checkpoint is to stand.
        overwrite: Whether a checkpoint that stands there may be replaced.

    Raises:
        ArtifactExistsError: If the folder holds a checkpoint and `overwrite` is false, or anything else.
    """
    if not os.path.lexists(folder):
        return
    if not folder.is_dir():
        raise ArtifactExistsError(f"a checkpoint must have a folder of its own, and {folder} is a file")
    if os.path.ismount(folder) or os.path.samefile(folder, os.curdir):
        raise ArtifactExistsError(
            f"a checkpoint's folder must be one that can be exchanged, and {folder} is a working directory "
            "or a mounted drive; give a folder in it"
        )
    names = set(os.listdir(folder))
    if not names:
        return
    if not is_checkpoint(folder):
        raise ArtifactExistsError(
            f"a checkpoint must have a folder of its own, and {folder} holds other files, such as "
            f"{sorted(names - _OURS or names)[:3]}; give an empty one or a new one"
        )
    if not overwrite:
        raise ArtifactExistsError(
            f"a checkpoint is replaced only when asked, and {folder} holds one; give overwrite=True"
        )


def is_checkpoint(folder: Path) -> bool:
    """Tell whether a folder holds a checkpoint of this project and nothing else."""
    if not set(os.listdir(folder)) <= _OURS:
        return False
    try:
        with OpenFolder(folder) as opened:
            parse_config(bytes(opened.read(CONFIG, MAX_CONFIG_BYTES)))
    except ArtifactError:
        return False
    return True


@contextmanager
def _staged(parent: Path) -> Iterator[Path]:
    """Yield a new folder that this process alone uses, and remove what is under its name afterwards."""
    _remove_abandoned(parent)
    stage, lock = _locked_folder(parent)
    try:
        yield stage
    finally:
        _remove(stage)
        if lock is not None:
            os.close(lock)


def _locked_folder(parent: Path) -> tuple[Path, int | None]:
    while True:
        stage = parent / PARTIAL.replace("*", os.urandom(16).hex())
        stage.mkdir()
        if fcntl is None:
            return stage, None
        lock = os.open(stage, os.O_RDONLY)
        with suppress(OSError):  # a drive without locks: nobody removes it there either
            fcntl.flock(lock, fcntl.LOCK_EX)
        if stage.exists():  # else another process took it for abandoned before it was locked
            return stage, lock
        os.close(lock)


def _remove_abandoned(parent: Path) -> None:
    """Remove what processes left that were killed while they saved: nobody holds its lock."""
    if fcntl is None:
        return
    for path in parent.glob(PARTIAL):
        with suppress(OSError):
            lock = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                _remove(path)
            finally:
                os.close(lock)


def _put(stage: Path, target: Path, *, overwrite: bool) -> None:
    """Give the staged folder its name; what had the name before has the stage's afterwards."""
    while True:
        if sys.platform == "win32" and target.exists() and not os.listdir(target):
            target.rmdir()
        try:
            os.rename(stage, target)
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST, errno.EACCES) or not target.exists():
                raise
            denied = error
        else:
            return
        check_replaceable(target, overwrite=overwrite)
        if not os.listdir(target):
            raise denied
        os.chmod(stage, stat.S_IMODE(target.stat().st_mode))
        with suppress(FileNotFoundError):  # it has gone meanwhile: then there is nothing to exchange
            if not _exchange_at_once(stage, target):
                exchange_in_two_moves(stage, target)
            return


def exchange_in_two_moves(stage: Path, target: Path) -> None:
    """Give a folder another's name where the system cannot exchange the two: that one goes aside first."""
    aside = target.parent / PARTIAL.replace("*", os.urandom(16).hex())
    os.rename(target, aside)
    try:
        os.rename(stage, target)
    except OSError:
        os.rename(aside, target)
        raise
    _remove(aside)


def _remove(folder: Path) -> None:
    import shutil  # here, for whoever only reads would wait for the compression libraries that it imports

    shutil.rmtree(folder, ignore_errors=True)


def _exchange_at_once(one: Path, other: Path) -> bool:
    """Exchange two folders' names in one step, or return False where the system has none."""
    if sys.platform == "win32":
        return False
    libc = ctypes.CDLL(None, use_errno=True)
    paths = os.fsencode(one), os.fsencode(other)
    if hasattr(libc, "renameat2"):
        here = _AT_WORKING_DIRECTORY
        failed = libc.renameat2(here, paths[0], here, paths[1], ctypes.c_uint(_EXCHANGE))
    elif hasattr(libc, "renamex_np"):
        failed = libc.renamex_np(*paths, ctypes.c_uint(_EXCHANGE))
    else:
        return False
    if not failed:
        return True
    number = ctypes.get_errno()
    if number in (errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EOPNOTSUPP):
        return False
    raise OSError(number, os.strerror(number), str(other))
