"""telemetry.py: spans and metrics as the SDK exports them; a decision's, and never a token twice."""

from __future__ import annotations

import copy
import json
import pickle
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    Budget,
    DecisionLog,
    DriftMonitor,
    InvalidInputError,
    MissingExtraError,
    ModelChangedWarning,
    ModelWatch,
    RoutingDecision,
    RoutingPolicy,
    Telemetry,
)
from shared_router.observers import Attempt
from shared_router.testing import FixedRouter
from tests.telemetry.calls import BEGAN, a_call, an_end, tell

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk")

from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import SpanProcessor, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind


@dataclass
class Exported:
    """The SDK, and what came out of it."""

    tracer_provider: TracerProvider
    meter_provider: MeterProvider
    kept: InMemorySpanExporter
    reader: InMemoryMetricReader

    def telemetry(self, **settings: Any) -> Telemetry:
        return Telemetry(tracer_provider=self.tracer_provider, meter_provider=self.meter_provider, **settings)

    @property
    def spans(self) -> tuple[Any, ...]:
        return self.kept.get_finished_spans()

    def metrics(self) -> dict[str, list[tuple[dict[str, Any], Any]]]:
        """Return the points of each metric: attributes and value."""
        data = self.reader.get_metrics_data()
        return {
            metric.name: [
                (dict(point.attributes or {}), getattr(point, "value", None) or getattr(point, "count", 0))
                for point in metric.data.data_points
            ]
            for resource in (data.resource_metrics if data else [])
            for scope in resource.scope_metrics
            for metric in scope.metrics
        }


@pytest.fixture
def exported() -> Iterator[Exported]:
    tracer_provider, kept, reader = TracerProvider(), InMemorySpanExporter(), InMemoryMetricReader()
    tracer_provider.add_span_processor(SimpleSpanProcessor(kept))
    meter_provider = MeterProvider([reader])
    yield Exported(tracer_provider, meter_provider, kept, reader)
    tracer_provider.shutdown()
    meter_provider.shutdown()


def test_spans_made_in_the_background_say_the_same_under_the_same_parent(exported: Exported) -> None:
    telemetry = exported.telemetry(in_background=True)
    tracer = exported.tracer_provider.get_tracer("program")
    with tracer.start_as_current_span("request") as request:
        call = tell(telemetry)
        assert not exported.spans  # the caller waits for none
        assert telemetry.flush()
    (span,) = exported.spans[:1]
    assert (span.name, span.parent.span_id) == ("routellm.decide", request.get_span_context().span_id)
    assert span.start_time == int(BEGAN * 1e9)
    assert span.attributes["routellm.decision_id"] == call.decision_id
    assert span.attributes["routellm.outcome"] == "answered"


def test_what_waits_in_the_background_is_made_at_the_programs_end(tmp_path: Path) -> None:
    """The provider closes at exit too, and is set up first, so it closes last."""
    program = """
import sys
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, ConsoleSpanExporter
from shared_router import Telemetry
from tests.telemetry.calls import tell
provider = TracerProvider()
provider.add_span_processor(BatchSpanProcessor(ConsoleSpanExporter()))
tell(Telemetry(tracer_provider=provider, in_background=True))
"""
    ran = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=True
    )
    assert '"routellm.decide"' in ran.stdout


class FailsOnce(SpanProcessor):
    """A span processor that raises at the first span."""

    failed = False

    def on_start(self, span: Any, parent_context: Any = None) -> None:
        if not self.failed:
            self.failed = True
            raise OSError("of a processor")


