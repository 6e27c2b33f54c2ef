"""The scores of a file's parts, each a file of its own until all are there."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared_router.errors import ArtifactWriteError

_ENDING = ".partial"


class ScoredParts:
    """What is scored of one file; a part's name tells which it is, and how much is in it.

    Args:
        folder: Where the parts are.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._done: dict[int, Path] = {}

    def begin(self) -> None:
        """Find what is done, and remove what a killed run has left half written."""
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():
            if path.suffix == _ENDING:
                path.unlink(missing_ok=True)
            else:
                self._done[int(path.name.split("-")[0])] = path

    def has(self, number: int) -> bool:
        """Tell whether a part is done."""
        return number in self._done

    def add(self, number: int, path: Path) -> None:
        """Note that a part is done."""
        self._done[number] = path

    def paths(self) -> list[Path]:
        """Return the parts, in order."""
        return [self._done[number] for number in sorted(self._done)]


def new_stage(folder: Path, number: int) -> Path:
    """Return where a part is written to; no other process writes there, not one of a killed run either."""
    return folder / f"{number}-{os.urandom(8).hex()}{_ENDING}"


def give_name(stage: Path, number: int, *, rows: int, unscored: int) -> Path:
    """Give a whole part its name, and return it."""
    with written(stage.parent):
        flush(stage)
        path = stage.with_name(f"{number}-{rows}-{unscored}")
        os.replace(stage, path)
    return path


def flush(path: Path) -> None:
    """Have the disk keep a file's content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


@contextmanager
def written(place: Path) -> Iterator[None]:
    """Tell in one way that something cannot be written.

    Raises:
        ArtifactWriteError: If there is no room or no permission.
    """
    try:
        yield
    except ArtifactWriteError:
        raise
    except OSError as error:
        reason = error.strerror or type(error).__name__
        raise ArtifactWriteError(
            f"scores must be written where there are room and permission, and {place} is no such place: "
            f"{reason}; what is done is kept, run the same again"
        ) from error
