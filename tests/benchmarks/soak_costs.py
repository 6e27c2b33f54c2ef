"""What resilience, a budget and a decision log cost where nothing fails, and what a million decisions leave.

Run: python -m tests.benchmarks.soak_costs [--write]
"""

import gc
import resource
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from langchain_core.language_models import FakeListChatModel
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import MockLLM

from langchain_routellm import RoutedChatModel
from llamaindex_routellm import RoutedLLM
from shared_router import (
    Bill,
    Budgets,
    CallRules,
    CallSize,
    DecisionLog,
    Resilience,
    RoutingPolicy,
    RoutingRequest,
    TokenUsage,
)
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import report, take_turns
from tests.benchmarks.soak_clients import PRICES, soak_budget

QUERY = (
    "A train leaves the station at noon and a second one follows it at twice the speed. When do they meet?"
)


def everything(folder: Path, name: str) -> dict[str, Any]:
    """Return the arguments that turn everything on."""
    return {
        "resilience": Resilience(),
        "budget": soak_budget(1e6),
        "observers": [DecisionLog(folder / f"{name}.jsonl")],
    }


def measure_overhead(folder: Path, *, rounds: int) -> dict[str, float]:
    """Time both adapters' calls with everything on and off, in turns.

    Returns:
        Microseconds at the median that a call takes longer with everything on.
    """
    rule: dict[str, Any] = {"router": FixedRouter(0.9), "threshold": 0.5, "prices": PRICES}
    messages = [ChatMessage(role="user", content=QUERY)]

    def llamaindex(**given: Any) -> Callable[[], object]:
        llm = RoutedLLM(strong=MockLLM(max_tokens=1), weak=MockLLM(max_tokens=1), **rule, **given)
        return lambda: llm.chat(messages)

    def langchain(**given: Any) -> Callable[[], object]:
        strong, weak = FakeListChatModel(responses=["yes"]), FakeListChatModel(responses=["no"])
        model = RoutedChatModel(strong=strong, weak=weak, **rule, **given)
        return lambda: model.invoke(QUERY)

    figures = {}
    for name, made in {"langchain": langchain, "llamaindex": llamaindex}.items():
        calls = {"off": made(), "on": made(**everything(folder, name))}
        spent = take_turns(calls, rounds=rounds)
        figures[f"overhead_{name}_p50_us"] = spent["on"].p50 - spent["off"].p50
    return figures


def measure_memory(folder: Path, *, decisions: int) -> float:
    """Make decisions with everything on, every tenth with a fallback.

    Returns:
        Megabytes that the process has grown after the first tenth of them.
    """
    given = everything(folder, "memory")
    policy = RoutingPolicy(FixedRouter(0.9), threshold=0.5)
    bill = Bill(PRICES, policy.models)
    budgets = Budgets(given["budget"], bill=bill, policy=policy, max_output_tokens={})
    rules = CallRules(
        policy.models,
        resilience=given["resilience"],
        budgets=budgets,
        observers=given["observers"],
        bill=bill,
    )
    size, usage = CallSize((QUERY,)), TokenUsage(1, 20, 8)
    before = 0
    for n in range(decisions):
        if n == decisions // 10:
            gc.collect()
            before = resident_bytes()
        asked = rules.ask(RoutingRequest(f"{n} {QUERY}"), size)
        attempts = asked.begin(policy.decide(asked.request))
        if n % 10 == 0:
            attempts.failed(ConnectionError("scripted"))
        attempts.answered(usage)
    gc.collect()
    return float(resident_bytes() - before) / 1e6


def resident_bytes() -> int:
    """Return how much memory the process holds."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def measure_costs(folder: Path, *, rounds: int, decisions: int) -> dict[str, float]:
    """Return what a call takes longer with everything on, and what decisions leave in memory."""
    figures = measure_overhead(folder, rounds=rounds)
    return {**figures, "memory_grown_mb": measure_memory(folder, decisions=decisions)}


def main() -> None:
    """Print the JSON line."""
    with tempfile.TemporaryDirectory() as folder:
        report("soak_costs", measure_costs(Path(folder), rounds=3000, decisions=1_000_000))


if __name__ == "__main__":
    main()
