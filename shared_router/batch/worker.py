"""What one process does: load a router once, and score parts."""

from __future__ import annotations

import os
import signal
import threading
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from pathlib import Path

import numpy as np

from shared_router.batch.parts import Part, batches_of
from shared_router.batch.scored_parts import give_name, new_stage
from shared_router.batch.scorer import RouterScorer
from shared_router.batch.tables import OutFormat, new_table
from shared_router.errors import BatchError


@dataclass(frozen=True, slots=True)
class Task:
    """What a process needs to know to score one part."""

    part: Part
    folder: Path
    format: OutFormat
    keep: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class DonePart:
    """The scores of a part: where they are, how many rows, and how many of them without a score."""

    path: Path
    rows: int
    unscored: int


_made_from: tuple[str | Path | None, str, str | None] | None = None
_scorer: RouterScorer | None = None


def use(router: str | Path | None, column: str, expected_sha256: str | None) -> None:
    """Say what this process scores with; it is loaded at the first part, where it can be told what fails."""
    global _made_from, _scorer  # noqa: PLW0603
    _made_from, _scorer = (router, column, expected_sha256), None


def use_in_process(
    run_goes_on: Connection, router: str | Path | None, column: str, expected_sha256: str | None
) -> None:
    """Do so in a process that ends with the run that started it, also where that is killed.

    Args:
        run_goes_on: What the run closes, or the system for it; nothing is ever sent.
        router: As in `load_router`, like `expected_sha256`.
        column: As in `RouterScorer`.
        expected_sha256: See `router`.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the run's, which ends this
    threading.Thread(target=_end_with, args=(run_goes_on,), daemon=True).start()
    use(router, column, expected_sha256)


def _end_with(run_goes_on: Connection) -> None:
    wait([run_goes_on])
    os._exit(1)


def score_part(task: Task) -> DonePart:
    """Score a part.

    Raises:
        ArtifactWriteError: If there is no room or no permission.
        DataError: If the file is damaged, or is there no more.
    """
    scorer, part, keep = _loaded(), task.part, task.keep
    rows = unscored = 0
    stage = new_stage(task.folder, part.number)
    try:
        with new_table(stage, task.format, keep, part.source) as table:
            for batch in batches_of(part, keep=keep):
                scores = scorer.scores(batch.prompts)
                table.write(batch.kept, scores)
                rows += len(batch.prompts)
                unscored += int(np.isnan(scores).sum())
        return DonePart(give_name(stage, part.number, rows=rows, unscored=unscored), rows, unscored)
    finally:
        with suppress(OSError):
            stage.unlink()  # of what was not whole, a full disk least of all has room for it


def _loaded() -> RouterScorer:
    global _scorer  # noqa: PLW0603
    if _scorer is None:
        if _made_from is None:
            raise BatchError("a process must know its router before it scores")
        router, column, sha256 = _made_from
        _scorer = RouterScorer(router, column=column, expected_sha256=sha256)
    return _scorer
