"""The folder that scores are written to: what is done in it, and that one run at a time writes there.

A part's scores get their name when they are whole and on the disk, and so does a file's when all its parts
are; whatever is killed in between is done again. What stands in `.routellm-score` says which.
"""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from shared_router.batch.parts import Part
from shared_router.batch.tables import OutFormat, joined
from shared_router.checkpoints.single_file import sync_folder, write_file
from shared_router.errors import ArtifactExistsError, BatchError

try:
    import fcntl
except ImportError:  # Windows: nobody keeps a second run out
    fcntl = None  # type: ignore[assignment]

STATE = ".routellm-score"
_LOCK = "lock"
_VERSION = 1


@dataclass(frozen=True, slots=True)
class DonePart:
    """The scores of a part.

    Attributes:
        path: Where they are.
        rows: How many rows.
        unscored: How many of them without a score.
    """

    path: Path
    rows: int
    unscored: int


class OutFolder:
    """An output folder of one run and of those that go on with it.

    Args:
        path: The folder; made where it is not there.
        settings: What all scores in it must have in common.
        overwrite: Whether scores of other settings, or of another file of that name, may be replaced.

    Raises:
        ArtifactExistsError: If it holds scores of other settings.
        ArtifactWriteError: If it cannot be written to.
    """

    def __init__(self, path: Path, settings: Mapping[str, Any], *, overwrite: bool) -> None:
        self.path = path
        self.overwrite = overwrite
        self._state = path / STATE
        self._settings = {"version": _VERSION, **settings}

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Keep every other run out.

        Raises:
            BatchError: If another run is writing there.
        """
        self._state.mkdir(parents=True, exist_ok=True)
        lock = os.open(self._state / _LOCK, os.O_CREAT | os.O_RDWR, 0o600)
        try:
            if fcntl is not None:
                try:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError as error:
                    raise BatchError(
                        f"one run at a time may write to a folder, and another is writing to {self.path}; "
                        "wait for it, or give another folder"
                    ) from error
            self._begin()
            yield
        finally:
            os.close(lock)

    def is_done(self, source: Path, name: str) -> bool:
        """Tell whether a file's scores are whole and of the file as it is.

        Raises:
            ArtifactExistsError: If there is a file of that name that is none of these.
        """
        out = self.path / name
        if not os.path.lexists(out):
            return False
        record = _read(self._state / f"{name}.json")
        if record is not None and record["input"] == _stamp(source):
            return True
        if not self.overwrite:
            raise ArtifactExistsError(
                f"a file is replaced only when asked, and {out} is none of the scores of {source.name} as it "
                "is now; give --overwrite or another folder"
            )
        return False

    def begin(self, source: Path, name: str) -> None:
        """Note which input a file's parts will be of; parts of what it was before are no use."""
        record = _read(self._state / f"{name}.json")
        if record is None or record["input"] != _stamp(source):
            shutil.rmtree(self._parts(name), ignore_errors=True)
            (self.path / name).unlink(missing_ok=True)
            (self._state / name).parent.mkdir(parents=True, exist_ok=True)
            record = {"input": _stamp(source)}
            write_file(self._state / f"{name}.json", json.dumps(record).encode(), overwrite=True)
        self._parts(name).mkdir(parents=True, exist_ok=True)

    def part_done(self, name: str, part: Part) -> DonePart | None:
        """Return a part's scores where they are whole; its file's name tells what is in it."""
        for path in self._parts(name).glob(f"{part.number}-*-*"):
            _, rows, unscored = path.name.split("-")
            return DonePart(path, int(rows), int(unscored))
        return None

    def part_stage(self, name: str, part: Part) -> Path:
        """Return where a part's scores are written to before they are whole."""
        return self._parts(name) / f"{part.number}.partial"

    def finish(
        self, source: Path, name: str, done: Sequence[DonePart], format_: OutFormat, keep: Sequence[str]
    ) -> None:
        """Put a file's parts together, and give them the file's name.

        Raises:
            BatchError: If the input has changed since its first part was begun.
        """
        record = _read(self._state / f"{name}.json")
        if record is None or record["input"] != _stamp(source):
            raise BatchError(f"a file must stay as it is while it is scored, and {source.name} has changed")
        stage = self._state / f"{name}.whole"
        joined([part.path for part in done], stage, format_, keep)
        flush(stage)
        (self.path / name).parent.mkdir(parents=True, exist_ok=True)
        os.replace(stage, self.path / name)
        sync_folder((self.path / name).parent)
        self.drop_parts(name)

    def drop_parts(self, name: str) -> None:
        """Remove the parts of a file that is whole; a kill may have come between the two."""
        shutil.rmtree(self._parts(name), ignore_errors=True)

    def _begin(self) -> None:
        found = _read(self._state / "run.json")
        if found == self._settings:
            return
        if found is not None and not self.overwrite:
            raise ArtifactExistsError(
                f"all scores in a folder must be made alike, and {self.path} holds scores of "
                f"{_differing(found, self._settings)}; give --overwrite or another folder"
            )
        # Where nothing is found, nothing says how what lies here was made: a kill may have come in between.
        self._forget_all()
        write_file(self._state / "run.json", json.dumps(self._settings).encode(), overwrite=True)

    def _forget_all(self) -> None:
        for path in self._state.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:  # this run holds it
                path.unlink(missing_ok=True)

    def _parts(self, name: str) -> Path:
        return self._state / f"{name}.parts"


def flush(path: Path) -> None:
    """Have the disk keep a file's content."""
    with path.open("rb") as file:
        os.fsync(file.fileno())


def _stamp(source: Path) -> dict[str, int]:
    found = source.stat()
    return {"bytes": found.st_size, "modified_ns": found.st_mtime_ns}


def _read(path: Path) -> dict[str, Any] | None:
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError):  # none, or one that a crash of the machine has torn: done again
        return None
    return found if isinstance(found, dict) else None


def _differing(found: Mapping[str, Any], wanted: Mapping[str, Any]) -> str:
    names = sorted(name for name in {*found, *wanted} if found.get(name) != wanted.get(name))
    return f"another {' and '.join(names)}"
