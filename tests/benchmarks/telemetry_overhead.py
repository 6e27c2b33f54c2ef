"""What watching a call costs its caller: microseconds over a call that nobody watches.

A call is the core's own: asked, decided, begun and answered, with a router that returns a number. Each way of
watching takes turns with `off` in one run, with pauses in which the log's thread can write, as between
requests. `log_prompts` keeps the text too; spans go to the SDK's batch processor and are thrown away.

Run: python -m tests.benchmarks.telemetry_overhead [--write]
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from shared_router import (
    Bill,
    CallRules,
    DecisionLog,
    ModelWatch,
    RoutingPolicy,
    RoutingRequest,
    Telemetry,
    TokenPrices,
    TokenUsage,
)
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import report

ROUNDS, WARM_UP, EVERY, PAUSE_S = 4000, 200, 50, 0.002
USAGE = TokenUsage(1, 120, 80)
PRICES = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(0.15, 0.6)}


class Nowhere(SpanExporter):
    """Throw spans away."""

    def export(self, spans: Sequence[Any]) -> SpanExportResult:
        """Take a batch."""
        return SpanExportResult.SUCCESS


def main() -> None:
    """Time one call in every way of watching."""
    folder = Path(tempfile.mkdtemp())
    traces = TracerProvider()
    traces.add_span_processor(BatchSpanProcessor(Nowhere(), max_queue_size=1 << 16))
    meters = MeterProvider([InMemoryMetricReader()])
    telemetry = Telemetry(tracer_provider=traces, meter_provider=meters)
    behind = Telemetry(tracer_provider=traces, meter_provider=meters, in_background=True)
    logs = [
        DecisionLog(folder / "log", max_waiting=1 << 20),
        DecisionLog(folder / "texts", max_waiting=1 << 20, log_prompts=True),
    ]
    ways: dict[str, list[Any]] = {
        "off": [],
        "log": [logs[0]],
        "log, log_prompts": [logs[1]],
        "telemetry": [telemetry],
        "telemetry, in_background": [behind],
        "models": [ModelWatch({"weak": "gpt-4o-mini"})],
    }
    ways["all"] = [logs[0], telemetry, *ways["models"]]
    ways["all, in_background"] = [logs[0], behind, *ways["models"]]
    spent = timed({name: call(observers) for name, observers in ways.items()})
    traces.shutdown()
    assert all(log.flush() and not log.health.dropped for log in logs)
    figures = {"off_us": float(np.median(spent["off"]))}
    for name in ways:
        if name != "off":
            figures[f"{name}_over_us"] = float(np.median(spent[name]) - np.median(spent["off"]))
    report("telemetry_overhead", figures)


def timed(calls: dict[str, Callable[[], None]]) -> dict[str, list[float]]:
    """Return the microseconds of each call, in turns, with a pause now and then."""
    spent: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(WARM_UP + ROUNDS):
        for name, make in calls.items():
            began = time.perf_counter_ns()
            make()
            if turn >= WARM_UP:
                spent[name].append((time.perf_counter_ns() - began) / 1e3)
        if turn % EVERY == 0:
            time.sleep(PAUSE_S)
    return spent


def call(observers: list[Any]) -> Callable[[], None]:
    """Return a whole call under these observers."""
    policy = RoutingPolicy(FixedRouter(0.2), threshold=0.5)
    rules = CallRules(policy.models, observers=observers, bill=Bill(PRICES, policy.models))
    request = RoutingRequest("What is the meaning of the word 'ubiquitous', and how is it used? " * 4)

    def make() -> None:
        asked = rules.ask(request)
        attempts = asked.begin(policy.decide(asked.request))
        with attempts.asking():
            pass
        attempts.answered(USAGE, provider_model="gpt-4o-mini")

    return make


if __name__ == "__main__":
    main()
