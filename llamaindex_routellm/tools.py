"""Tool calling, routed: the chosen model writes its own tool schemas and reads its own tool calls."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    ChatResponseAsyncGen,
    ChatResponseGen,
    MessageRole,
)
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.capabilities import function_calling
from llamaindex_routellm.metadata import DECISION_KEY
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
        with self._route(_call(tools, user_msg, chat_history)) as route:
            return route.annotate(
                route.caller.chat_with_tools(tools, user_msg, chat_history, *args, **kwargs)
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
        with await self._aroute(_call(tools, user_msg, chat_history)) as route:
            return route.annotate(
                await route.caller.achat_with_tools(tools, user_msg, chat_history, *args, **kwargs)
            )

    def stream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseGen:
        """Stream a chat with the model that is chosen now, which may ask for tool calls."""
        with self._route(_call(tools, user_msg, chat_history)) as route:
            chunks = route.caller.stream_chat_with_tools(tools, user_msg, chat_history, *args, **kwargs)
            return route.annotate_each(chunks)

    async def astream_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> ChatResponseAsyncGen:
        """Stream a chat with the model that is chosen now, which may ask for tool calls."""
        with await self._aroute(_call(tools, user_msg, chat_history)) as route:
            chunks = await route.caller.astream_chat_with_tools(
                tools, user_msg, chat_history, *args, **kwargs
            )
            return route.annotate_each_async(chunks)

    def predict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Have the chosen model pick tools, and call them."""
        with self._route(_call(tools, user_msg, chat_history)) as route:
            return route.llm.predict_and_call(list(tools), user_msg, chat_history, *args, **kwargs)

    async def apredict_and_call(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        *args: Any,
        **kwargs: Any,
    ) -> AgentChatResponse:
        """Have the chosen model pick tools, and call them."""
        with await self._aroute(_call(tools, user_msg, chat_history)) as route:
            return await route.llm.apredict_and_call(list(tools), user_msg, chat_history, *args, **kwargs)

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        """Return the tool calls of a response, read by the model that wrote it."""
        writer = self._writer_of(response)
        return writer.get_tool_calls_from_response(response, error_on_no_tool_call, **kwargs)

    def _prepare_chat_with_tools(self, *args: Any, **kwargs: Any) -> dict[str, Any]:
        """Refuse: a request's format is its model's, and no model is chosen here."""
        del args, kwargs
        raise InvalidInputError("a routed LLM must be asked through chat_with_tools, which chooses a model")

    def _writer_of(self, response: ChatResponse) -> FunctionCallingLLM:
        written_by = response.additional_kwargs.get(DECISION_KEY, {}).get("model")
        callers = [llm for llm in self.children.values() if llm.metadata.is_function_calling_model]
        return function_calling(
            self.children.get(written_by) or next(iter(callers), None) or next(iter(self.children.values()))
        )


def _call(
    tools: Sequence[BaseTool],
    user_msg: str | ChatMessage | None,
    chat_history: list[ChatMessage] | None,
) -> LLMCall:
    messages = list(chat_history or [])
    if isinstance(user_msg, str):
        user_msg = ChatMessage(role=MessageRole.USER, content=user_msg)
    if user_msg is not None:
        messages.append(user_msg)
    return LLMCall(messages=messages, tools=bool(tools))
