"""The user's question and the model's answer in the many shapes in which logs hold a chat.

The question is the text of the last user message, as `query_of` defines it for a live request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared_router.messages import ROLES, PlainMessage, Role, plain_messages
from shared_router.query import Message, query_of
from shared_router.records.record import first, parsed

_ROLES: dict[str, Role] = {
    **ROLES,
    "humanmessage": "user",
    "humanmessagechunk": "user",
    "aimessage": "assistant",
    "aimessagechunk": "assistant",
    "toolmessage": "tool",
}
_DEPTH = 6


def question_in(value: Any) -> str | None:
    """Return the last question a user wrote, or None where there is none.

    Args:
        value: A text, a list of messages (OpenAI's, LangChain's, Anthropic's, Gemini's, OpenInference's),
            or an object that holds such under `messages`, `input`, `prompt`, `contents` or the like; also
            as JSON text.
    """
    return _question(parsed(value), _DEPTH)


def conversation_in(value: Any) -> list[PlainMessage] | None:
    """Return a list of messages in one form, or None where the value is none; also as JSON text."""
    value = parsed(value)
    if not isinstance(value, list) or not value or not all(isinstance(each, Mapping) for each in value):
        return None
    if not all(first(each, "role", "type", "id") is not None for each in value):
        return None
    return plain_messages([_message(each) for each in value])


def answer_in(value: Any) -> str | None:
    """Return the text of an answer, or None where there is none.

    Args:
        value: A text, a message, or a response of a provider's API; also as JSON text.
    """
    return _answer(parsed(value), _DEPTH)


def has_image(value: Any) -> bool:
    """Say whether a user's message holds something other than text, such as an image or a file."""
    return _has_image(parsed(value), _DEPTH)


def _question(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return value if value.strip() else None
    if depth == 0 or not value:
        return None
    if isinstance(value, list):
        if all(isinstance(item, list) for item in value):  # LangChain: a batch of one conversation
            return _question(value[-1], depth - 1)
        if all(isinstance(item, str) for item in value):
            return _question(value[-1], depth - 1)
        messages = [_message(item) for item in value if isinstance(item, Mapping)]
        return query_of(messages) if messages else None
    if isinstance(value, Mapping):
        if "role" in value and ("content" in value or "parts" in value):
            return query_of([_message(value)])
        inner = first(
            value, "messages", "input", "prompt", "prompts", "contents", "query", "question", "text"
        )
        return _question(parsed(inner), depth - 1)
    return None


_QUESTIONS = ("messages", "input", "prompt", "prompts", "contents", "query", "question", "text")
"""Where a question may stand, in the order in which they are looked at."""


def _message(item: Mapping[str, Any]) -> Message:
    inner = first(item, "message", "data", "kwargs")
    fields = {**item, **inner} if isinstance(inner, Mapping) else item
    kind = item.get("id") if isinstance(item.get("id"), list) else None  # LangChain's serialised class
    role = first(fields, "role", "message.role") or (kind[-1] if kind else fields.get("type"))
    content = first(fields, "content", "message.content", "parts", "contents", "message.contents", "text")
    return Message(_ROLES.get(str(role).lower(), "system"), _content_text(content))


def _content_text(content: Any) -> str:
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "\n".join(part for part in (_content_text(item) for item in content) if part)
    if isinstance(content, Mapping):
        inner = first(content, "text", "content", "message_content", "message_content.text")
        if inner is None:
            inner = content.get("message_content.text")
        return _content_text(inner)
    return ""


def _answer(value: Any, depth: int) -> str | None:
    if isinstance(value, str):
        return value if value.strip() else None
    if depth == 0 or not value:
        return None
    if isinstance(value, list):
        return next((found for item in value if (found := _answer(item, depth - 1))), None)
    if isinstance(value, Mapping):
        for name in _ANSWERS:
            if value.get(name) and (found := _answer(value[name], depth - 1)):
                return found
    return None


_ANSWERS = (
    "choices",
    "generations",
    "candidates",
    "message",
    "message.content",
    "kwargs",
    "output",
    "outputs",
    "messages",
    "content",
    "parts",
    "text",
    "completion",
    "answer",
    "response",
)
"""Where an answer may stand, outermost first."""


_NO_TEXT = ("image", "audio", "document", "file")


def _has_image(value: Any, depth: int) -> bool:
    if depth == 0:
        return False
    if isinstance(value, list):
        return any(_has_image(item, depth - 1) for item in value)
    if isinstance(value, Mapping):
        kind = str(value.get("type", ""))
        if kind.startswith(
            ("image", "input_image", "input_audio", "audio", "document", "file", "input_file")
        ):
            return True
        return any(
            _has_image(parsed(value[name]), depth - 1)
            for name in ("messages", "content", "input", "contents", "parts", "message")
            if isinstance(value.get(name), (list, dict))
        )
    return False
