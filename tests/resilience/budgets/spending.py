"""A process that spends from a shared budget with several threads, for tests that start several of it."""

from __future__ import annotations

import random
import threading
import time
from typing import Any

from shared_router import Budget, BudgetExceededError

DOLLARS = 1.0


def spend(store: str, seed: int, threads: int, results: Any) -> None:
    """Reserve and settle until nothing is left, and put what was spent, in billionths, into `results`."""
    budget = Budget(DOLLARS, store=store, on_hard="raise")
    totals: list[int] = []
    work = [
        threading.Thread(target=lambda i=i: totals.append(_spend(budget, seed * 100 + i)))
        for i in range(threads)
    ]
    for each in work:
        each.start()
    for each in work:
        each.join()
    results.put(sum(totals))


def hold(store: str, started: Any) -> None:
    """Reserve a tenth of a dollar, say so, and never end by oneself."""
    held = Budget(DOLLARS, store=store, on_hard="raise").reserve(0.1)
    started.put(held.dollars)
    time.sleep(600)


def _spend(budget: Budget, seed: int) -> int:
    rng, spent, refused = random.Random(seed), 0, 0
    while refused < 20:
        bound = rng.randrange(1, 20) * 10**6
        try:
            held = budget.reserve(bound / 1e9)
        except BudgetExceededError:
            refused += 1
            time.sleep(0.01)
            continue
        cost = rng.randrange(0, bound + 1)
        if rng.random() < 0.1:
            held.release()
        else:
            held.settle(cost / 1e9)
            spent += cost
    return spent
