"""A routed LLM under a decision log and OpenTelemetry, beside OpenInference: each token counted once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage

from llamaindex_routellm import RoutedLLM
from shared_router import ModelWatch, Telemetry, TokenPrices, read_log
from tests.llamaindex.providers import OpenAIProvider, routed_over_openai

openinference = pytest.importorskip(
    "openinference.instrumentation.llama_index", reason="needs openinference-instrumentation-llama-index"
)
export = pytest.importorskip(
    "opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="needs opentelemetry-sdk"
)

# raised within its handler, LlamaIndex would swallow this and no span would be opened
pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated:DeprecationWarning")

EASY, HARD = "What is 2+2?", "HARD: prove it."
PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}


@dataclass
class Traced:
    """A routed LLM, the spans that came out, and its log."""

    llm: RoutedLLM
    exporter: Any
    provider: Any
    log: Path

    def named(self, name: str) -> list[Any]:
        return [span for span in self.exporter.get_finished_spans() if span.name == name]

    def tokens(self) -> int:
        """Return all tokens that any span says."""
        counts = ("llm.token_count.prompt", "llm.token_count.completion")
        return sum(
            value
            for span in self.exporter.get_finished_spans()
            for name, value in span.attributes.items()
            if name in counts or name.startswith("gen_ai.usage.")
        )


@pytest.fixture
def traced(tmp_path: Path) -> Iterator[Traced]:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider, kept = TracerProvider(), export.InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    instrumentor = openinference.LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    if not instrumentor.is_instrumented_by_opentelemetry:
        pytest.skip("OpenInference does not instrument this llama-index-core")
    watchers: list[Any] = [tmp_path / "log", Telemetry(tracer_provider=provider), ModelWatch()]
    llm, _ = routed_over_openai(OpenAIProvider(), observers=watchers, prices=PRICES)
    yield Traced(llm, kept, provider, tmp_path / "log")
    instrumentor.uninstrument()
    provider.shutdown()


def read(path: Path) -> Any:
    from shared_router.telemetry.handing_over import _drain_all

    _drain_all()  # a log that was given as a path is the model's own
    return read_log(path)


async def test_every_call_has_one_decision_and_its_tokens_once(traced: Traced) -> None:
    """Four calls of 12 tokens read and 3 written: 60 in all spans, wherever else the decision is."""
    question = [ChatMessage(content=EASY)]
    traced.llm.chat(question)
    await traced.llm.achat(question)
    list(traced.llm.stream_chat(question))
    traced.llm.chat([ChatMessage(content=HARD)])
    decisions = traced.named("routellm.decide")
    assert [span.attributes["routellm.model"] for span in decisions] == ["weak"] * 3 + ["strong"]
    assert traced.tokens() == 4 * 15
    assert not any(name.startswith(("gen_ai.", "llm.")) for span in decisions for name in span.attributes)
    logged = read(traced.log)
    assert [(row.model, row.input_tokens, row.output_tokens) for row in logged] == [
        *[("weak", 12, 3)] * 3,
        ("strong", 12, 3),
    ]


def test_a_decision_is_found_from_the_answer_in_the_log_and_in_the_trace(traced: Traced) -> None:
    """15 tokens at $10 and $1 a million: 135 millionths of a dollar saved."""
    answer = traced.llm.chat([ChatMessage(content=EASY)])
    told = answer.additional_kwargs["routellm"]["decision_id"]
    (span,) = traced.named("routellm.decide")
    (row,) = read(traced.log)
    assert told == span.attributes["routellm.decision_id"] == row.id
    assert span.attributes["routellm.dollars_saved"] == pytest.approx(135e-6)
    assert row.provider_model == span.attributes["routellm.provider_model"] == "gpt-4o-mini"


def test_the_programs_own_span_is_the_decisions_parent(traced: Traced) -> None:
    with traced.provider.get_tracer("program").start_as_current_span("request"):
        traced.llm.chat([ChatMessage(content=EASY)])
    (decision,), (request,) = traced.named("routellm.decide"), traced.named("request")
    assert decision.context.trace_id == request.context.trace_id
    assert decision.start_time >= request.start_time - 1_000_000
    assert decision.end_time <= request.end_time
