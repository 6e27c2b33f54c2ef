"""How fast `routellm score` is by the number of processes, what it holds in memory, and what a kill costs.

The prompts are real, of five kinds, each in as many copies as it takes, numbered so that no two rows are
alike. Each number of processes scores the same Parquet files, in fresh processes, in turns; a run is then
killed in its middle and run again. What a hundred million prompts take is told from that.

With `--end-to-end N`, that many prompts are scored by two processes instead, and the run is killed once.

Run: python -m tests.benchmarks.batch_scale [--rows N | --end-to-end N] [--routers NAME ...] [--write]
"""

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from tests.benchmarks.measure import report_rows
from tests.benchmarks.real_prompts import real_prompts

ROOT = Path(__file__).parents[2]
FILES = 8
HUNDRED_MILLION = 1e8
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT)}


def write_prompts(folder: Path, n_rows: int) -> None:
    """Write files of prompts, a row group each 8,192 rows."""
    numbered = (f"{i}. {prompt}" for i, prompt in enumerate(islice(cycle(mixed_prompts()), n_rows)))
    for number in range(FILES):
        left = -(-n_rows // FILES)
        with parquet.ParquetWriter(folder / f"{number}.parquet", pa.schema({"prompt": pa.string()})) as out:
            while rows := list(islice(numbered, min(left, 8192))):
                out.write_table(pa.table({"prompt": rows}))
                left -= len(rows)


def mixed_prompts() -> list[str]:
    """Return real prompts of all kinds, in an order of chance."""
    prompts = [prompt for kind in real_prompts(2000).values() for prompt in kind]
    return [prompts[i] for i in np.random.default_rng(0).permutation(len(prompts))]


def command(source: Path, out: Path, router: str, processes: int) -> list[str]:
    """Return what is run."""
    asked = ["score", str(source), "--out", str(out), "--router", router, "--processes", str(processes)]
    return [sys.executable, "-m", "shared_router", *asked]


def measure(source: Path, out: Path, router: str, processes: int) -> dict[str, float]:
    """Score everything once, and return the seconds and the largest process's memory."""
    started = time.monotonic()
    process = subprocess.Popen(
        command(source, out, router, processes),
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        env=ENVIRONMENT,
    )
    largest = 0.0
    while process.poll() is None:
        largest = max(largest, largest_process(process.pid))
        time.sleep(0.25)
    assert process.returncode == 0, "a run must end well"
    return {"seconds": time.monotonic() - started, "largest MB": largest}


def largest_process(session: int) -> float:
    """Return the megabytes that the largest process of a session has held so far."""
    return max(map(_megabytes, Path("/proc").glob("[0-9]*/status"), cycle([session])), default=0.0)


def _megabytes(status: Path, session: int) -> float:
    """Return the most that a process of a session has held so far; 0 of another's, or one that has ended."""
    try:
        if os.getsid(int(status.parent.name)) != session:
            return 0.0
        told = dict(line.split(":", 1) for line in status.read_text().splitlines())
    except (OSError, ValueError):
        return 0.0
    return float(told.get("VmHWM", "0 kB").split()[0]) / 1024


def scores_in(out: Path) -> list[float]:
    """Return all scores of a run, in order."""
    files = sorted(out.glob("*.parquet"))
    return [score for path in files for score in parquet.read_table(path)["win_probability"].to_pylist()]


def after_kill(source: Path, out: Path, router: str, *, whole_s: float) -> float:
    """Return how many seconds killing a run half-way and running it again takes, over one run."""
    started = time.monotonic()
    process = subprocess.Popen(
        command(source, out, router, 2), start_new_session=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT
    )
    time.sleep(whole_s / 2)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    subprocess.run(command(source, out, router, 2), check=True, stdout=subprocess.DEVNULL, env=ENVIRONMENT)
    return time.monotonic() - started - whole_s


def main() -> None:
    """Measure, print, and with `--write` keep the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=200_000)
    parser.add_argument("--end-to-end", type=int, help="how many prompts to score once, with a kill")
    parser.add_argument("--routers", nargs="+", default=["static-v2", "static-v1"])
    parser.add_argument("--write", action="store_true", help="keep the table for the docs")
    arguments = parser.parse_args()
    if arguments.end_to_end:
        from tests.benchmarks.batch_end_to_end import score_end_to_end

        score_end_to_end(arguments.end_to_end, arguments.routers[0])
        return
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "prompts"
        source.mkdir()
        write_prompts(source, arguments.rows)
        for router in arguments.routers:
            one = measure(source, Path(folder) / f"{router}-1", router, 1)
            two = measure(source, Path(folder) / f"{router}-2", router, 2)
            lost = after_kill(source, Path(folder) / f"{router}-3", router, whole_s=two["seconds"])
            alone, together, again = (scores_in(Path(folder) / f"{router}-{i}") for i in (1, 2, 3))
            assert alone == together == again, "every run must write the same scores"
            assert len(alone) == arguments.rows, "and one a row"
            rows.append(
                {
                    "router": router,
                    "rows": arguments.rows,
                    "rows/s, 1 process": arguments.rows / one["seconds"],
                    "rows/s, 2 processes": arguments.rows / two["seconds"],
                    "speedup": one["seconds"] / two["seconds"],
                    "largest process MB": two["largest MB"],
                    "a kill costs s": lost,
                    "core hours for 100 million": HUNDRED_MILLION / arguments.rows * one["seconds"] / 3600,
                }
            )
    report_rows("batch_scale", rows)
    print(json.dumps({row["router"]: {k: v for k, v in row.items() if k != "router"} for row in rows}))


if __name__ == "__main__":
    main()
