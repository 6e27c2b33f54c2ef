"""A conversation as plain data: what files hold, and what a router that reads conversations is given.

`query_of` reads `Message`; programs and files write OpenAI's shape, a role and a content. Both are read here,
and what comes out is one form.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import wraps
from typing import Any, Literal, Protocol, TypeAlias, TypedDict

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


class SpokenMessage(Protocol):
    """A framework's own message: an object with `content`, and `role` or `type` for who speaks."""

    @property
    def content(self) -> Any:
        """What it says: a text, a list of parts, or None."""


AnyMessage: TypeAlias = PlainMessage | Message | tuple[str, str] | Mapping[str, Any] | SpokenMessage
"""What is read as a turn: a mapping with `role` and `content`, a pair of both, or a message object."""

ROLES: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "chatbot": "assistant",
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
            which those with a `text` are read, or None), pairs of both, `Message`, or objects with `content`
            and `role` or `type`, as LangChain's and LlamaIndex's messages are.

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


_NOTHING = object()


def _plain(message: AnyMessage) -> PlainMessage:
    if isinstance(message, Message):
        return _turn(message.role, message.text, message.synthetic)
    if isinstance(message, Mapping) and "content" in message and ("role" in message or "type" in message):
        return _turn(message.get("role", message.get("type")), message["content"], message.get("synthetic"))
    if isinstance(message, (tuple, list)) and len(message) == 2:
        return _turn(message[0], message[1])
    speaker = getattr(message, "role", getattr(message, "type", None))
    said = getattr(message, "content", _NOTHING)
    if isinstance(speaker, str) and said is not _NOTHING:
        return _turn(speaker, said)
    raise QueryError(
        'a message must be {"role": ..., "content": ...}, a pair of both, or an object with them, got '
        f"{shown_kind(message)}"
    )


def _turn(role: object, content: object, synthetic: object = False) -> PlainMessage:
    plain = PlainMessage(role=_role(role), content=_content(content))
    if synthetic is True:
        plain["synthetic"] = True
    return plain


def _role(role: object) -> Role:
    # a piece of a streamed message has a class of its own, such as AIMessageChunk
    known = ROLES.get(role.strip().lower().removesuffix("messagechunk")) if isinstance(role, str) else None
    if known is None:
        raise QueryError(f"a message's role must be one of {list(ROLES)}, got {shown(role)}")
    return known


def _content(content: object) -> str:
    if content is None:  # an answer that only calls tools
        return ""
    if isinstance(content, str):
        return content
    if isinstance(content, Sequence) and not isinstance(content, (bytes, bytearray)):
        return "\n".join(text for text in map(_part, content) if text)
    raise QueryError(f"a message's content must be text, a list of parts or None, got {shown_kind(content)}")


def _part(part: object) -> str:
    if isinstance(part, str):
        return part
    if part is None or isinstance(part, (int, float, bytes, list, tuple)):
        raise QueryError(f"a part of a message must be text, a mapping or an object, got {shown_kind(part)}")
    text = part.get("text") if isinstance(part, Mapping) else getattr(part, "text", None)
    return text if isinstance(text, str) else ""
