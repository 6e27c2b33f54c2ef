"""Spans and metrics as a collector gets them, over OTLP's own HTTP."""

from __future__ import annotations

import pytest

from shared_router import Telemetry
from tests.telemetry.calls import tell
from tests.telemetry.collector import METRICS, TRACES, attributes_of, collecting

pytest.importorskip("opentelemetry.sdk", reason="needs opentelemetry-sdk")
pytest.importorskip("opentelemetry.exporter.otlp.proto.http", reason="needs opentelemetry-exporter-otlp")


def test_a_collector_gets_the_decision_with_its_kind_and_attributes(monkeypatch: pytest.MonkeyPatch) -> None:
    """INTERNAL is 1 in OTLP's SpanKind."""
    from opentelemetry.exporter.otlp.proto.http.metric_exporter import OTLPMetricExporter
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with collecting() as collector:
        traces = TracerProvider()
        traces.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(collector.url + TRACES)))
        reader = PeriodicExportingMetricReader(OTLPMetricExporter(collector.url + METRICS))
        metrics = MeterProvider([reader])
        call = tell(Telemetry(tracer_provider=traces, meter_provider=metrics))
        traces.shutdown()
        metrics.shutdown()
    (span,) = collector.spans
    assert (span.name, span.kind) == ("routellm.decide", 1)
    attributes = attributes_of(span)
    assert attributes["routellm.decision_id"] == call.decision_id
    assert attributes["routellm.model"] == "weak"
    assert attributes["routellm.fallback"] is False
    names = {metric.name for metric in collector.metrics}
    assert {"routellm.decisions", "routellm.spend", "routellm.strong_share"} <= names