def test_an_error_in_the_background_is_logged_and_later_spans_are_made(
    exported: Exported, caplog: pytest.LogCaptureFixture
) -> None:
    exported.tracer_provider.add_span_processor(FailsOnce())
    telemetry = exported.telemetry(in_background=True)
    tell(telemetry)
    tell(telemetry)
    assert telemetry.flush()
    assert len(exported.spans) == 1
    assert [record.getMessage() for record in caplog.records] == [
        "telemetry raised OSError (1 failures so far)"
    ]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("policy", 5),
        ("policy", RoutingPolicy),
        ("log", "decisions.jsonl"),
        ("log", DecisionLog),
        ("models", 5),
        ("budgets", 5),
        ("budgets", [Budget]),
        ("breakers", {}),
        ("strong", ""),
        ("strong", None),
        ("tracer_provider", 5),
        ("meter_provider", "none"),
    ],
)
def test_what_is_wrong_is_refused_where_telemetry_is_made(argument: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=rf"^{argument} must be "):
        Telemetry(**{argument: value})  # type: ignore[arg-type]


def test_one_budget_needs_no_list(exported: Exported) -> None:
    exported.telemetry(budgets=Budget(1.0))
    assert "routellm.budget.standing" in exported.metrics()


def test_in_background_is_true_or_false() -> None:
    with pytest.raises(InvalidInputError, match="in_background must be True or False"):
        Telemetry(in_background="yes")  # type: ignore[arg-type]


def test_a_decisions_span_says_all_of_it_and_ends_when_it_was_decided(exported: Exported) -> None:
    """Decided 100 microseconds after 1764124224.118; the call went on for half a second."""
    telemetry = exported.telemetry()
    call = a_call("Why?", model="strong")
    told = RoutingDecision("weak", 0.25, 0.5, "fixed", "fallback:strong->weak:RateLimitError")
    attempts = (Attempt("strong", "RateLimitError", 0.02), Attempt("weak", None, 0.5))
    telemetry.decided(call)
    assert not exported.spans
    telemetry.ended(call, an_end(call, decision=told, attempts=attempts, dollars_saved=0.009))
    (span,) = exported.spans
    assert (span.name, span.kind, span.parent) == ("routellm.decide", SpanKind.INTERNAL, None)
    assert span.start_time == pytest.approx(BEGAN * 1e9, abs=1000)
    assert span.end_time - span.start_time == pytest.approx(100_000, abs=1000)
    assert dict(span.attributes) == {
        "routellm.decision_id": call.decision_id,
        "routellm.model": "weak",
        "routellm.win_probability": 0.25,
        "routellm.threshold": 0.5,
        "routellm.router": "fixed",
        "routellm.reason": "fallback:strong->weak:RateLimitError",
        "routellm.fallback": True,
        "routellm.dollars": 0.001,
        "routellm.dollars_saved": 0.009,
        "routellm.outcome": "answered",
        "routellm.attempts": 2,
    }


def test_the_callers_span_is_the_parent_and_the_models_span_is_not_a_child(exported: Exported) -> None:
    telemetry = exported.telemetry()
    tracer = exported.tracer_provider.get_tracer("a program")
    with tracer.start_as_current_span("request") as request:
        call = a_call()
        telemetry.decided(call)
        with tracer.start_as_current_span("model"):
            pass
        telemetry.ended(call, an_end(call))
    parents = {span.name: span.parent.span_id for span in exported.spans if span.parent}
    assert parents == dict.fromkeys(("routellm.decide", "model"), request.get_span_context().span_id)


@pytest.mark.parametrize("outcome", ["failed", "cancelled"])
def test_a_call_that_is_not_answered_ends_its_span_too(exported: Exported, outcome: str) -> None:
    telemetry = exported.telemetry()
    call = a_call()
    telemetry.decided(call)
    telemetry.ended(call, an_end(call, outcome=outcome, usage=None, dollars=None))
    telemetry.ended(call, an_end(call))  # a second end, which no adapter tells, opens and ends nothing
    (span,) = exported.spans
    assert span.attributes["routellm.outcome"] == outcome
    assert not {"routellm.dollars", "routellm.dollars_saved"} & set(span.attributes)


