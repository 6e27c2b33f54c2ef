"""`RouterScorer` in a real local Ray, two workers, of which one is killed midway: every row, once, unchanged.

It needs the extra `ray` and psutil, and is run by hand: Ray is too heavy to install for each change.

Run: python -m tests.benchmarks.ray_scoring [--rows N]
"""

import argparse
import json
import logging
import os
import signal
import tempfile
import threading
import time
from pathlib import Path

import psutil  # type: ignore[import-untyped]
from pyarrow import parquet  # type: ignore[import-untyped]

from shared_router.batch.score import score_files
from shared_router.batch.scorer import RouterScorer
from tests.benchmarks.batch_scale import write_prompts


def kill_a_worker(killed: list[int]) -> None:
    """Kill one of the processes that score, as soon as there are two."""
    while len(killed) < 1:
        found = [
            process
            for process in psutil.process_iter(["pid", "cmdline"])
            if any("MapWorker" in part for part in process.info["cmdline"] or [])
        ]
        if len(found) >= 2:
            time.sleep(2)
            os.kill(found[0].pid, signal.SIGKILL)
            killed.append(found[0].pid)
        time.sleep(0.1)


def main() -> None:
    """Score with Ray and with `routellm score`, and compare."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rows", type=int, default=60_000)
    n_rows = parser.parse_args().rows
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    import ray  # type: ignore[import-not-found,unused-ignore]

    with tempfile.TemporaryDirectory() as folder:
        source = Path(folder) / "prompts"
        source.mkdir()
        write_prompts(source, n_rows)
        ray.init(num_cpus=4, include_dashboard=False, logging_level=logging.ERROR)
        killed: list[int] = []
        watcher = threading.Thread(target=kill_a_worker, args=(killed,), daemon=True)
        watcher.start()
        scored = ray.data.read_parquet(str(source)).map_batches(
            RouterScorer,
            fn_constructor_args=["static-v2"],
            batch_size=1024,
            num_cpus=1,
            compute=ray.data.ActorPoolStrategy(size=2),
        )
        by_ray = {row["prompt"]: row["win_probability"] for row in scored.iter_rows()}
        ray.shutdown()
        score_files([source], Path(folder) / "out", keep=["prompt"], processes=1)
        here = {
            row["prompt"]: row["win_probability"]
            for path in (Path(folder) / "out").glob("*.parquet")
            for row in parquet.read_table(path).to_pylist()
        }
    assert len(here) == n_rows, "every row has a prompt of its own"
    assert by_ray.keys() == here.keys(), "no row may be lost"
    furthest = max(abs(by_ray[prompt] - here[prompt]) for prompt in here)
    print(json.dumps({"rows": n_rows, "killed_workers": len(killed), "largest_difference": furthest}))


if __name__ == "__main__":
    main()
