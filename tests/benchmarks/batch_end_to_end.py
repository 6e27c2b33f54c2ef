"""Very many prompts through `routellm score`, from files to files, with two processes and one kill.

It is killed when half of the rows are scored, and run again. What is kept for the docs is kept every ten
seconds, so that a run which is cut has its figures up to there. In the end all rows are counted, none may be
without a score, and 20,000 drawn ones must have the router's own.
"""

import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from pyarrow import parquet  # type: ignore[import-untyped]

from shared_router import load_router
from tests.benchmarks.batch_scale import ENVIRONMENT, command, largest_process, write_prompts
from tests.benchmarks.measure import keep, print_table

PROCESSES = 2
CHECKED = 20_000
_LOOKED_S = 2.0
_KEPT_S = 10.0


@dataclass
class Told:
    """What is known of a run so far."""

    router: str
    rows: int
    done: int = 0
    seconds: float = 0.0
    largest_mb: float = 0.0
    first_tenth_mb: float = 0.0
    done_at_kill: int = 0
    scored_after_kill: int = 0

    def row(self) -> dict[str, object]:
        """Return it as a row of a table."""
        return {
            "router": self.router,
            "rows": self.rows,
            "rows done": self.done,
            "processes": PROCESSES,
            "minutes": f"{self.seconds / 60:.1f}",
            "rows/s": f"{self.done / max(self.seconds, 1e-9):,.0f}",
            "largest process MB, first tenth": f"{self.first_tenth_mb:.0f}",
            "largest process MB, all": f"{self.largest_mb:.0f}",
            "rows done at the kill": self.done_at_kill,
            "rows scored after it": self.scored_after_kill,
        }

    def keep(self) -> None:
        """Keep it for the docs where that is asked for."""
        row = self.row()
        if "--write" in sys.argv:
            keep("batch_scale", {"columns": list(row), "rows": [list(row.values())]}, "batch_end_to_end")


def score_end_to_end(n_rows: int, router: str) -> None:
    """Score so many prompts, print what is known, and check all scores."""
    with tempfile.TemporaryDirectory() as folder:
        source, out = Path(folder) / "prompts", Path(folder) / "scores"
        source.mkdir()
        print("writing prompts ...", flush=True)
        write_prompts(source, n_rows)
        told = Told(router, n_rows)
        asked = command(source, out, router, PROCESSES)
        _run(asked, out, told, until=n_rows // 2)
        told.done_at_kill = rows_done(out)
        print(f"killed with {told.done_at_kill:,} rows done", flush=True)
        told.scored_after_kill = _run(asked, out, told, until=None)
        told.done = rows_done(out)
        told.keep()
        print_table([told.row()])
        check(source, out, router, n_rows)


def _run(asked: list[str], out: Path, told: Told, *, until: int | None) -> int:
    """Run up to so many rows, and return how many it says that it has scored; 0 where it is killed."""
    before, started = told.seconds, time.monotonic()
    process = subprocess.Popen(
        asked, start_new_session=True, stdout=subprocess.PIPE, text=True, env=ENVIRONMENT
    )
    kept = 0.0
    try:
        while process.poll() is None and (until is None or told.done < until):
            time.sleep(_LOOKED_S)
            told.seconds = before + time.monotonic() - started
            told.largest_mb = max(told.largest_mb, largest_process(process.pid))
            told.done = rows_done(out)
            if told.done <= told.rows / 10:
                told.first_tenth_mb = told.largest_mb
            if told.seconds - kept > _KEPT_S:
                kept = told.seconds
                told.keep()
                print(f"{told.seconds:,.0f} s: {told.done:,} rows, {told.largest_mb:.0f} MB", flush=True)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
    said, _ = process.communicate()
    told.seconds = before + time.monotonic() - started
    assert until is not None or process.returncode == 0, "a run must end well"
    found = re.search(r"^([\d,]+) rows scored", said, re.MULTILINE)
    return int(found[1].replace(",", "")) if found else 0


def rows_done(out: Path) -> int:
    """Return how many rows have their scores on the disk: those of whole files and of whole parts."""
    parts = (path.name for path in (out / ".routellm-score").glob("*/*/*-*-*") if path.suffix != ".partial")
    files = list(out.glob("*.parquet"))
    whole = sum(parquet.read_metadata(path).num_rows for path in files)
    return int(whole) + sum(int(name.split("-")[1]) for name in parts)


def check(source: Path, out: Path, router: str, n_rows: int) -> None:
    """Count the rows, and compare drawn ones with what the router says."""
    counted = 0
    rng = np.random.default_rng(0)
    for path in sorted(source.glob("*.parquet")):
        prompts = parquet.ParquetFile(path)
        scores = parquet.read_table(out / path.name)["win_probability"]
        assert len(scores) == prompts.metadata.num_rows, "each row must have its place"
        assert scores.null_count == 0, "and its score"
        counted += len(scores)
        group = int(rng.integers(prompts.num_row_groups))
        first = sum(prompts.metadata.row_group(i).num_rows for i in range(group))
        drawn = prompts.read_row_group(group)["prompt"].to_pylist()[: CHECKED // 8]
        there = np.array(scores.slice(first, len(drawn)).to_pylist())
        assert np.allclose(there, load_router(router).win_probability(drawn), atol=1e-6), "the router's own"
    assert counted == n_rows
    print(f"{counted:,} rows counted, each with a score")
