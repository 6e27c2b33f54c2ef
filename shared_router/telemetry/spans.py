"""A span for each decision, from when the policy was asked to when it had decided.

The conventions for generative AI (`gen_ai.*`) say nothing of routing, so every attribute here is our own.
None of theirs is set, tokens above all: the model's own span has them, and whoever adds spans up would count
them twice. The span is nobody's parent: the model's span stays where it is without us.

What only the call's end tells (a fallback, what was saved) stands on the span too, so it is made then, with
the times of the decision and under the span that was the caller's at the time.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, Any

from shared_router.observers import CallEnd, WatchedCall

if TYPE_CHECKING:
    from opentelemetry.context import Context
    from opentelemetry.trace import Tracer

SPAN_NAME = "routellm.decide"
_MOST_HELD = 10_000
"""Calls that are under way; of more, the oldest one's span is made without what its end would have told."""


class DecisionSpans:
    """Keep where each decision was made, and make its span when the call has ended.

    Args:
        tracer: What makes spans.
        log_prompts: Whether a span says the question.
    """

    def __init__(self, tracer: Tracer, *, log_prompts: bool) -> None:
        from opentelemetry.context import get_current
        from opentelemetry.trace import SpanKind

        self._tracer = tracer
        self._log_prompts = log_prompts
        self._context = get_current
        self._kind = SpanKind.INTERNAL
        self._lock = threading.Lock()
        self._held: OrderedDict[str, tuple[WatchedCall, Context]] = OrderedDict()

    def begin(self, call: WatchedCall) -> None:
        """Keep a decision, and the caller's current span."""
        oldest = None
        with self._lock:
            self._held[call.decision_id] = call, self._context()
            if len(self._held) > _MOST_HELD:
                _, oldest = self._held.popitem(last=False)
        if oldest is not None:
            self._make(*oldest, end=None)

    def finish(self, call: WatchedCall, end: CallEnd) -> None:
        """Make a decision's span, with what the end of the call tells."""
        with self._lock:
            held = self._held.pop(call.decision_id, None)
        if held is not None:
            self._make(*held, end=end)

    def _make(self, call: WatchedCall, context: Context, *, end: CallEnd | None) -> None:
        told = call.decision if end is None else end.decision
        attributes: dict[str, Any] = {f"routellm.{name}": value for name, value in told.as_metadata().items()}
        attributes["routellm.decision_id"] = call.decision_id
        if end is not None:
            attributes |= _told_at_the_end(end)
        if self._log_prompts and call.request.query is not None:
            attributes["routellm.prompt"] = call.request.query
        began = int(call.began * 1_000_000_000)
        span = self._tracer.start_span(SPAN_NAME, context, self._kind, attributes, start_time=began)
        span.end(end_time=began + int(max(call.decided_s, 0.0) * 1_000_000_000))


def _told_at_the_end(end: CallEnd) -> dict[str, Any]:
    attributes = {
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
