"""A span for each decision, from when the policy was asked to when it had decided.

The conventions for generative AI (`gen_ai.*`) say nothing of routing, so every attribute here is our own.
None of theirs is set, tokens above all: the model's own span has them, and whoever adds spans up would count
them twice. The span is nobody's parent: the model's span stays where it is without us.

What only the call's end tells (a fallback, what was saved) is put on the span before it ends, so it is held
back until then; its end time is the decision's all the same.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from shared_router.decisions import RoutingDecision
from shared_router.observers import CallEnd, WatchedCall

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

SPAN_NAME = "routellm.decide"
_MOST_HELD = 10_000
"""Calls that are under way; of more, the oldest one's span ends without what its end would have told."""


class DecisionSpans:
    """Open a span at each decision and end it when the call has ended.

    Args:
        tracer: What opens spans.
        log_prompts: Whether a span says the question.
    """

    def __init__(self, tracer: Tracer, *, log_prompts: bool) -> None:
        self._tracer = tracer
        self._log_prompts = log_prompts
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[Span, int]] = OrderedDict()

    def begin(self, call: WatchedCall) -> None:
        """Open a decision's span, under the caller's current one."""
        from opentelemetry.trace import SpanKind

        span = self._tracer.start_span(
            SPAN_NAME,
            kind=SpanKind.INTERNAL,
            start_time=_nanoseconds(call.began),
            attributes=self._attributes(call),
        )
        oldest = None
        with self._lock:
            self._held[call.decision_id] = span, _nanoseconds(call.began + max(call.decided_s, 0.0))
            if len(self._held) > _MOST_HELD:
                _, oldest = self._held.popitem(last=False)
        if oldest is not None:
            _finish(*oldest)

    def finish(self, call: WatchedCall, end: CallEnd) -> None:
        """Add what the end of the call tells, and end the span."""
        with self._lock:
            held = self._held.pop(call.decision_id, None)
        if held is None:
            return
        span, ended = held
        if span.is_recording():
            span.set_attributes(_told_at_the_end(end))
        _finish(span, ended)

    def _attributes(self, call: WatchedCall) -> dict[str, Any]:
        attributes = {**_decision_attributes(call.decision), "routellm.decision_id": call.decision_id}
        if self._log_prompts and call.request.query is not None:
            attributes["routellm.prompt"] = call.request.query
        return attributes


def _decision_attributes(decision: RoutingDecision) -> dict[str, Any]:
    return {f"routellm.{name}": value for name, value in decision.as_metadata().items()}


def _told_at_the_end(end: CallEnd) -> dict[str, Any]:
    attributes = {
        "routellm.model": end.decision.model,
        "routellm.reason": end.decision.reason,
        "routellm.fallback": is_fallback(end),
        "routellm.outcome": end.outcome,
        "routellm.attempts": len(end.attempts),
        "routellm.dollars": end.dollars,
        "routellm.dollars_saved": end.dollars_saved,
        "routellm.provider_model": end.provider_model,
    }
    return {name: value for name, value in attributes.items() if value is not None}


def is_fallback(end: CallEnd) -> bool:
    """Tell whether another model answered than the one that was decided on."""
    return end.decision.reason.startswith("fallback:")


def _finish(span: Span, ended: int) -> None:
    span.end(end_time=ended)


def _nanoseconds(seconds: float) -> int:
    return int(seconds * 1_000_000_000)
