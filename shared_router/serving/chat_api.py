"""The two APIs that a chat may be asked by: OpenAI's, and Anthropic's messages.

Neither is put into the other's words: a request by one goes to an upstream that speaks it too.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from shared_router.costs.savings import TokenUsage
from shared_router.serving.answer_bytes import ReadUsage, tokens
from shared_router.serving.passed_headers import Header


@dataclass(frozen=True, slots=True)
class ChatApi:
    """What differs between the APIs.

    Attributes:
        path: Where chats are asked, under a base URL.
        read_usage: Reads an answer's tokens.
        has_content: Tells whether an event holds something for a reader: text, reasoning, a refusal or a
            tool call.
        key_header: Says in which header an upstream's key is sent, by the client's own headers.
    """

    path: str
    read_usage: ReadUsage
    has_content: Callable[[Mapping[str, Any]], bool]
    key_header: Callable[[list[Header]], str]


_CONTENT = ("content", "tool_calls", "function_call", "refusal", "reasoning", "reasoning_content", "audio")


def _openai_usage(told: Mapping[str, Any]) -> TokenUsage:
    return TokenUsage(
        calls=1,
        input_tokens=tokens(told, "prompt_tokens"),
        output_tokens=tokens(told, "completion_tokens"),
        cached_input_tokens=tokens(told.get("prompt_tokens_details"), "cached_tokens"),
        reasoning_tokens=tokens(told.get("completion_tokens_details"), "reasoning_tokens"),
    )


def _openai_has_content(event: Mapping[str, Any]) -> bool:
    """Tell it of an event; the first of OpenAI's streams names the role and holds nothing yet."""
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


def _anthropic_usage(told: Mapping[str, Any]) -> TokenUsage:
    cached = tokens(told, "cache_read_input_tokens")
    written = tokens(told, "cache_creation_input_tokens")
    return TokenUsage(
        calls=1,
        input_tokens=tokens(told, "input_tokens") + cached + written,  # which it counts beside each other
        output_tokens=tokens(told, "output_tokens"),
        cached_input_tokens=cached,
    )


def _anthropic_has_content(event: Mapping[str, Any]) -> bool:
    block = event.get("content_block")
    begins_empty = isinstance(block, dict) and block.get("type") in ("text", "thinking")
    return event.get("type") not in ("message_start", "ping") and not begins_empty


OPENAI = ChatApi("/chat/completions", _openai_usage, _openai_has_content, lambda _: "authorization")
ANTHROPIC = ChatApi(
    "/messages",
    _anthropic_usage,
    _anthropic_has_content,
    # Anthropic's own takes a key in x-api-key; vLLM's and gateways a token, as a client was told to send
    lambda headers: "authorization" if b"authorization" in dict(headers) else "x-api-key",
)
