"""OpenInference's spans, as an observability platform gets them: each call's tokens once."""

from collections.abc import Iterator
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import LLM

from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.providers import (
    AnthropicProvider,
    OpenAIProvider,
    anthropic_child,
    openai_child,
    routed_over_anthropic,
    routed_over_openai,
)

openinference = pytest.importorskip(
    "openinference.instrumentation.llama_index", reason="needs openinference-instrumentation-llama-index"
)
export = pytest.importorskip(
    "opentelemetry.sdk.trace.export.in_memory_span_exporter", reason="needs opentelemetry-sdk"
)

# raised within its handler, LlamaIndex would swallow this and no span would be opened
pytestmark = pytest.mark.filterwarnings("ignore:The `json` method is deprecated:DeprecationWarning")

EASY = "What is 2+2?"
COUNTS = ("llm.token_count.prompt", "llm.token_count.completion")


@pytest.fixture
def exporter() -> Iterator[Any]:
    """Trace LlamaIndex for a test."""
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor

    provider, kept = TracerProvider(), export.InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    instrumentor = openinference.LlamaIndexInstrumentor()
    instrumentor.instrument(tracer_provider=provider)
    if not instrumentor.is_instrumented_by_opentelemetry:
        pytest.skip("OpenInference does not instrument this llama-index-core")
    yield kept
    instrumentor.uninstrument()
    provider.shutdown()


def counted(exporter: Any) -> list[tuple[int, ...]]:
    """Return the prompt and answer tokens of each span that has any."""
    attributes = [dict(span.attributes) for span in exporter.get_finished_spans()]
    return [tuple(each[name] for name in COUNTS) for each in attributes if COUNTS[0] in each]


async def ask_in_every_way(llm: LLM) -> None:
    question = [ChatMessage(content=EASY)]
    llm.chat(question)
    await llm.achat(question)
    list(llm.stream_chat(question))
    index_of_documents().as_query_engine(llm=llm).query(EASY)


async def test_a_routed_calls_tokens_are_counted_once(exporter: Any) -> None:
    """Four calls of 12 tokens read and 3 written, as with the model alone."""
    await ask_in_every_way(openai_child("gpt-4o", OpenAIProvider()))
    alone = counted(exporter)
    exporter.clear()
    await ask_in_every_way(routed_over_openai(OpenAIProvider())[0])
    assert counted(exporter) == alone == [(12, 3)] * 4


async def test_an_anthropic_models_tokens_are_counted_once(exporter: Any) -> None:
    routed, _ = routed_over_anthropic(AnthropicProvider())
    routed.chat([ChatMessage(content=EASY)])
    await routed.achat([ChatMessage(content=EASY)])
    assert counted(exporter) == [(12, 3)] * 2


async def test_what_an_llm_counts_twice_itself_is_counted_no_more_often(exporter: Any) -> None:
    """LlamaIndex's Anthropic completes by a chat, and each of the two has a span with the tokens."""
    await anthropic_child("claude-haiku-4-5", AnthropicProvider()).acomplete(EASY)
    alone = counted(exporter)
    exporter.clear()
    await routed_over_anthropic(AnthropicProvider())[0].acomplete(EASY)
    assert counted(exporter) == alone


async def test_the_span_that_counts_names_the_model_that_answered(exporter: Any) -> None:
    routed, _ = routed_over_openai(OpenAIProvider())
    routed.chat([ChatMessage(content=EASY)])
    spans = [dict(span.attributes) for span in exporter.get_finished_spans()]
    (counting,) = (span for span in spans if COUNTS[0] in span)
    assert counting["llm.model_name"] == "gpt-4o-mini"
