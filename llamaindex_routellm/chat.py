"""Chat and completion, routed.

Each method does one thing: it routes, and calls the same method of the chosen model, which runs its own
callbacks and events. None here has any, so that every call is counted once.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    CompletionResponse,
    CompletionResponseAsyncGen,
    CompletionResponseGen,
)

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall


class RoutedChat(RoutingLLM):
    """The eight methods of every LLM."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model."""
        with self._route(LLMCall(messages=messages)) as route:
            return route.annotate(route.llm.chat(route.sent(messages), **kwargs))

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model."""
        with await self._aroute(LLMCall(messages=messages)) as route:
            return route.annotate(await route.llm.achat(route.sent(messages), **kwargs))

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Stream a chat with the model that is chosen now, not when the stream is first read."""
        with self._route(LLMCall(messages=messages)) as route:
            return route.annotate_each(route.llm.stream_chat(route.sent(messages), **kwargs))

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Stream a chat with the model that is chosen now, not when the stream is first read."""
        with await self._aroute(LLMCall(messages=messages)) as route:
            return route.annotate_each_async(await route.llm.astream_chat(route.sent(messages), **kwargs))

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete with the chosen model."""
        with self._route(LLMCall(text=prompt)) as route:
            return route.annotate(route.llm.complete(prompt, formatted=formatted, **kwargs))

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete with the chosen model."""
        with await self._aroute(LLMCall(text=prompt)) as route:
            return route.annotate(await route.llm.acomplete(prompt, formatted=formatted, **kwargs))

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Stream a completion by the model that is chosen now, not when the stream is first read."""
        with self._route(LLMCall(text=prompt)) as route:
            return route.annotate_each(route.llm.stream_complete(prompt, formatted=formatted, **kwargs))

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Stream a completion by the model that is chosen now, not when the stream is first read."""
        with await self._aroute(LLMCall(text=prompt)) as route:
            return route.annotate_each_async(
                await route.llm.astream_complete(prompt, formatted=formatted, **kwargs)
            )
