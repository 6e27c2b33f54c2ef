"""What resilience, observers and a budget add to a call of a routed LangChain model, where nothing fails.

Run it with `python -m tests.benchmarks.resilience_overhead`. The children answer at once, so that what is
left is the adapter. It counts the calling thread's processor time, which a call waits for where the machine
is not busy; the log's own thread writes beside it.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult

from langchain_routellm import RoutedChatModel
from shared_router import Budget, Resilience, TokenPrices
from shared_router.testing import FixedRouter
from tests.benchmarks.langchain_overhead import QUESTION, InstantChat
from tests.benchmarks.measure import print_table, report

ROUNDS = 60
CALLS = 25
PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}


class MeteredChat(InstantChat):
    """Answer at once, and say how many tokens that took."""

    def _generate(
        self, messages: list[BaseMessage], stop: Any = None, run_manager: Any = None, **kwargs: Any
    ) -> ChatResult:
        usage: Any = {"input_tokens": 100, "output_tokens": 1, "total_tokens": 101}
        answer = AIMessage("blue", usage_metadata=usage, response_metadata={"model_name": "metered"})
        return ChatResult(generations=[ChatGeneration(message=answer)])


def models(folder: Path) -> dict[str, RoutedChatModel]:
    """Return a routed model without and with each of them."""
    calm = Resilience(deadline=60.0)
    budget = Budget(1e6, max_output_tokens=100)
    given: dict[str, dict[str, Any]] = {
        "off": {},
        "resilience": {"resilience": Resilience()},
        "observers": {"observers": [folder / "a.jsonl"]},
        "budget": {"budget": budget},
        "all": {"resilience": Resilience(), "observers": [folder / "b.jsonl"], "budget": budget},
        "all_deadline": {"resilience": calm, "observers": [folder / "c.jsonl"], "budget": budget},
    }
    return {
        name: RoutedChatModel(
            strong=MeteredChat(),
            weak=MeteredChat(),
            router=FixedRouter(0.9),
            threshold=0.5,
            prices=PRICES,
            **arguments,
        )
        for name, arguments in given.items()
    }


def processor_us(calls: Mapping[str, Callable[[], object]]) -> dict[str, float]:
    """Return the median processor time of each call, in microseconds; they take turns."""
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 3):
        for name, call in calls.items():
            for _ in range(CALLS):
                began = time.thread_time_ns()
                call()
                if turn >= 3:
                    spent[name].append(time.thread_time_ns() - began)
    return {name: float(np.median(values)) / 1e3 for name, values in spent.items()}


async def aprocessor_us(calls: Mapping[str, Callable[[], Awaitable[object]]]) -> dict[str, float]:
    """Return the median processor time of each coroutine, in microseconds, on one event loop."""
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 3):
        for name, call in calls.items():
            for _ in range(CALLS):
                began = time.thread_time_ns()
                await call()
                if turn >= 3:
                    spent[name].append(time.thread_time_ns() - began)
    return {name: float(np.median(values)) / 1e3 for name, values in spent.items()}


def _sync(entry_point: str, model: RoutedChatModel) -> Callable[[], object]:
    if entry_point == "invoke":
        return lambda: model.invoke(QUESTION)
    return lambda: list(model.stream(QUESTION))


def _asynchronous(entry_point: str, model: RoutedChatModel) -> Callable[[], Awaitable[object]]:
    async def read() -> list[Any]:
        return [chunk async for chunk in model.astream(QUESTION)]

    return (lambda: model.ainvoke(QUESTION)) if entry_point == "ainvoke" else read


def main() -> None:
    """Measure four entry points."""
    figures: dict[str, float] = {}
    rows: list[dict[str, Any]] = []
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        all_models = models(Path(folder))
        blocking = {name: model for name, model in all_models.items() if name != "all_deadline"}
        for entry_point in ("invoke", "stream", "ainvoke", "astream"):
            if entry_point.startswith("a"):
                calls = {name: _asynchronous(entry_point, model) for name, model in all_models.items()}
                us = asyncio.run(aprocessor_us(calls))
            else:
                us = processor_us({name: _sync(entry_point, model) for name, model in blocking.items()})
            over = {f"{name} over us": us[name] - us["off"] for name in us if name != "off"}
            rows.append({"entry point": entry_point, "off us": us["off"], **over})
            figures |= {f"{entry_point}_{name}_us": us[name] - us["off"] for name in us if name != "off"}
    print_table([{**{key: 0.0 for key in rows[-1]}, **row} for row in rows])
    report("resilience_overhead", figures)


if __name__ == "__main__":
    main()
