"""A request's body: read once, and sent on with nothing but its model's name exchanged, byte for byte."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from json.decoder import scanstring  # type: ignore[attr-defined]
from typing import Any, TypeGuard

from shared_router.errors import InvalidInputError, QueryError
from shared_router.messages import PlainMessage, plain_messages
from shared_router.resilience.budgets.call_size import CallSize

_SPACE = re.compile(r"[ \t\n\r]*")
_MOST_TOKENS = ("max_completion_tokens", "max_tokens")
_MOST = 10**15
"""More tokens than anybody can pay for; a number of any length is not one that money can be counted in."""
_LARGE = 256 * 1024
_MOST_FIELDS = 10_000
_MOST_DIGITS = 4000  # of a number that Python reads as an int
_BYTE_ORDER_MARK = "\ufeff"
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
    def is_large(self) -> bool:
        """Whether reading it takes more than a millisecond, so that it is read beside other requests."""
        return is_large(self.text)

    @property
    def streams(self) -> bool:
        """Whether the answer is asked for piece by piece."""
        return self.values.get("stream") is True

    @property
    def messages(self) -> list[PlainMessage]:
        """The conversation, as far as it can be read; what cannot is the upstream's to refuse."""
        given = self.values.get("messages") or []
        try:
            return plain_messages([_turn(each) for each in given] if isinstance(given, list) else given)
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
        limits = [min(n, _MOST) for key in _MOST_TOKENS if _is_count(n := self.values.get(key))]
        answers = self.values.get("n")
        return CallSize(
            texts=(*texts, json.dumps(others, ensure_ascii=False)),
            max_output_tokens=max(limits, default=None),  # which of two a service heeds is its own affair
            answers=min(answers, _MOST) if _is_count(answers) else 1,
            images=images,
            has_tools=bool(self.values.get("tools") or self.values.get("response_format")),
        )


def is_large(content: str | bytes) -> bool:
    """Tell whether reading a body takes more than a millisecond."""
    return len(content) > _LARGE


def read_body(content: bytes) -> RequestBody:
    """Read a request's body.

    Raises:
        InvalidInputError: If it is no JSON object of at most 10,000 fields with a `model` among them; the
            error holds nothing of it.
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
        raise InvalidInputError(
            f"a request's body must be a JSON object of at most {_MOST_FIELDS:,} fields, got {reason}"
        )
    if not spans:
        raise InvalidInputError('a request\'s body must name its "model", for example "auto"')
    return RequestBody(text, values, tuple(spans))


def _object(text: str) -> tuple[dict[str, Any], list[tuple[int, int]]]:
    """Return what an object holds, and where the values of the key `model` stand."""
    at = _after_space(text, text.startswith(_BYTE_ORDER_MARK))
    if text[at : at + 1] != "{":
        raise ValueError
    values: dict[str, Any] = {}
    spans: list[tuple[int, int]] = []
    n_fields = 0
    at = _after_space(text, at + 1)
    while text[at : at + 1] != "}":
        if n_fields == _MOST_FIELDS:  # each takes a microsecond or two, and millions would fit
            raise ValueError
        n_fields += 1
        key, start = _name(text, at)
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


def _name(text: str, at: int) -> tuple[str, int]:
    """Return a field's name, and where its value begins."""
    if text[at : at + 1] != '"':
        raise ValueError
    name, at = scanstring(text, at + 1, True)
    at = _after_space(text, at)
    if text[at : at + 1] != ":":
        raise ValueError
    return name, _after_space(text, at + 1)


def _after_space(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return at if found is None else found.end()


def _integer(digits: str) -> int | float:
    """Read a whole number of any length: one that is too long to be an int is passed on all the same."""
    return int(digits) if len(digits) < _MOST_DIGITS else float(digits)


_DECODER = json.JSONDecoder(parse_int=_integer)


def _turn(message: Any) -> Any:
    """Return a message, what a tool returned as such: Anthropic's API has the user say it."""
    content = message.get("content") if isinstance(message, dict) else None
    kinds = [part.get("type") if isinstance(part, dict) else None for part in _list(content)]
    return {"role": "tool", "content": None} if "tool_result" in kinds and "text" not in kinds else message


def _list(content: object) -> list[Any]:
    return content if isinstance(content, list) else []


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