def test_no_span_says_a_token_or_a_question_unless_asked(exported: Exported) -> None:
    tell(exported.telemetry(), "My name is Ada.")
    tell(exported.telemetry(log_prompts=True), "My name is Ada.")
    quiet, open_ = exported.spans
    assert "Ada" not in quiet.to_json()
    assert open_.attributes["routellm.prompt"] == "My name is Ada."
    names = {name for span in exported.spans for name in span.attributes}
    assert all(name.startswith("routellm.") and "token" not in name for name in names)


def test_calls_that_never_end_fill_no_memory(exported: Exported, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 5 calls 3 are held; the two oldest end without an outcome."""
    monkeypatch.setattr("shared_router.telemetry.spans._MOST_HELD", 3)
    telemetry = exported.telemetry()
    calls = [a_call() for _ in range(5)]
    for call in calls:
        telemetry.decided(call)
    assert [span.attributes["routellm.decision_id"] for span in exported.spans] == [
        call.decision_id for call in calls[:2]
    ]
    telemetry.ended(calls[0], an_end(calls[0]))
    assert len(exported.spans) == 2


def test_decisions_spend_saving_and_the_strong_share_are_counted(exported: Exported) -> None:
    """Three weak and one strong: a quarter; the weak three cost 0.003 and saved 0.027."""
    telemetry = exported.telemetry()
    for model, saved in (("weak", 0.009),) * 3 + (("strong", 0.0),):
        call = a_call(model=model)
        telemetry.decided(call)
        telemetry.ended(call, an_end(call, dollars_saved=saved))
    metrics = exported.metrics()
    decisions = {point[0]["routellm.model"]: point for point in metrics["routellm.decisions"]}
    assert {model: n for model, (_, n) in decisions.items()} == {"weak": 3, "strong": 1}
    assert decisions["weak"][0] == {
        "routellm.model": "weak",
        "routellm.router": "fixed",
        "routellm.reason": "score",
        "routellm.outcome": "answered",
        "routellm.fallback": False,
    }
    spend = {point[0]["routellm.model"]: point[1] for point in metrics["routellm.spend"]}
    assert spend == {"weak": pytest.approx(0.003), "strong": pytest.approx(0.001)}
    saving = {point[0]["routellm.model"]: point[1] for point in metrics["routellm.saving"]}
    assert saving["weak"] == pytest.approx(0.027)
    assert metrics["routellm.strong_share"] == [({}, 0.25)]
    assert metrics["routellm.decision.duration"][0][1] == 4


def test_the_strong_share_is_of_the_latest_thousand(exported: Exported) -> None:
    """1,000 strong ones, then 250 weak ones: of the latest 1,000 there are 750 strong."""
    telemetry = exported.telemetry()
    for model, n in (("strong", 1000), ("weak", 250)):
        for _ in range(n):
            tell(telemetry, model=model)
    assert exported.metrics()["routellm.strong_share"] == [({}, 0.75)]


def test_what_a_reason_says_in_detail_makes_no_series_of_its_own(exported: Exported) -> None:
    telemetry = exported.telemetry()
    for needs in ("tools", "images"):
        call = a_call()
        telemetry.decided(call)
        told = RoutingDecision("weak", None, 0.5, "fixed", f"capability:{needs}")
        telemetry.ended(call, an_end(call, decision=told))
    ((attributes, n),) = exported.metrics()["routellm.decisions"]
    assert (attributes["routellm.reason"], n) == ("capability", 2)


def test_what_stands_now_is_read_when_asked(exported: Exported, tmp_path: Path) -> None:
    """Of 4 dollars 2.5 are reserved, which is over the soft half."""
    budget = Budget(4.0, soft=0.5, max_output_tokens=100)
    budget.reserve(2.5)
    policy = RoutingPolicy(FixedRouter(0.7), monitor=DriftMonitor())
    log = DecisionLog(tmp_path / "log", key="a key of sixteen bytes")
    exported.telemetry(
        policy=policy, log=log, budgets=[budget], breakers=lambda: {"strong": "open", "weak": "closed"}
    )
    tell(log)
    log.flush()
    metrics = exported.metrics()
    assert metrics["routellm.log.written"] == [({}, 1)]
    assert {each[1] for each in metrics["routellm.log.lost"]} == {0}
    assert metrics["routellm.budget.standing"] == [({"routellm.budget": 0, "routellm.per": "day"}, 1)]
    assert metrics["routellm.budget.used"] == [({"routellm.budget": 0, "routellm.per": "day"}, 2.5)]
    assert metrics["routellm.breaker_state"] == [
        ({"routellm.model": "strong"}, 2),
        ({"routellm.model": "weak"}, 0),
    ]
    assert metrics["routellm.router.breaker_state"] == [({"routellm.router": policy.router_name}, 0)]
    assert metrics["routellm.drift.evidence"] == [({}, 1.0)]
    assert {each[0]["routellm.kind"] for each in metrics["routellm.drift.alarms"]} == {
        "scores",
        "tenant",
        "promise",
    }


def test_a_model_that_changes_is_a_metric_and_one_warning(exported: Exported) -> None:
    watch = ModelWatch({"weak": "gpt-4o-mini-2024-07-18"})
    telemetry = exported.telemetry(models=watch)
    assert exported.metrics()["routellm.model.changed"] == [({"routellm.model": "weak"}, 0)]
    call = a_call()
    with pytest.warns(ModelChangedWarning):
        watch.ended(call, an_end(call, provider_model="gpt-4o-mini-2026-01-01"))
    telemetry.ended(
        call, an_end(call, provider_model="gpt-4o-mini-2026-01-01")
    )  # it is told by the other one
    assert exported.metrics()["routellm.model.changed"] == [({"routellm.model": "weak"}, 1)]


def test_prometheus_reads_the_metrics_as_text() -> None:
    """The text that a scrape gets, through OpenTelemetry's own exporter: 2 decisions."""
    prometheus = pytest.importorskip(
        "opentelemetry.exporter.prometheus", reason="needs opentelemetry-exporter-prometheus"
    )
    client = pytest.importorskip("prometheus_client", reason="needs opentelemetry-exporter-prometheus")
    reader = prometheus.PrometheusMetricReader()
    meter_provider = MeterProvider([reader])
    telemetry = Telemetry(meter_provider=meter_provider, breakers=lambda: {"weak": "half_open"})
    for _ in range(2):
        tell(telemetry)
    text = client.generate_latest().decode()
    meter_provider.shutdown()
    lines = [line for line in text.splitlines() if line.startswith("routellm_decisions_total{")]
    assert len(lines) == 1
    assert 'routellm_model="weak"' in lines[0]
    assert lines[0].endswith(" 2.0")
    assert "routellm_spend_USD_total" in text
    assert "routellm_breaker_state{" in text


def test_without_an_sdk_nothing_happens() -> None:
    tell(Telemetry())


def test_a_copy_is_the_same_and_a_pickle_tells_the_programs_own_providers(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log")
    telemetry = Telemetry(log=log, breakers=dict, policy=RoutingPolicy(FixedRouter(0.5)), strong="large")
    assert copy.deepcopy(telemetry) is telemetry
    again = pickle.loads(pickle.dumps(telemetry))
    tell(again)
    assert again._settings["log"].path == log.path
    assert again._settings["strong"] == "large"


def test_without_opentelemetry_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry", None)
    with pytest.raises(MissingExtraError, match=r'pip install "routellm-adapters\[telemetry\]"'):
        Telemetry()


def test_a_setting_outside_its_rule_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="log_prompts must be True or False"):
        Telemetry(log_prompts="no")  # type: ignore[arg-type]


def test_a_span_is_json_that_a_viewer_reads(exported: Exported) -> None:
    tell(exported.telemetry())
    assert json.loads(exported.spans[0].to_json())["attributes"]["routellm.model"] == "weak"
