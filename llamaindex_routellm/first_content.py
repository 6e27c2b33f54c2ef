"""Whether a part of a stream holds anything that its reader would miss: before that another model may answer.

OpenAI's first part is empty, and so are those that only say why a stream ended or what it cost.
"""

from __future__ import annotations

from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse, TextBlock, ThinkingBlock
from pydantic import BaseModel

_CALLS = ("tool_calls", "function_call")


def has_content(part: Any) -> bool:
    """Tell whether a part holds text, reasoning, a tool call, or a field of an object.

    Args:
        part: A part of any stream of LlamaIndex's: a response, a text, or an object as far as it is read.
    """
    if isinstance(part, str):
        return bool(part)
    if isinstance(part, CompletionResponse):
        return bool(part.delta or part.text)
    if isinstance(part, ChatResponse):
        return _chat_has_content(part)
    if isinstance(part, BaseModel):
        return any(value not in (None, "", [], {}) for _, value in part)
    return True


def _chat_has_content(part: ChatResponse) -> bool:
    if part.delta or part.additional_kwargs.get("thinking_delta"):
        return True
    message = part.message
    if any(message.additional_kwargs.get(name) for name in _CALLS):
        return True
    for block in message.blocks:
        if isinstance(block, TextBlock):
            if block.text:
                return True
        elif not isinstance(block, ThinkingBlock) or block.content:
            return True
    return False
