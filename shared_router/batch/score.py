"""Scoring files of prompts on all cores: restarted, it goes on; killed, it loses and doubles nothing."""

from __future__ import annotations

import multiprocessing
import os
import time
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.batch.folder import OutFolder
from shared_router.batch.outputs import outputs_of
from shared_router.batch.parts import Part, parts_of
from shared_router.batch.tables import OutFormat, format_for
from shared_router.batch.worker import Task, load, score_part
from shared_router.choices import check_choice, shown
from shared_router.errors import BatchError, InvalidInputError
from shared_router.progress import with_progress
from shared_router.registry import saved_config

if TYPE_CHECKING:
    from tqdm import tqdm

_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "RAYON_NUM_THREADS")


@dataclass(frozen=True, slots=True)
class ScoredFiles:
    """What a run has done.

    Attributes:
        files: How many files have their scores now.
        skipped: How many of them had them before.
        rows: How many rows this run scored.
        unscored: How many of those have no score: no text, a line that cannot be read, a router's failure.
        seconds: How long it took.
    """

    files: int
    skipped: int
    rows: int
    unscored: int
    seconds: float


def score_files(
    files: Sequence[str | Path],
    out: str | Path,
    *,
    router: str | Path | None = None,
    column: str = "prompt",
    keep: Sequence[str] = (),
    out_format: OutFormat | None = None,
    processes: int | None = None,
    expected_sha256: str | None = None,
    overwrite: bool = False,
    progress: bool = True,
) -> ScoredFiles:
    """Write the win probability of each row of files, one output a file, in the rows' order.

    Call it under `if __name__ == "__main__":`, as whatever starts processes.

    Args:
        files: Files, or folders of such: JSON lines or a JSON document, CSV or TSV, each also packed as .gz
            or .zst, or Parquet.
        out: The folder to write to. What is done there is not done again.
        router: As in `load_router`.
        column: The name of the column that holds the prompts.
        keep: Columns to copy beside the scores, in Parquet as text.
        out_format: `"jsonl"`, `"csv"` or `"parquet"`; None takes each file's own.
        processes: How many processes score, >= 1; None takes one a core.
        expected_sha256: See `router`.
        overwrite: Whether to replace scores of another router, or of a file that has changed.
        progress: Whether to show how far it is, where standard error is a terminal.

    Raises:
        InvalidInputError: If an argument breaks its rule, or two files would have one output.
        DataError: If a file is no file of rows, or lacks a column.
        ArtifactExistsError: If the folder holds what would be replaced and `overwrite` is false.
        BatchError: If another run is writing there, or a process has been ended from outside.
    """
    started = time.monotonic()
    if out_format is not None:
        check_choice("out_format", out_format, ["jsonl", "csv", "parquet"])
    if processes is not None and (type(processes) is not int or processes < 1):
        raise InvalidInputError(f"processes must be a whole number >= 1, got {shown(processes)}")
    outputs = outputs_of(files, Path(out), out_format)
    sha256 = saved_config(router, expected_sha256=expected_sha256).sha256
    settings = {"router": sha256, "column": column, "keep": list(keep), "format": out_format}
    folder = OutFolder(Path(out), settings, overwrite=overwrite)
    made_from = (router, column, expected_sha256)
    size = sum(source.stat().st_size for source in outputs)
    nothing: tuple[object, ...] = ()
    with folder.locked(), with_progress(nothing, shown=progress, desc="scoring", total=size) as bar:
        run = _Run(folder, outputs, column, tuple(keep), out_format, bar)
        run.all(made_from, _cores() if processes is None else processes)
    return ScoredFiles(len(outputs), run.skipped, run.rows, run.unscored, time.monotonic() - started)


class _Run:
    """One run: which parts are to be done, and what becomes of those that are."""

    def __init__(
        self,
        folder: OutFolder,
        outputs: Mapping[Path, str],
        column: str,
        keep: tuple[str, ...],
        out_format: OutFormat | None,
        bar: tqdm[Any],
    ) -> None:
        self.folder, self.outputs = folder, outputs
        self.column, self.keep, self.out_format = column, keep, out_format
        self.skipped = self.rows = self.unscored = 0
        self._left: dict[Path, int] = {}  # parts that are not done yet
        self._parts: dict[Path, list[Part]] = {}
        self._bar = bar
        self._started = time.monotonic()

    def all(self, made_from: tuple[Any, ...], n_processes: int) -> None:
        """Score every part that is not done."""
        if n_processes == 1:
            load(*made_from)
            for task in self._tasks():
                self._did(task, score_part(task))
            return
        context = multiprocessing.get_context("spawn")
        with (
            _one_thread_each(),
            ProcessPoolExecutor(n_processes, context, initializer=load, initargs=made_from) as pool,
        ):
            waiting: dict[Future[tuple[int, int]], Task] = {}
            try:
                for task in self._tasks():
                    waiting[pool.submit(score_part, task)] = task
                    if len(waiting) >= 2 * n_processes:
                        self._wait(waiting)
                while waiting:
                    self._wait(waiting)
            except BrokenProcessPool as error:
                raise BatchError(
                    "a process that scores must run to its end, and one was ended from outside, as a machine "
                    "without memory does; run the same again, it goes on where it was"
                ) from error
            finally:
                pool.shutdown(cancel_futures=True)

    def _wait(self, waiting: dict[Future[tuple[int, int]], Task]) -> None:
        for future in wait(waiting, return_when=FIRST_COMPLETED).done:
            self._did(waiting.pop(future), future.result())

    def _tasks(self) -> Iterator[Task]:
        for source, name in self.outputs.items():
            if self.folder.is_done(source, name):
                self.folder.drop_parts(name)
                self.skipped += 1
                self._bar.update(source.stat().st_size)
                continue
            parts = parts_of(source, column=self.column, keep=self.keep)
            self.folder.begin(source, name)
            todo = [part for part in parts if self.folder.part_done(name, part) is None]
            self._parts[source], self._left[source] = parts, len(todo)
            self._bar.update(sum(part.n_bytes for part in parts) - sum(part.n_bytes for part in todo))
            if not todo:
                self._finish(source)
            for part in todo:
                yield self._task(part, name)

    def _task(self, part: Part, name: str) -> Task:
        format_ = self.out_format or format_for(part.kind)
        return Task(part, self.folder.part_stage(name, part), format_, self.column, self.keep)

    def _did(self, task: Task, counted: tuple[int, int]) -> None:
        rows, unscored = counted
        self.rows, self.unscored = self.rows + rows, self.unscored + unscored
        self._bar.update(task.part.n_bytes)
        self._bar.set_postfix_str(f"{self.rows / (time.monotonic() - self._started):,.0f} prompts/s")
        source = task.part.path
        self._left[source] -= 1
        if not self._left[source]:
            self._finish(source)

    def _finish(self, source: Path) -> None:
        name, parts = self.outputs[source], self._parts.pop(source)
        done = [each for part in parts if (each := self.folder.part_done(name, part)) is not None]
        self.folder.finish(source, name, done, self.out_format or format_for(parts[0].kind), self.keep)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def _one_thread_each() -> Iterator[None]:
    """Have processes that start in a block use one thread each; there is one a core."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
