"""A trace as a viewer shows it: a request whose strong model is rate limited, and which the weak one answers.

The models are real clients of a real HTTP server on this machine, and OpenInference traces LlamaIndex beside
us. It is the program's second request: the first one loads libraries. The spans are shown in the order in
which they began, with the tokens that each says.

Run: python -m tests.benchmarks.decision_trace [--write]
"""

from __future__ import annotations

import json
import sys
from typing import Any

from llama_index.core.base.llms.types import ChatMessage
from openinference.instrumentation.llama_index import LlamaIndexInstrumentor
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from llamaindex_routellm import RoutedLLM
from shared_router import Resilience, Telemetry, TokenPrices
from shared_router.testing import FixedRouter
from tests.benchmarks.measure import keep
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.faulty import child

SHOWN = ("routellm.", "llm.token_count.", "llm.model_name")


def main() -> None:
    """Make one request, and show its spans."""
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    instrumentor = LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    with FaultServer() as server:
        llm = RoutedLLM(
            strong=child(server, "strong"),
            weak=child(server, "weak"),
            router=FixedRouter(0.8),
            threshold=0.5,
            prices={"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(0.15, 0.6)},
            resilience=Resilience(),
            observers=[Telemetry(tracer_provider=provider)],
        )
        question = [ChatMessage(content="Prove that there are infinitely many primes.")]
        for _ in range(2):
            kept.clear()
            ask(provider, llm, question, server)
        spans = shown(kept.get_finished_spans())
    instrumentor.uninstrument()
    print(json.dumps(spans, indent=1))
    if "--write" in sys.argv:
        keep("decision_trace", {"json": spans})


def ask(provider: TracerProvider, llm: RoutedLLM, question: list[ChatMessage], server: FaultServer) -> None:
    """Make a request whose strong model is rate limited."""
    server.plan.script("strong", [Fault("429")])
    with provider.get_tracer("a program").start_as_current_span("POST /ask"):
        llm.chat(question)


def shown(spans: Any) -> list[dict[str, Any]]:
    """Return spans by their start, each with its parent's name and what it says of routing and tokens."""
    names = {span.context.span_id: span.name for span in spans}
    first = min(span.start_time for span in spans)
    return [
        {
            "name": span.name,
            "kind": span.kind.name,
            "parent": None if span.parent is None else names.get(span.parent.span_id),
            "start_ms": round((span.start_time - first) / 1e6, 1),
            "ms": round((span.end_time - span.start_time) / 1e6, 1),
            "attributes": {
                name: value for name, value in sorted(span.attributes.items()) if name.startswith(SHOWN)
            },
        }
        for span in sorted(spans, key=lambda span: span.start_time)
    ]


if __name__ == "__main__":
    main()
