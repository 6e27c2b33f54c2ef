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
from llamaindex_routellm.route import Route


class RoutedChat(RoutingLLM):
    """The eight methods of every LLM."""

    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model."""

        def ask(route: Route) -> ChatResponse:
            return route.annotate(route.llm.chat(route.sent(messages), **route.given(kwargs)))

        return self._ask(LLMCall(messages=messages, options=kwargs), ask)

    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        """Chat with the chosen model."""

        async def ask(route: Route) -> ChatResponse:
            return route.annotate(await route.llm.achat(route.sent(messages), **route.given(kwargs)))

        return await self._aask(LLMCall(messages=messages, options=kwargs), ask)

    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        """Stream a chat with the model that is chosen now, not when the stream is first read."""

        def ask(route: Route) -> ChatResponseGen:
            return route.annotate_each(route.llm.stream_chat(route.sent(messages), **route.given(kwargs)))

        return self._ask(LLMCall(messages=messages, streams=True, options=kwargs), ask)

    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        """Stream a chat with the model that is chosen now, not when the stream is first read."""

        async def ask(route: Route) -> ChatResponseAsyncGen:
            chunks = await route.llm.astream_chat(route.sent(messages), **route.given(kwargs))
            return route.annotate_each_async(chunks)

        return await self._aask(LLMCall(messages=messages, streams=True, options=kwargs), ask)

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete with the chosen model."""

        def ask(route: Route) -> CompletionResponse:
            return route.annotate(route.llm.complete(prompt, formatted=formatted, **route.given(kwargs)))

        return self._ask(LLMCall(text=prompt, options=kwargs), ask)

    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        """Complete with the chosen model."""

        async def ask(route: Route) -> CompletionResponse:
            answer = await route.llm.acomplete(prompt, formatted=formatted, **route.given(kwargs))
            return route.annotate(answer)

        return await self._aask(LLMCall(text=prompt, options=kwargs), ask)

    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        """Stream a completion by the model that is chosen now, not when the stream is first read."""

        def ask(route: Route) -> CompletionResponseGen:
            chunks = route.llm.stream_complete(prompt, formatted=formatted, **route.given(kwargs))
            return route.annotate_each(chunks)

        return self._ask(LLMCall(text=prompt, streams=True, options=kwargs), ask)

    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        """Stream a completion by the model that is chosen now, not when the stream is first read."""

        async def ask(route: Route) -> CompletionResponseAsyncGen:
            chunks = await route.llm.astream_complete(prompt, formatted=formatted, **route.given(kwargs))
            return route.annotate_each_async(chunks)

        return await self._aask(LLMCall(text=prompt, streams=True, options=kwargs), ask)
