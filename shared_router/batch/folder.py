"""The folder that scores are written to: what is done in it, and that one run at a time writes there.

A part's scores get their name when they are whole and on the disk, and so does a file's when all its parts
are; whatever is killed in between is done again. What stands in `.routellm-score` says which.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared_router.batch.parts import PART_BYTES, PART_ROWS
from shared_router.batch.scored_parts import ScoredParts, flush, written
from shared_router.batch.tables import OutFormat, joined
from shared_router.checkpoints.single_file import sync_folder, write_file
from shared_router.errors import ArtifactExistsError, BatchError, DataError

try:
    import fcntl
except ImportError:  # Windows: nobody keeps a second run out
    fcntl = None  # type: ignore[assignment]

STATE = ".routellm-score"
_LOCK = "lock"
_VERSION = 2


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
        with written(self.path):
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
        record = _read(self._record(name))
        if record is not None and record == {"input": _stamp(source), "output_bytes": out.stat().st_size}:
            return True
        if not self.overwrite or out.is_dir():
            raise ArtifactExistsError(
                f"a file is replaced only when asked, and {out} is none of the scores of {source.name} as it "
                "is now; give --overwrite or another folder"
            )
        return False

    def begin(self, source: Path, name: str) -> ScoredParts:
        """Return the parts of a file as it is now; those of what it was before are removed.

        Raises:
            ArtifactWriteError: If there is no room or no permission.
            DataError: If the file is there no more.
        """
        made_of = json.dumps([self._settings, _stamp(source), PART_BYTES, PART_ROWS], sort_keys=True)
        parts = ScoredParts(self._of(name) / _digest(made_of))
        with written(self.path):
            for other in self._of(name).glob("*/"):
                if other != parts.folder:
                    shutil.rmtree(other, ignore_errors=True)
            parts.begin()
        return parts

    def finish(
        self, source: Path, name: str, parts: ScoredParts, format_: OutFormat, keep: Sequence[str]
    ) -> None:
        """Put a file's parts together, and give them the file's name.

        Raises:
            ArtifactWriteError: If there is no room or no permission.
            BatchError: If the input has changed since its first part was begun.
        """
        out, stage = self.path / name, self._of(name) / "whole"
        with written(self.path):
            joined(parts.paths(), stage, format_, keep)
            flush(stage)
            record = {"input": _stamp(source), "output_bytes": stage.stat().st_size}
            if self.begin(source, name).folder != parts.folder:
                raise BatchError(
                    f"a file must stay as it is while it is scored, and {source.name} has changed"
                )
            out.parent.mkdir(parents=True, exist_ok=True)
            out.unlink(missing_ok=True)  # before the record, which is of the new one
            write_file(self._record(name), json.dumps(record).encode(), overwrite=True)
            os.replace(stage, out)
            sync_folder(out.parent)
        self.drop_parts(name)

    def drop_parts(self, name: str) -> None:
        """Remove the parts of a file that is whole; a kill may have come between the two."""
        for parts in self._of(name).glob("*/"):
            shutil.rmtree(parts, ignore_errors=True)

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
        for path in self._state.iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            elif path.name != _LOCK:  # this run holds it
                path.unlink(missing_ok=True)
        write_file(self._state / "run.json", json.dumps(self._settings).encode(), overwrite=True)

    def _of(self, name: str) -> Path:
        return self._state / _digest(name)  # a name with an ending more may be longer than names may be

    def _record(self, name: str) -> Path:
        return self._of(name) / "done.json"


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:32]


def _stamp(source: Path) -> dict[str, int]:
    try:
        found = source.stat()
    except OSError as error:
        raise DataError(f"{source.name}: the file must stay there while it is scored") from error
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
