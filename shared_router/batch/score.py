"""Scoring files of prompts on all cores: restarted, it goes on; killed, it loses and doubles nothing."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from shared_router.batch.folder import OutFolder
from shared_router.batch.outputs import outputs_of
from shared_router.batch.pool import cores
from shared_router.batch.progress import ScoringBar
from shared_router.batch.run import Run
from shared_router.batch.scorer import SCORE
from shared_router.batch.tables import OutFormat
from shared_router.choices import check_choice, shown
from shared_router.errors import InvalidInputError, RouterError
from shared_router.registry import saved_config


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
        keep: Columns to copy beside the scores; from Parquet to Parquet in their types, else there as text.
        out_format: `"jsonl"`, `"csv"` or `"parquet"`; None takes each file's own.
        processes: How many processes score, >= 1; None takes one a core.
        expected_sha256: See `router`.
        overwrite: Whether to replace scores of another router, or of a file that has changed.
        progress: Whether to show how far it is, where standard error is a terminal.

    Raises:
        InvalidInputError: If an argument breaks its rule, or two files would have one output.
        DataError: If a file is no file of rows, or lacks a column; the others have their scores then.
        ArtifactExistsError: If the folder holds what would be replaced and `overwrite` is false.
        ArtifactWriteError: If there is no room or no permission to write there.
        BatchError: If another run is writing there, a file changes meanwhile, or a process has been ended
            from outside.
    """
    started = time.monotonic()
    if out_format is not None:
        check_choice("out_format", out_format, ["jsonl", "csv", "parquet"])
    if processes is not None and (type(processes) is not int or processes < 1):
        raise InvalidInputError(f"processes must be a whole number >= 1, got {shown(processes)}")
    kept = tuple(dict.fromkeys(keep))
    if SCORE in kept:
        raise InvalidInputError(f"keep must not name {SCORE!r}, which the scores are called")
    outputs = outputs_of(files, Path(out), out_format)
    sha256 = saved_config(router, expected_sha256=expected_sha256).sha256
    settings = {"router": sha256, "column": column, "keep": list(kept), "format": out_format}
    folder = OutFolder(Path(out), settings, overwrite=overwrite)
    size = sum(source.stat().st_size for source in outputs)
    with folder.locked(), ScoringBar(size, len(outputs), shown=progress) as bar:
        run = Run(folder, outputs, column=column, keep=kept, out_format=out_format, bar=bar)
        run.all((router, column, sha256), cores() if processes is None else processes)
    _check_all(run.failed, len(outputs))
    return ScoredFiles(len(outputs), run.skipped, run.rows, run.unscored, time.monotonic() - started)


def _check_all(failed: Mapping[Path, RouterError], n_files: int) -> None:
    """Raise what is wrong with the first file, and say with which others something is."""
    if not failed:
        return
    (path, first), *others = failed.items()
    told = f"{path}: {str(first).removeprefix(f'{path.name}: ')}"
    if others:
        named = ", ".join(str(other) for other, _ in others[:5])
        told += f"; nor can {len(others)} more be scored: {named}{', ...' if len(others) > 5 else ''}"
    if n_files > len(failed):
        told += f"; the other {n_files - len(failed)} have their scores"
    raise type(first)(told)
