"""What one line of a decision log says.

    {"v": 1, "id": "9f...", "time": "2026-11-26T02:30:24.118+00:00", "model": "weak", "routed": "strong",
     "win_probability": 0.71, "threshold": 0.29, "router": "static-v2",
     "reason": "fallback:strong->weak:RateLimitError", "propensity": 1.0, "query": "hmac:...",
     "outcome": "answered", "attempts": [["strong", "RateLimitError", 0.02], ["weak", null, 0.61]],
     "input_tokens": 31, "output_tokens": 120, "dollars": 0.0001, "seconds": 0.63,
     "provider_model": "gpt-4o-mini-2024-07-18", "fingerprint": "fp_44709d6fcb"}

`model` answered and `routed` was decided. What is not known is left out. Three other kinds speak of a
decision by its id: `{"v": 1, "feedback": id, "score", "source", "time"}`, `{"v": 1, "shadow": id, "model",
"share", ...}` and `{"v": 1, "would": id, "models": {name: model}, "time"}`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from datetime import datetime, timezone
from typing import Any, NamedTuple

from shared_router.observers import CallEnd, WatchedCall

VERSION = 1


class EndedCall(NamedTuple):
    """What a line is made of; the call itself would keep its whole conversation while it waits."""

    decision_id: str
    began: float
    routed: str
    query: str | None
    conversation: str | None
    tenant: str | None
    end: CallEnd

    @classmethod
    def of(cls, call: WatchedCall, end: CallEnd) -> EndedCall:
        """Take what a line needs."""
        return cls(
            call.decision_id,
            call.began,
            call.decision.model,
            call.request.query,
            call.conversation,
            call.tenant,
            end,
        )


def decision_line(call: EndedCall, *, hashed: Callable[[str], str], log_prompts: bool) -> dict[str, Any]:
    """Return the line of a call that has ended.

    Args:
        call: The call, and how it ended.
        hashed: Hashes a text with the log's key.
        log_prompts: Whether the question itself is kept beside its hash.
    """
    end, query = call.end, call.query
    told = end.decision
    would = getattr(told, "would", None)
    line = {
        "v": VERSION,
        "id": call.decision_id,
        "time": iso_time(call.began),
        "model": told.model,
        "routed": call.routed,
        "win_probability": told.win_probability,
        "threshold": told.threshold,
        "router": told.router,
        "reason": told.reason,
        "propensity": 1.0 if told.propensity is None else told.propensity,
        "query": None if query is None else hashed(query),
        "prompt": query if log_prompts else None,
        "conversation": None if call.conversation is None else hashed(str(call.conversation)),
        "tenant": None if call.tenant is None else hashed(str(call.tenant)),
        "arm": told.arm,
        "would": None if would is None else dict(would),
        "outcome": end.outcome,
        "attempts": [[each.model, each.error, round(each.seconds, 6)] for each in end.attempts],
        **_spent(end),
        "provider_model": end.provider_model,
        "fingerprint": end.fingerprint,
    }
    return {name: value for name, value in line.items() if value is not None}


def line_bytes(line: Mapping[str, object]) -> bytes:
    """Return a line as it stands in the file: ASCII, so that no character of a prompt can end it early.

    Raises:
        ValueError: If it holds a number that is none.
        TypeError: If it holds something that JSON has no word for.
    """
    return json.dumps(line, ensure_ascii=True, allow_nan=False, separators=(",", ":")).encode("ascii") + b"\n"


def iso_time(seconds: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(seconds, timezone.utc).isoformat(timespec="milliseconds")


def _spent(end: CallEnd) -> dict[str, Any]:
    spent: dict[str, Any] = {}
    if end.usage is not None:
        spent["input_tokens"] = end.usage.input_tokens
        if end.usage.cached_input_tokens:
            spent["cached_input_tokens"] = end.usage.cached_input_tokens
        spent["output_tokens"] = end.usage.output_tokens
    if end.dollars is not None and math.isfinite(end.dollars):
        spent["dollars"] = end.dollars
    spent["seconds"] = round(end.seconds, 6)
    if end.first_content_s is not None:
        spent["first_content_s"] = round(end.first_content_s, 6)
    return spent
