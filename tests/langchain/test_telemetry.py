"""A routed chat model under a log, OpenTelemetry and LangSmith's own client: each token and decision once."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.tracers import LangChainTracer
from langchain_openai import ChatOpenAI
from langsmith import Client
from pydantic import SecretStr

from langchain_routellm import RoutedChatModel
from shared_router import DecisionLog, ModelWatch, Resilience, Telemetry, TokenPrices, read_log
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.langchain.models import CountingRouter, decision_of

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk")

from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

PRICES = {"strong": TokenPrices(10.0, 10.0), "weak": TokenPrices(1.0, 1.0)}
HARD, EASY = "a hard question", "an easy question"
TOKENS = 13
"""What the server counts for either question: 6 words of its message as JSON, and 7 of the answer."""


class LangSmith:
    """A stand-in for LangSmith's API, and the runs that its client sent."""

    def __init__(self, url: str) -> None:
        self.url = url
        self.runs: dict[str, dict[str, Any]] = {}

    @property
    def models(self) -> list[dict[str, Any]]:
        """Return the runs of models, by their start."""
        found = [run for run in self.runs.values() if run["run_type"] == "llm"]
        return sorted(found, key=lambda run: str(run["dotted_order"]))

    @property
    def tokens(self) -> int:
        """Return the tokens of all runs, as LangSmith adds them up."""
        return sum(
            int(generation["message"]["kwargs"]["usage_metadata"]["total_tokens"])
            for run in self.models
            for generations in (run.get("outputs") or {}).get("generations", [])
            for generation in generations
            if generation["message"]["kwargs"].get("usage_metadata")
        )


@contextmanager
def langsmith() -> Iterator[LangSmith]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            said = json.loads(self.rfile.read(int(self.headers["Content-Length"] or 0)) or b"{}")
            name = said.get("id") or self.path.rpartition("/")[2]
            kept = api.runs.setdefault(name, {})
            kept |= {key: value for key, value in said.items() if value is not None}
            self.send_response(202)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def do_PATCH(self) -> None:
            self.do_POST()

        def log_message(self, format: str, *args: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        api = LangSmith(f"http://127.0.0.1:{server.server_port}")
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        try:
            yield api
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def spans() -> Iterator[tuple[TracerProvider, InMemorySpanExporter]]:
    provider, kept = TracerProvider(), InMemorySpanExporter()
    provider.add_span_processor(SimpleSpanProcessor(kept))
    yield provider, kept
    provider.shutdown()


def child(server: FaultServer, name: str) -> ChatOpenAI:
    return ChatOpenAI(
        model=name,
        base_url=server.url,
        api_key=SecretStr("none"),
        max_retries=0,
        stream_usage=True,
        # a connection that is kept for the next call would outlive its test's event loop
        http_async_client=httpx.AsyncClient(limits=httpx.Limits(max_keepalive_connections=0)),
    )


def watched(server: FaultServer, observers: list[Any]) -> RoutedChatModel:
    return RoutedChatModel(
        strong=child(server, "strong"),
        weak=child(server, "weak"),
        router=CountingRouter(),
        threshold=0.5,
        prices=PRICES,
        resilience=Resilience(),
        observers=observers,
    )


def tracer_of(api: LangSmith) -> LangChainTracer:
    client = Client(api_url=api.url, api_key="none", auto_batch_tracing=False)
    return LangChainTracer(client=client, project_name="test")


async def test_log_traces_and_langsmith_each_have_every_call_once(
    server: FaultServer, spans: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Five calls of 13 tokens; the hard one's model is rate limited once, and the weak one answers it."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    provider, kept = spans
    log = DecisionLog(tmp_path / "log")
    with langsmith() as api:
        tracer = tracer_of(api)
        model = watched(server, [log, Telemetry(tracer_provider=provider), ModelWatch()])
        config: Any = {"callbacks": [tracer]}
        server.plan.script("strong", [Fault("429")])
        answers: list[Any] = [model.invoke(HARD, config), await model.ainvoke(EASY, config)]
        whole = None
        for chunk in model.stream(EASY, config):
            whole = chunk if whole is None else whole + chunk
        answers += [whole, *model.batch([EASY], config)]
        chain = ChatPromptTemplate.from_template("{question}") | model | StrOutputParser()
        chain.invoke({"question": EASY}, config)
        tracer.wait_for_futures()
        log.close()
        decisions = kept.get_finished_spans()
        logged = read_log(log.path)
        assert api.tokens == 5 * TOKENS
        assert [(row.input_tokens, row.output_tokens) for row in logged] == [(6, 7)] * 5
        assert [span.name for span in decisions] == ["routellm.decide"] * 5
        assert not any(
            "token" in name or name.startswith("gen_ai") for s in decisions for name in s.attributes
        )
        assert [row.id for row in logged] == [
            dict(span.attributes or {})["routellm.decision_id"] for span in decisions
        ]
        assert [decision_of(each)["decision_id"] for each in answers] == [row.id for row in logged][:4]
        # the failed attempt is a run of its own, as of LangChain's own fallbacks
        assert [run["extra"]["metadata"]["routellm_model"] for run in api.models].count("weak") == 5
        # older releases of LangChain's client raise OpenAI's own error, named without its first six letters
        why = [row.reason.replace("OpenAIRateLimitError", "RateLimitError") for row in logged]
        assert why == ["fallback:strong->weak:RateLimitError", *["score"] * 4]


def test_a_decision_lies_under_the_programs_own_span(server: FaultServer, spans: Any) -> None:
    """13 tokens at $10 and $1 a million: 117 millionths of a dollar saved."""
    provider, kept = spans
    model = watched(server, [Telemetry(tracer_provider=provider)])
    with provider.get_tracer("program").start_as_current_span("POST /ask"):
        model.invoke(EASY)
    decision, request = kept.get_finished_spans()
    assert (decision.name, request.name) == ("routellm.decide", "POST /ask")
    assert decision.parent.span_id == request.context.span_id
    assert decision.attributes["routellm.dollars_saved"] == pytest.approx(117e-6)
    assert decision.attributes["routellm.provider_model"]


def test_no_question_stands_in_a_log_or_a_span_unless_asked(
    server: FaultServer, spans: Any, tmp_path: Path
) -> None:
    provider, kept = spans
    log = DecisionLog(tmp_path / "log")
    watched(server, [log, Telemetry(tracer_provider=provider)]).invoke("My name is Ada, hard as it is.")
    log.close()
    assert "Ada" not in log.path.read_text("utf-8")
    assert "Ada" not in "".join(span.to_json() for span in kept.get_finished_spans())


def test_conversation_and_tenant_are_hashed_in_the_log(server: FaultServer, tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log")
    config: Any = {"configurable": {"thread_id": "t-1"}, "metadata": {"tenant": "acme"}}
    watched(server, [log]).invoke(EASY, config)
    log.close()
    (row,) = read_log(log.path)
    assert (row.conversation, row.tenant) == (log.hash_of("t-1"), log.hash_of("acme"))
