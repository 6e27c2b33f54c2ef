"""What one process does: load a router once, and score parts."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from shared_router.batch.folder import flush
from shared_router.batch.parts import Part, batches_of
from shared_router.batch.scorer import RouterScorer
from shared_router.batch.tables import OutFormat, new_table
from shared_router.errors import BatchError


@dataclass(frozen=True, slots=True)
class Task:
    """What a process needs to know to score one part."""

    part: Part
    stage: Path
    format: OutFormat
    column: str
    keep: tuple[str, ...]


_scorer: RouterScorer | None = None


def load(router: str | Path | None, column: str, expected_sha256: str | None) -> None:
    """Load the router that this process scores with."""
    global _scorer  # noqa: PLW0603
    _scorer = RouterScorer(router, column=column, expected_sha256=expected_sha256)


def score_part(task: Task) -> tuple[int, int]:
    """Score a part, and return how many rows it has and how many have no score."""
    scorer = _scorer
    if scorer is None:
        raise BatchError("a process must load its router before it scores")
    rows = unscored = 0
    with new_table(task.stage, task.format, task.keep) as table:
        for batch in batches_of(task.part, column=task.column, keep=task.keep):
            scores = scorer.scores([row.get(task.column) if row else None for row in batch])
            kept = {name: [row.get(name) if row else None for row in batch] for name in task.keep}
            table.write(kept, scores)
            rows += len(batch)
            unscored += int(np.isnan(scores).sum())
    flush(task.stage)
    os.replace(task.stage, task.stage.with_name(f"{task.part.number}-{rows}-{unscored}"))
    return rows, unscored
