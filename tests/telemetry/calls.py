"""Calls as an adapter tells them."""

from __future__ import annotations

import uuid
from typing import Any

from shared_router import RoutingDecision, RoutingRequest, TokenUsage
from shared_router.observers import Attempt, CallEnd, Observer, WatchedCall

BEGAN = 1764124224.118  # 2025-11-26T02:30:24.118Z


def a_call(query: str | None = "What is 2+2?", *, model: str = "weak", **others: Any) -> WatchedCall:
    """Return a call that was sent to a model by its score."""
    fields: dict[str, Any] = {
        "decision_id": uuid.uuid4().hex,
        "decision": RoutingDecision(model, 0.25, 0.5, "fixed", "score"),
        "request": RoutingRequest(query),
        "began": BEGAN,
        "decided_s": 0.0001,
    }
    return WatchedCall(**{**fields, **others})


def an_end(call: WatchedCall, **others: Any) -> CallEnd:
    """Return how it ended: with an answer of 20 tokens for 12."""
    fields: dict[str, Any] = {
        "outcome": "answered",
        "attempts": (Attempt(call.decision.model, None, 0.5),),
        "decision": call.decision,
        "usage": TokenUsage(1, 12, 20),
        "dollars": 0.001,
        "seconds": 0.5,
    }
    return CallEnd(**{**fields, **others})


def tell(observer: Observer, query: str | None = "What is 2+2?", **others: Any) -> WatchedCall:
    """Tell an observer of a whole call, and return it."""
    call = a_call(query, **others)
    observer.decided(call)
    observer.ended(call, an_end(call))
    return call
