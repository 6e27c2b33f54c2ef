"""A conversation as plain data: what files hold, and what a router that reads conversations is given.

`query_of` reads `Message`; programs and files write OpenAI's shape, a role and a content. Both are read here,
and what comes out is one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, TypedDict

from shared_router.choices import shown, shown_kind
from shared_router.errors import QueryError
from shared_router.query import Message, query_of
from shared_router.text import clean

Role = Literal["system", "user", "assistant", "tool"]


class _Said(TypedDict):
    role: Role
    content: str


class PlainMessage(_Said, total=False):
    """One turn: `role` (`"system"`, `"user"`, `"assistant"` or `"tool"`) and `content`, a text.

    `synthetic` is there, and True, where a framework wrote a `user` turn itself; see `Message`.
    """

    synthetic: bool


AnyMessage = PlainMessage | Message | tuple[str, str] | Mapping[str, Any]
"""What is read as a turn: a mapping with `role` and `content`, a pair of both, or a `Message`."""

ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
"""Who speaks, by the words that providers and frameworks use."""


def plain_messages(messages: Sequence[AnyMessage]) -> list[PlainMessage]:
    """Return a conversation in one form.

    Args:
        messages: The turns, oldest first: mappings with `role` and `content` (a text, a list of parts of
            which those with a `text` are read, or None), pairs of both, or `Message`.

    Returns:
        A `PlainMessage` a turn.

    Raises:
        QueryError: If it is no list of such; the error holds no text of it.
    """
    if isinstance(messages, (str, bytes, Mapping)) or not isinstance(messages, Sequence):
        raise QueryError(
            "a conversation must be a list of messages with role and content, got "
            f"{shown_kind(messages)}; put one message into a list"
        )
    return [_plain(message) for message in messages]


def question_of(messages: Sequence[AnyMessage]) -> str | None:
    """Return the text that a router without a reading of its own scores a conversation by; see `query_of`."""
    return query_of(
        [
            Message(each["role"], each["content"], synthetic=each.get("synthetic", False))
            for each in plain_messages(messages)
        ]
    )


def cleaned_question_of(messages: Sequence[AnyMessage]) -> str:
    """Return a conversation's question as a router sees it, "" where it has none."""
    return clean(question_of(messages) or "")


def of_messages(ask: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    """Return a router's `win_probability_of` that is given every conversation in one form."""

    @wraps(ask)
    def in_one_form(self: Any, messages: Any) -> Any:
        return ask(self, plain_messages(messages))

    return in_one_form


def _plain(message: AnyMessage) -> PlainMessage:
    if isinstance(message, Message):
        plain = PlainMessage(role=message.role, content=message.text)
        if message.synthetic:
            plain["synthetic"] = True
        return plain
    if isinstance(message, Mapping) and "role" in message and "content" in message:
        plain = PlainMessage(role=_role(message["role"]), content=_content(message["content"]))
        if message.get("synthetic") is True:
            plain["synthetic"] = True
        return plain
    if isinstance(message, (tuple, list)) and len(message) == 2:
        return PlainMessage(role=_role(message[0]), content=_content(message[1]))
    raise QueryError(
        f'a message must be {{"role": ..., "content": ...}} or a pair of both, got {shown_kind(message)}'
    )


def _role(role: object) -> Role:
    known = ROLES.get(role.strip().lower()) if isinstance(role, str) else None
    if known is None:
        raise QueryError(f"a message's role must be one of {list(ROLES)}, got {shown(role)}")
    return known


def _content(content: object) -> str:
    if content is None:  # an answer that only calls tools
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence):
        return "\n".join(text for text in map(_part, content) if text)
    raise QueryError(f"a message's content must be text, a list of parts or None, got {shown_kind(content)}")


def _part(part: object) -> str:
    text = part.get("text") if isinstance(part, Mapping) else part
    return text if isinstance(text, str) else ""
