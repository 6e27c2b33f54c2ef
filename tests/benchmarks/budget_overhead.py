"""What a budget costs a call: holding its bound and settling it, in memory, in SQLite and in Redis.

Run: python -m tests.benchmarks.budget_overhead --write  (Redis where redis-server is installed)

16 threads reserve and settle as fast as they can, which is more than any provider answers; "waited" is the
share of calls that had to ask the store, and "over" what was spent beyond the limit.
"""

from __future__ import annotations

import random
import shutil
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import Budget, BudgetExceededError
from tests.benchmarks.measure import report_rows
from tests.resilience.budgets.stores import redis_server

THREADS, CALLS, DOLLARS = 16, 2000, 100.0


def main() -> None:
    """Measure each store, and print a row for each."""
    with tempfile.TemporaryDirectory() as folder, _redis(Path(folder)) as url:
        stores: dict[str, str | None] = {"memory": None, "SQLite": f"{folder}/budgets.db"}
        if url is not None:
            stores["Redis"] = url
        report_rows(
            "budget_overhead", [{"store": name, **_measured(store)} for name, store in stores.items()]
        )


def _measured(store: str | None) -> dict[str, Any]:
    budget = Budget(DOLLARS, store=store, on_hard="raise")
    seconds: list[float] = []
    spent: list[float] = []
    waited: list[bool] = []

    def spend(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(CALLS):
            waits = budget.would_wait(dollars=0.01)
            start = time.perf_counter()
            try:
                held = budget.reserve(0.01)
            except BudgetExceededError:
                continue
            reserved = time.perf_counter() - start
            dollars = 0.002 * rng.random()
            held.settle(dollars)
            seconds.append(reserved)
            spent.append(dollars)
            waited.append(waits)

    threads = [threading.Thread(target=spend, args=(seed,)) for seed in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    budget.close()
    alone = Budget(DOLLARS, store=store, on_hard="raise")
    turns = []
    for _ in range(2000):
        start = time.perf_counter()
        alone.reserve(0.01).settle(0.001)
        turns.append(time.perf_counter() - start)
    alone.close()
    return {
        "one thread, us p50": 1e6 * float(np.median(turns)),
        "p99": 1e6 * float(np.percentile(turns, 99)),
        "16 threads, us p50": 1e6 * float(np.median(seconds)),
        "waited": sum(waited) / len(waited),
        "over": max(0.0, sum(spent) - DOLLARS),
    }


@contextmanager
def _redis(folder: Path) -> Iterator[str | None]:
    if shutil.which("redis-server") is None:
        yield None
        return
    with redis_server(folder) as url:
        yield url


if __name__ == "__main__":
    main()
