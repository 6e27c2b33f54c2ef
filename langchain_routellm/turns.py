"""LangChain's messages as the core reads them: who speaks, and in which words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import (
    AIMessage,
    BaseMessage,
    ChatMessage,
    FunctionMessage,
    HumanMessage,
    RemoveMessage,
    SystemMessage,
    ToolMessage,
)

from langchain_routellm.wrappers import is_synthetic, users_words
from shared_router import Message

Role = Literal["system", "user", "assistant", "tool"]

_CLASSES: tuple[tuple[type[BaseMessage], Role], ...] = (
    (HumanMessage, "user"),
    (AIMessage, "assistant"),
    (ToolMessage, "tool"),
    (FunctionMessage, "tool"),
    (SystemMessage, "system"),
)
_ROLES: Mapping[type[BaseMessage], Role] = dict(_CLASSES)
_WORDS: Mapping[str, Role] = {
    "user": "user",
    "human": "user",
    "system": "system",
    "developer": "system",
    "tool": "tool",
    "function": "tool",
}
_TEXT = (None, "text", "input_text", "output_text")
"""Types of content blocks that are words; Bedrock's and Google's have no type."""


def turns(messages: Sequence[BaseMessage], *, with_answers: bool = False) -> list[Message]:
    """Return a conversation as the core reads it.

    Args:
        messages: The conversation, oldest first.
        with_answers: Whether the models' texts are wanted too, which are never routed on.
    """
    read = []
    in_tool_loop = False
    for message in messages:
        role = role_of(message)
        text = ""
        if role == "user":
            text = users_words(text_of(message.content))
        elif role == "assistant" and with_answers:
            text = text_of(message.content)
        # a picture without words that follows a tool's result, such as a screenshot, is a result too
        synthetic = is_synthetic(message) or (in_tool_loop and role == "user" and not text.strip())
        in_tool_loop = role == "tool" or (synthetic and in_tool_loop)
        if not isinstance(message, RemoveMessage):
            read.append(Message(role, text, synthetic=synthetic))
    return read


def role_of(message: BaseMessage) -> Role:
    """Return who speaks, as a provider is told."""
    if type(message) in _ROLES:  # a subclass takes longer
        return _ROLES[type(message)]
    for cls, role in _CLASSES:
        if isinstance(message, cls):
            return role
    said = message.role if isinstance(message, ChatMessage) else message.type
    return _WORDS.get(said.strip().lower(), "assistant")


def text_of(content: Any) -> str:
    """Return the words in a message's content, joined as LangChain joins them.

    A document of plain text (`text-plain`) is no part of the words that ask about it, but is all that there
    is where nothing else is said.
    """
    if isinstance(content, str):
        return content
    words = "".join(_texts(content, _TEXT))
    return words if words.strip() else "".join(_texts(content, ("text-plain",)))


def _texts(content: Any, kinds: tuple[str | None, ...]) -> Iterator[str]:
    for part in content if isinstance(content, Sequence) else ():
        if isinstance(part, str) and None in kinds:
            yield part
        elif isinstance(part, Mapping):
            if part.get("type") == "non_standard":
                yield from _texts([part.get("value")], kinds)
            elif part.get("type") in kinds and isinstance(part.get("text"), str):
                yield part["text"]
