"""What passes through, read for tokens and the provider's own names, and for a stream's first content."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from shared_router.costs.savings import TokenUsage

TAIL_BYTES = 64 * 1024
"""So much of a stream's end is kept; its usage stands in the last events."""

_CONTENT = ("content", "tool_calls", "function_call", "refusal", "reasoning", "reasoning_content", "audio")


@dataclass(frozen=True, slots=True)
class AnswerFacts:
    """What an answer tells of itself.

    Attributes:
        usage: Its tokens, where it tells them.
        provider_model: The model's own id.
        fingerprint: What is told of its build.
    """

    usage: TokenUsage | None = None
    provider_model: str | None = None
    fingerprint: str | None = None


def facts_of_answer(content: bytes) -> AnswerFacts:
    """Read a whole answer; one that is no JSON tells nothing."""
    return _facts([_loaded(content)])


def facts_of_stream(tail: bytes) -> AnswerFacts:
    """Read the end of a stream of events."""
    return _facts(list(events_of(tail)))


def events_of(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of the events in a stream's bytes; what is cut off or no JSON is left out."""
    for line in content.split(b"\n"):
        if line.startswith(b"data:") and (event := _loaded(line.removeprefix(b"data:"))):
            yield event


def has_content(event: dict[str, Any]) -> bool:
    """Tell whether an event holds something for a reader: text, reasoning, a refusal or a tool call.

    The first event of OpenAI's streams names the role and holds nothing yet.
    """
    choices = event.get("choices")
    if not isinstance(choices, list):
        return "choices" not in event  # of another shape, which nobody here can judge
    for choice in choices:
        delta = choice.get("delta") if isinstance(choice, dict) else None
        if isinstance(delta, dict) and any(delta.get(name) for name in _CONTENT):
            return True
        if isinstance(choice, dict) and (choice.get("text") or choice.get("finish_reason")):
            return True
    return False


def _loaded(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(events: list[dict[str, Any]]) -> AnswerFacts:
    usage = next((u for e in reversed(events) if isinstance(u := e.get("usage"), dict)), None)
    model = next((m for e in events if isinstance(m := e.get("model"), str)), None)
    fingerprint = next((f for e in events if isinstance(f := e.get("system_fingerprint"), str)), None)
    return AnswerFacts(None if usage is None else _usage(usage), model, fingerprint)


def _usage(told: dict[str, Any]) -> TokenUsage:
    cached = told.get("prompt_tokens_details")
    reasoned = told.get("completion_tokens_details")
    return TokenUsage(
        calls=1,
        input_tokens=_count(told, "prompt_tokens"),
        output_tokens=_count(told, "completion_tokens"),
        cached_input_tokens=_count(cached, "cached_tokens"),
        reasoning_tokens=_count(reasoned, "reasoning_tokens"),
    )


def _count(told: object, name: str) -> int:
    value = told.get(name) if isinstance(told, dict) else None
    return value if isinstance(value, int) and value >= 0 else 0
