"""Ten thousand requests, 200 at a time, to providers that fail, beside bare clients and LiteLLM's Router.

Each contestant is asked the same requests of the same fault server, in a process of its own, with the same
timeout: ours (`RoutedChatModel` and `RoutedLLM` with resilience, a budget and a decision log, half of the
requests each), the bare clients that ours is over, with their own retries, and `litellm.Router` 1.110.0 in an
environment of its own, with two deployments that are each other's fallbacks. An answer counts where it is the
request's own, whole, and once. A stream that is cut after its first words can be answered by nobody.

Then a budget for half of the requests is compared with what the provider bills; `soak_costs` has the rest.

Run: python -m tests.benchmarks.resilience_soak --litellm PYTHON [--requests N] [--write]
     python -m tests.benchmarks.resilience_soak --quick

`PYTHON` is that of an environment with `pip install litellm==1.110.0`; without it LiteLLM is left out.
"""

import argparse
import asyncio
import json
import logging
import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from shared_router import BudgetExceededError, DecisionLog
from tests.benchmarks import soak_clients
from tests.benchmarks.measure import report_rows
from tests.benchmarks.soak_clients import PRICES, soak_budget
from tests.benchmarks.soak_costs import measure_costs
from tests.benchmarks.soak_requests import Ask, SoakRequest, plan_faults, requests_asked, soak

SHARES = (0.0, 0.01, 0.1, 0.5)
REQUESTS = 2500
"""Requests of each contestant at each share of faults: ten thousand in all."""

CONCURRENT = 200
SEED = 1
OURS, BARE, LITELLM = "ours", "bare", "litellm"


@contextmanager
def fault_server() -> Iterator[str]:
    """Run the fault server in a process of its own, and yield its URL."""
    with subprocess.Popen(
        [sys.executable, "-m", "tests.fault_server"], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            yield (process.stdout.readline() if process.stdout else "").strip()
        finally:
            process.kill()


def measure_answers(url: str, folder: Path, n: int, litellm: str | None) -> dict[str, dict[str, Any]]:
    """Return what became of each contestant's requests at each share of faults, by `"NAME SHARE"`."""
    found = {}
    for share in SHARES:
        contestants: dict[str, Callable[[], dict[str, Any]]] = {
            BARE: lambda: both(soak_clients.bare_langchain(url), soak_clients.bare_llamaindex(url), n),
            OURS: lambda: ours(url, folder, n, dollars=1e6),
        }
        if litellm is not None:
            contestants[LITELLM] = lambda: of_litellm(litellm, url, n)
        for name, ask in contestants.items():
            plan_faults(url, share=share, seed=SEED)
            outcome = ask()
            asked = Counter(each["request"] for each in requests_asked(url))
            outcome["asked_most"] = max(asked.values())
            found[f"{name} {share:g}"] = outcome
            print(f"{name} at {share:.0%}: {outcome}", file=sys.stderr, flush=True)
    return found


def ours(url: str, folder: Path, n: int, *, dollars: float) -> dict[str, Any]:
    """Soak both adapters with everything on, under one budget."""
    budget = soak_budget(dollars)
    log = DecisionLog(folder / "soak.jsonl")
    return both(
        soak_clients.routed_langchain(url, budget=budget, log=log),
        soak_clients.routed_llamaindex(url, budget=budget, log=log),
        n,
    )


def both(langchain: Ask, llamaindex: Ask, n: int) -> dict[str, Any]:
    """Soak two clients at once, each with half of the requests."""

    def ask(request: SoakRequest) -> Any:
        return (langchain if int(request.id[1:]) // 4 % 2 else llamaindex)(request)

    return asyncio.run(soak(ask, n, concurrent=min(CONCURRENT, n)))


def of_litellm(python: str, url: str, n: int) -> dict[str, Any]:
    """Soak LiteLLM's Router in its own environment."""
    command = [python, "-m", "tests.benchmarks.soak_litellm", url, str(n), str(min(CONCURRENT, n))]
    environment = {**os.environ, "LITELLM_LOCAL_MODEL_COST_MAP": "True"}
    run = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
    found: dict[str, Any] = json.loads(run.stdout.splitlines()[-1])
    return found


def measure_overshoot(url: str, folder: Path, n: int) -> dict[str, float]:
    """Soak with a budget for half of the requests, and compare it with what the provider bills."""
    dollars = n / 2 * 20 * (PRICES["strong"].input_per_million_tokens + 1.0) / 2 / 1e6
    plan_faults(url, share=0.1, seed=SEED)
    outcome = ours(url, folder, n, dollars=dollars)
    billed = sum(
        each["billed_tokens"] * PRICES[each["model"]].input_per_million_tokens / 1e6
        for each in requests_asked(url)
    )
    return {
        "budget_dollars": dollars,
        "budget_billed_dollars": billed,
        "budget_refused": float(outcome["errors"].get(BudgetExceededError.__name__, 0)),
        "budget_overshoot_dollars": max(0.0, billed - dollars),
    }


def figures_of(found: dict[str, dict[str, Any]], n: int) -> dict[str, float | None]:
    """Return what the soak has found, by the names that are told; None where LiteLLM was left out."""
    figures: dict[str, float | None] = {f"litellm_answered_share_{100 * share:g}": None for share in SHARES}
    for name, prefix in ((OURS, ""), (LITELLM, "litellm_"), (BARE, "bare_")):
        for share in SHARES:
            if (outcome := found.get(f"{name} {share:g}")) is not None:
                answered = outcome["ends"].get("answered", 0)
                figures[f"{prefix}answered_share_{100 * share:g}"] = answered / n
        for end in ("lost", "doubled", "misordered", "truncated"):
            counts = [outcome["ends"].get(end, 0) for key, outcome in found.items() if key.startswith(name)]
            if counts:
                figures[f"{prefix}{end}"] = sum(counts)
    return figures


def rows_of(found: dict[str, dict[str, Any]], n: int) -> list[dict[str, Any]]:
    """Return the table: a contestant a row, its answered share by the share of faults."""
    names = {OURS: "ours", BARE: "the bare clients", LITELLM: "`litellm.Router`"}
    return [
        {
            "who is asked": label,
            **{
                f"{share:.0%} faults": f"{found[f'{name} {share:g}']['ends'].get('answered', 0) / n:.4f}"
                for share in SHARES
            },
            "most calls a request": max(found[f"{name} {share:g}"]["asked_most"] for share in SHARES),
        }
        for name, label in names.items()
        if f"{name} 0" in found
    ]


def main() -> None:
    """Print the table and the JSON line."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--litellm", metavar="PYTHON")
    parser.add_argument("--requests", type=int, default=REQUESTS)
    parser.add_argument("--quick", action="store_true")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    n = 48 if given.quick else given.requests
    logging.disable(logging.WARNING)  # LlamaIndex logs each of its retries
    with tempfile.TemporaryDirectory() as name, fault_server() as url:
        folder = Path(name)
        found = measure_answers(url, folder, n, given.litellm)
        figures = figures_of(found, n)
        figures |= measure_overshoot(url, folder, n)
        rounds, decisions = (100, 5000) if given.quick else (3000, 1_000_000)
        figures |= measure_costs(folder, rounds=rounds, decisions=decisions)
    report_rows("resilience_soak", rows_of(found, n))
    told = {name: None if value is None else round(value, 6) for name, value in figures.items()}
    print(json.dumps(told))


if __name__ == "__main__":
    main()
