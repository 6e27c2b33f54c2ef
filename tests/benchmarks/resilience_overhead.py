"""What resilience, observers and a budget add to a call of a routed LangChain model, where nothing fails.

"all" is resilience, a decision log and a budget; "everything" has telemetry too, with OpenTelemetry's SDK.

Run it with `python -m tests.benchmarks.resilience_overhead`. The children answer at once, so that what is
left is the adapter. It counts the calling thread's processor time, which a call waits for where the machine
is not busy; the log's own thread writes beside it. A median and a tenth percentile, the latter with suffix
`_p10_us`: what is left of the noise of a machine that others use.
"""

import asyncio
import tempfile
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.outputs import ChatGeneration, ChatResult
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from langchain_routellm import RoutedChatModel
from shared_router import Budget, Resilience, Telemetry, TokenPrices
from shared_router.testing import FixedRouter
from tests.benchmarks.langchain_overhead import QUESTION, InstantChat
from tests.benchmarks.measure import print_table, report

ROUNDS = 40
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
    told, behind = _telemetry(in_background=False), _telemetry(in_background=True)
    budget = Budget(1e6, max_output_tokens=100)
    given: dict[str, dict[str, Any]] = {
        "off": {},
        "resilience": {"resilience": Resilience()},
        "observers": {"observers": [folder / "a.jsonl"]},
        "budget": {"budget": budget},
        "all": {"resilience": Resilience(), "observers": [folder / "b.jsonl"], "budget": budget},
        "everything": {
            "resilience": Resilience(),
            "observers": [folder / "d.jsonl", told],
            "budget": budget,
        },
        "everything_in_background": {
            "resilience": Resilience(),
            "observers": [folder / "e.jsonl", behind],
            "budget": budget,
        },
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


class Nowhere(SpanExporter):
    """Throw spans away."""

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Take a batch."""
        return SpanExportResult.SUCCESS


def _telemetry(*, in_background: bool) -> Telemetry:
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(Nowhere(), max_queue_size=1 << 16))
    meters = MeterProvider([InMemoryMetricReader()])
    return Telemetry(tracer_provider=traces, meter_provider=meters, in_background=in_background)


def processor_us(calls: Mapping[str, Callable[[], object]]) -> dict[str, tuple[float, float]]:
    """Return each call's processor time, median and tenth percentile, in microseconds; they take turns."""
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 3):
        for name, call in calls.items():
            for _ in range(CALLS):
                began = time.thread_time_ns()
                call()
                if turn >= 3:
                    spent[name].append(time.thread_time_ns() - began)
    return {name: _middle_and_low(values) for name, values in spent.items()}


async def aprocessor_us(
    calls: Mapping[str, Callable[[], Awaitable[object]]],
) -> dict[str, tuple[float, float]]:
    """Return what `processor_us` returns, of coroutines on one event loop."""
    spent: dict[str, list[int]] = {name: [] for name in calls}
    for turn in range(ROUNDS + 3):
        for name, call in calls.items():
            for _ in range(CALLS):
                began = time.thread_time_ns()
                await call()
                if turn >= 3:
                    spent[name].append(time.thread_time_ns() - began)
    return {name: _middle_and_low(values) for name, values in spent.items()}


def _middle_and_low(nanoseconds: list[int]) -> tuple[float, float]:
    middle, low = np.percentile(nanoseconds, [50, 10]) / 1e3
    return float(middle), float(low)


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
            off, low_off = us["off"]
            over = {
                name: (middle - off, low - low_off) for name, (middle, low) in us.items() if name != "off"
            }
            rows.append({"entry point": entry_point, "off us": off, **{k: v for k, (v, _) in over.items()}})
            figures |= {f"{entry_point}_{name}_us": middle for name, (middle, _) in over.items()}
            figures |= {
                f"{entry_point}_{name}_p10_us": low
                for name, (_, low) in over.items()
                if name.startswith("everything")
            }
    print_table([{**{key: 0.0 for key in rows[-1]}, **row} for row in rows])
    report("resilience_overhead", figures)


if __name__ == "__main__":
    main()
