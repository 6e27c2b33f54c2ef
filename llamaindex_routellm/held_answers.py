"""What a plan judges an answer by, and an accepted stream, read again."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Generator
from dataclasses import replace
from typing import Any

from llama_index.core.base.llms.types import MessageRole

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.scorable import Parts


def asked_now(call: LLMCall) -> LLMCall:
    """Return a call with what has come since the user last spoke: what an answer is judged by."""
    users = [at for at, message in enumerate(call.messages) if message.role == MessageRole.USER]
    return replace(call, messages=call.messages[users[-1] :]) if users else call


def read_again(parts: Parts) -> Generator[Any, None, None]:
    """Yield the parts of a stream that was read to its end."""
    yield from parts


async def aread_again(parts: Parts) -> AsyncGenerator[Any, None]:
    """Yield the parts like `read_again`."""
    for part in parts:
        yield part
