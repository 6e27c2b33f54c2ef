"""What passes through, read for tokens and the provider's own names."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from shared_router.costs.savings import TokenUsage

_KEPT_BYTES = 64 * 1024
_MOST_TOKENS = 10**12
"""No answer has more; a number that is larger is none that money can be counted in."""

ReadUsage = Callable[[Mapping[str, Any]], TokenUsage]


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


class StreamEnds:
    """A stream's first and last bytes: its model stands in the first events, its usage in the last."""

    def __init__(self) -> None:
        self._head = b""
        self._tail = b""
        self._length = 0

    def add(self, piece: bytes) -> None:
        """Keep what a piece has of them."""
        if len(self._head) < _KEPT_BYTES:
            self._head += piece[: _KEPT_BYTES - len(self._head)]
        self._tail = (self._tail + piece)[-_KEPT_BYTES:]
        self._length += len(piece)

    def facts(self, read: ReadUsage) -> AnswerFacts:
        """Read them: as events, or as one object where a service answers whole what was asked as a stream."""
        if whole := _loaded(self._head):
            return _facts([whole], read)
        ends = [self._tail] if self._length <= _KEPT_BYTES else [self._head, self._tail]
        return _facts([event for end in ends for event in events_of(end)], read)


def facts_of_answer(content: bytes, read: ReadUsage) -> AnswerFacts:
    """Read a whole answer; one that is no JSON tells nothing."""
    return _facts([_loaded(content)], read)


def events_of(content: bytes) -> Iterator[dict[str, Any]]:
    """Yield the JSON objects of the events in a stream's bytes; what is cut off or no JSON is left out."""
    for line in content.splitlines():  # which ends at \r too, as a stream of events may
        if line.startswith(b"data:") and (event := _loaded(line.removeprefix(b"data:"))):
            yield event


def tokens(told: object, name: str) -> int:
    """Return a count in what is told of usage; 0 where it is none."""
    value = told.get(name) if isinstance(told, Mapping) else None
    return value if type(value) is int and 0 <= value <= _MOST_TOKENS else 0


def _loaded(content: bytes) -> dict[str, Any]:
    try:
        found = json.loads(content)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _facts(events: list[dict[str, Any]], read: ReadUsage) -> AnswerFacts:
    # Anthropic's first event wraps all that OpenAI's say of themselves
    told = [message if isinstance(message := e.get("message"), dict) else e for e in events]
    usage: dict[str, Any] = {}
    for each in told:
        if isinstance(counts := each.get("usage"), dict):
            usage |= {name: value for name, value in counts.items() if value is not None}
    model = next((m for e in told if isinstance(m := e.get("model"), str)), None)
    fingerprint = next((f for e in told if isinstance(f := e.get("system_fingerprint"), str)), None)
    return AnswerFacts(read(usage) if usage else None, model, fingerprint)
