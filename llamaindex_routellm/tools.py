"""Tool calling, routed: the chosen model writes its own tool schemas and reads its own tool calls.

Which tools and options a model takes, only its own preparation of a request knows. Where the chosen one
refuses to prepare one, the call goes to another that does not.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from llamaindex_routellm.base import Answer, RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.capabilities import function_calling
from llamaindex_routellm.metadata import DECISION_KEY
from llamaindex_routellm.route import Route
from llamaindex_routellm.tool_request import REFUSALS, ToolRequest
from shared_router import InvalidInputError

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse
    from llama_index.core.tools.types import BaseTool


class RoutedTools(RoutingLLM, FunctionCallingLLM):
    """The four methods that chat with tools and the two that call them."""

    def chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponse:
        """Chat with the chosen model, which may ask for tool calls."""
        request = ToolRequest(tools, user_msg, chat_history, args, kwargs)
        return self._asked(
            request,
            lambda route: route.annotate(
                route.caller.chat_with_tools(*request.positional(route), **request.named(route))
            ),
        )

    async def achat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponse:
        """Chat with the chosen model, which may ask for tool calls."""
        request = ToolRequest(tools, user_msg, chat_history, args, kwargs)

        async def ask(route: Route) -> ChatResponse:
            return route.annotate(
                await route.caller.achat_with_tools(*request.positional(route), **request.named(route))
            )

        return await self._aasked(request, ask)

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Stream a chat with the model that is chosen now, which may ask for tool calls."""
        request = ToolRequest(tools, user_msg, chat_history, args, kwargs, streams=True)

        def ask(route: Route) -> ChatResponseGen:
            return route.annotate_each(
                route.caller.stream_chat_with_tools(*request.positional(route), **request.named(route))
            )

        return self._asked(request, ask)

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Stream a chat with the model that is chosen now, which may ask for tool calls."""
        request = ToolRequest(tools, user_msg, chat_history, args, kwargs, streams=True)

        async def ask(route: Route) -> ChatResponseAsyncGen:
            chunks = await route.caller.astream_chat_with_tools(
                *request.positional(route), **request.named(route)
            )
            return route.annotate_each_async(chunks)

        return await self._aasked(request, ask)

    def predict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Have the chosen model pick tools, and call them."""
        if self.may_ask_twice:  # the tools must be called once, whoever has picked them
            return super().predict_and_call(tools, user_msg, chat_history, *args, **kwargs)
        request = ToolRequest(list(tools), user_msg, chat_history, args, kwargs, chats=False)
        return self._asked(
            request,
            lambda route: route.llm.predict_and_call(*request.positional(route), **request.named(route)),
        )

    async def apredict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Have the chosen model pick tools, and call them."""
        if self.may_ask_twice:  # the tools must be called once, whoever has picked them
            return await super().apredict_and_call(tools, user_msg, chat_history, *args, **kwargs)
        request = ToolRequest(list(tools), user_msg, chat_history, args, kwargs, chats=False)
        return await self._aasked(
            request,
            lambda route: route.llm.apredict_and_call(*request.positional(route), **request.named(route)),
        )

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls of a response, read by the model that wrote it."""
        writer = self._writer_of(response)
        return writer.get_tool_calls_from_response(
            response, error_on_no_tool_call=error_on_no_tool_call, **kwargs
        )

    def _prepare_chat_with_tools(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Refuse: a request's format is its model's, and no model is chosen here."""
        del args, kwargs
        raise InvalidInputError("a routed LLM must be asked through chat_with_tools, which chooses a model")

    def _writer_of(self, response: ChatResponse) -> FunctionCallingLLM:
        """Return the model that wrote a response."""
        decision = response.additional_kwargs.get(DECISION_KEY, {})
        written_by = decision.get("fallback_for", decision.get("model"))
        callers = [llm for llm in self.children.values() if llm.metadata.is_function_calling_model]
        return function_calling(
            self.children.get(written_by) or next(iter(callers), None) or next(iter(self.children.values()))
        )

    def _asked(self, request: ToolRequest, ask: Callable[[Route], Answer]) -> Answer:
        """Ask the chosen model, or another where it refuses to prepare the request."""
        call, refused = request.call, list[Route]()

        def attempt(route: Route) -> Answer:
            try:
                return ask(route)
            except REFUSALS:
                refused[:] = [route] if request.is_refused_by(route.llm) else []
                raise

        while True:
            try:
                return self._ask(call, attempt)
            except REFUSALS:
                left = self._without(call, refused.pop()) if refused else None
                if left is None:
                    raise
                call = left

    async def _aasked(self, request: ToolRequest, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        """Ask the chosen model, or another where it refuses to prepare the request."""
        call, refused = request.call, list[Route]()

        async def attempt(route: Route) -> Answer:
            try:
                return await ask(route)
            except REFUSALS:
                refused[:] = [route] if request.is_refused_by(route.llm) else []
                raise

        while True:
            try:
                return await self._aask(call, attempt)
            except REFUSALS:
                left = self._without(call, refused.pop()) if refused else None
                if left is None:
                    raise
                call = left

    def _without(self, call: LLMCall, route: Route) -> LLMCall | None:
        """Return a call for the models that have not refused it; None where there is none left."""
        refused = call.refused_by | {route.model}
        forced = route.metadata["reason"] == "route"
        return None if forced or refused >= set(self.children) else replace(call, refused_by=refused)
