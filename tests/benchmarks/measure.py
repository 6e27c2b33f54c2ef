"""Time two things side by side and print what they cost.

Machines drift, so a claim is a difference or a ratio of calls that took turns in one run.
"""

import gc
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

FIGURES = Path(__file__).parents[2] / "docs" / "figures"


@dataclass(frozen=True, slots=True)
class Timing:
    """Microseconds a call, in the order of the calls."""

    us: NDArray[np.float64]

    @property
    def p50(self) -> float:
        """The median call, in microseconds."""
        return float(np.percentile(self.us, 50))

    @property
    def p99(self) -> float:
        """The 99th percentile, in microseconds."""
        return float(np.percentile(self.us, 99))


def take_turns(
    calls: Mapping[str, Callable[[], object]], *, rounds: int, warm_up: int = 50
) -> dict[str, Timing]:
    """Time each call `rounds` times, one after the other in every round."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for turn in range(warm_up + rounds):
            for name, call in calls.items():
                start = time.perf_counter_ns()
                call()
                elapsed = time.perf_counter_ns() - start
                if turn >= warm_up:
                    spent[name].append(elapsed / 1e3)
    finally:
        gc.enable()
    return {name: Timing(np.array(values)) for name, values in spent.items()}


async def take_turns_async(
    calls: Mapping[str, Callable[[], Awaitable[object]]], *, rounds: int, warm_up: int = 50
) -> dict[str, Timing]:
    """Time each coroutine `rounds` times, one after the other in every round, on one loop."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    gc.collect()
    gc.disable()
    try:
        for turn in range(warm_up + rounds):
            for name, call in calls.items():
                start = time.perf_counter_ns()
                await call()
                elapsed = time.perf_counter_ns() - start
                if turn >= warm_up:
                    spent[name].append(elapsed / 1e3)
    finally:
        gc.enable()
    return {name: Timing(np.array(values)) for name, values in spent.items()}


def process_ms(
    codes: Sequence[str], *, rounds: int, environment: Mapping[str, str], clock: str = "perf_counter"
) -> list[float]:
    """Return the median milliseconds that each code takes in a fresh process, in turns.

    Modules are compiled once, as an installed package's are; the round that compiles them does not count.

    Args:
        codes: What is run.
        rounds: How often.
        environment: The processes' variables.
        clock: The function of `time` that is read.
    """
    spent: list[list[float]] = [[] for _ in codes]
    with tempfile.TemporaryDirectory() as folder:
        compiling = {**environment, "PYTHONPYCACHEPREFIX": folder, "PYTHONDONTWRITEBYTECODE": ""}
        for _ in range(1 + rounds):
            for code, times in zip(codes, spent, strict=True):
                timed = f"import time; t = time.{clock}(); {code}; print(time.{clock}() - t)"
                done = subprocess.run(
                    [sys.executable, "-c", timed], check=True, capture_output=True, text=True, env=compiling
                )
                times.append(1e3 * float(done.stdout))
    return [statistics.median(times[1:]) for times in spent]


def print_table(rows: list[dict[str, Any]]) -> None:
    """Print rows of equal keys as an aligned table."""
    cells = [[_shown(value) for value in row.values()] for row in rows]
    table = [list(rows[0]), *cells]
    widths = [max(len(line[column]) for line in table) for column in range(len(table[0]))]
    for line in table:
        print("  ".join(cell.rjust(width) for cell, width in zip(line, widths, strict=True)))


def report(benchmark: str, figures: dict[str, float]) -> None:
    """Print the figures as the last line, one JSON object; with `--write` also keep them for the docs."""
    rounded = {
        name: round(value, 4) if abs(value) >= 1e-3 else float(f"{value:.2g}")
        for name, value in figures.items()
    }
    if "--write" in sys.argv:
        keep(benchmark, {"figures": rounded})
    print(json.dumps(rounded))


def report_rows(benchmark: str, rows: list[dict[str, Any]]) -> None:
    """Print rows of equal keys; with `--write` also keep them for the docs, floats to three decimals."""
    print_table(rows)
    if "--write" in sys.argv:
        cells = [
            [f"{cell:.3f}" if isinstance(cell, float) else cell for cell in row.values()] for row in rows
        ]
        keep(benchmark, {"columns": list(rows[0]), "rows": cells})


def keep(benchmark: str, measured: dict[str, Any], record: str | None = None) -> None:
    """Keep what was measured for the docs, with the command and the machine; one may have two records."""
    kept = {
        "command": " ".join(
            ["python -m", f"tests.benchmarks.{benchmark}", *map(_without_place, sys.argv[1:])]
        ),
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}",
        **measured,
    }
    (FIGURES / f"{record or benchmark}.json").write_text(json.dumps(kept, indent=1) + "\n", "utf-8")


def _without_place(argument: str) -> str:
    """Return an argument as anybody would give it: where things are on this machine is nobody's business."""
    return "PATH" if Path(argument).is_absolute() else argument


def _shown(value: object) -> str:
    return f"{value:,.3f}" if isinstance(value, float) else str(value)
