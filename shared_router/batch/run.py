"""One run: which parts are to be done, and what becomes of those that are."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from shared_router.batch.folder import OutFolder
from shared_router.batch.inputs import Input, read_input
from shared_router.batch.parts import Part, parts_of
from shared_router.batch.pool import MadeFrom, scored
from shared_router.batch.progress import ScoringBar
from shared_router.batch.scored_parts import ScoredParts
from shared_router.batch.tables import OutFormat, format_for
from shared_router.batch.worker import DonePart, Task
from shared_router.errors import ArtifactExistsError, BatchError, DataError, RouterError

_OF_ONE_FILE = (ArtifactExistsError, BatchError, DataError)


@dataclass(slots=True)
class _Begun:
    """A file that is being scored; its cutting counts as one of what is left to do."""

    source: Input
    parts: ScoredParts
    left: int = 1


class Run:
    """A run over files; one that cannot be scored costs the others nothing, and is told at the end.

    Args:
        folder: Where the scores go.
        outputs: The output's name of each file.
        column: The prompts' column.
        keep: The columns to copy.
        out_format: What to write; None takes each file's own.
        bar: Where it is shown.

    Attributes:
        skipped: How many files had their scores before.
        rows: How many rows were scored.
        unscored: How many of them have no score.
        failed: What is wrong with the files that cannot be scored, by file.
    """

    def __init__(
        self,
        folder: OutFolder,
        outputs: Mapping[Path, str],
        *,
        column: str,
        keep: tuple[str, ...],
        out_format: OutFormat | None,
        bar: ScoringBar,
    ) -> None:
        self.folder, self.outputs = folder, outputs
        self.column, self.keep, self.out_format = column, keep, out_format
        self.skipped = self.rows = self.unscored = 0
        self.failed: dict[Path, RouterError] = {}
        self._begun: dict[Path, _Begun] = {}
        self._bar = bar

    def all(self, made_from: MadeFrom, n_processes: int) -> None:
        """Score every part that is not done."""
        with closing(scored(self._tasks(), made_from, n_processes)) as ended:  # before another may write here
            for task, outcome in ended:
                try:
                    self._did(task.part, outcome())
                except DataError as error:
                    self._fail(task.part.source.path, error)

    def _tasks(self) -> Iterator[Task]:
        for path, name in self.outputs.items():
            try:
                if self.folder.is_done(path, name):
                    self.folder.drop_parts(name)
                    self.skipped += 1
                    self._bar.skip(path.stat().st_size)
                    self._bar.end_file()
                    continue
                yield from self._tasks_of(path, name)
            except _OF_ONE_FILE as error:
                self._fail(path, error)

    def _tasks_of(self, path: Path, name: str) -> Iterator[Task]:
        source = read_input(path, column=self.column, keep=self.keep)
        begun = self._begun[path] = _Begun(source, self.folder.begin(path, name))
        for part in parts_of(source):
            if path in self.failed:
                return
            if begun.parts.has(part.number):
                self._bar.skip(part.n_bytes)
                continue
            begun.left += 1
            yield Task(part, begun.parts.folder, self._format(source), self.keep)
        self._one_less(path)

    def _did(self, part: Part, done: DonePart) -> None:
        self.rows, self.unscored = self.rows + done.rows, self.unscored + done.unscored
        self._bar.add(done.rows, part.n_bytes)
        path = part.source.path
        if path in self._begun:
            self._begun[path].parts.add(part.number, done.path)
            self._one_less(path)

    def _one_less(self, path: Path) -> None:
        begun = self._begun[path]
        begun.left -= 1
        if begun.left:
            return
        del self._begun[path]
        try:
            self.folder.finish(path, self.outputs[path], begun.parts, self._format(begun.source), self.keep)
            self._bar.end_file()
        except (BatchError, DataError) as error:
            self._fail(path, error)

    def _fail(self, path: Path, error: RouterError) -> None:
        self.failed.setdefault(path, error)
        self._begun.pop(path, None)

    def _format(self, source: Input) -> OutFormat:
        return self.out_format or format_for(source.kind)
