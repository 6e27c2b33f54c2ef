"""A request's body: read once, and sent on with nothing but its model's name exchanged, byte for byte."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, TypeGuard

from shared_router.errors import InvalidInputError, QueryError
from shared_router.messages import PlainMessage, plain_messages
from shared_router.resilience.budgets.call_size import CallSize

_SPACE = " \t\n\r"
_DECODER = json.JSONDecoder()
_MOST_TOKENS = ("max_completion_tokens", "max_tokens")
_IMAGES = ("image_url", "input_image", "image")


@dataclass(frozen=True, slots=True)
class RequestBody:
    """A JSON object as it was sent.

    Attributes:
        text: All of it. Not in the repr.
        values: What it holds. Not in the repr.
        model_spans: Where the name of its model stands in the text; a key that stands there twice has two.
    """

    text: str = field(repr=False)
    values: dict[str, Any] = field(repr=False)
    model_spans: tuple[tuple[int, int], ...]

    def for_model(self, model: str) -> bytes:
        """Return the body for another model."""
        name, parts, end = json.dumps(model), [], 0
        for start, stop in self.model_spans:
            parts += [self.text[end:start], name]
            end = stop
        return "".join([*parts, self.text[end:]]).encode()

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for piece by piece."""
        return self.values.get("stream") is True

    @property
    def messages(self) -> list[PlainMessage]:
        """The conversation, as far as it can be read; what cannot is the upstream's to refuse."""
        try:
            return plain_messages(self.values.get("messages") or [])
        except QueryError:
            return []

    def size(self) -> CallSize:
        """Return what the call may cost at most."""
        images = 0
        texts = []
        for part in _parts(self.values.get("messages")):
            if isinstance(part, dict) and part.get("type") in _IMAGES:
                images += 1
            else:
                texts.append(part if isinstance(part, str) else json.dumps(part, ensure_ascii=False))
        others = {key: value for key, value in self.values.items() if key != "messages"}
        most = next((n for key in _MOST_TOKENS if _is_count(n := self.values.get(key))), None)
        answers = self.values.get("n")
        return CallSize(
            texts=(*texts, json.dumps(others, ensure_ascii=False)),
            max_output_tokens=most,
            answers=answers if _is_count(answers) else 1,
            images=images,
            has_tools=bool(self.values.get("tools") or self.values.get("response_format")),
        )


def read_body(content: bytes) -> RequestBody:
    """Read a request's body.

    Raises:
        InvalidInputError: If it is no JSON object with a `model`; the error holds nothing of it.
    """
    reason = ""
    try:
        text = content.decode()
        values, spans = _object(text)
    except UnicodeDecodeError:
        reason = "bytes that are no UTF-8"
    except (ValueError, RecursionError):
        reason = "something else"
    if reason:  # not chained: a parser's error carries the text it failed on
        raise InvalidInputError(f"a request's body must be a JSON object, got {reason}")
    if not spans:
        raise InvalidInputError('a request\'s body must name its "model", for example "auto"')
    return RequestBody(text, values, tuple(spans))


def _object(text: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Return what an object holds, and where the values of the key `model` stand."""
    at = _after_space(text, 0)
    if text[at : at + 1] != "{":
        raise ValueError
    values: dict[str, Any] = {}
    spans: list[tuple[int, int]] = []
    at = _after_space(text, at + 1)
    while text[at : at + 1] != "}":
        if text[at : at + 1] != '"':
            raise ValueError
        key, at = scanstring(text, at + 1, True)
        at = _after_space(text, at)
        if text[at : at + 1] != ":":
            raise ValueError
        start = _after_space(text, at + 1)
        values[key], stop = _DECODER.raw_decode(text, start)
        if key == "model":
            spans.append((start, stop))
        at = _after_space(text, stop)
        if text[at : at + 1] == ",":
            at = _after_space(text, at + 1)
            if text[at : at + 1] == "}":
                raise ValueError
        elif text[at : at + 1] != "}":
            raise ValueError
    if _after_space(text, at + 1) != len(text):
        raise ValueError
    return values, spans


def _after_space(text: str, at: int) -> int:
    while text[at : at + 1] and text[at] in _SPACE:
        at += 1
    return at


def _parts(messages: object) -> Iterator[Any]:
    """Yield what is sent as text or as a part of its own, of messages of any shape."""
    if not isinstance(messages, Sequence) or isinstance(messages, str):
        if messages is not None:
            yield messages
        return
    for message in messages:
        content = message.get("content") if isinstance(message, dict) else None
        if isinstance(content, list):
            yield from content
            yield {key: value for key, value in message.items() if key != "content"}
        else:
            yield message


def _is_count(value: object) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
