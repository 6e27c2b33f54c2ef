"""What a method with tools was called with, as each model may be sent it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from llama_index.core.base.llms.types import ChatMessage, MessageRole
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.route import Route

if TYPE_CHECKING:
    from llama_index.core.tools.types import BaseTool

REFUSALS = (ValueError, TypeError, NotImplementedError)
"""What models raise of tools and options that they do not take."""


class ToolRequest(NamedTuple):
    """What a method with tools was called with."""

    tools: Sequence[BaseTool]
    user_msg: str | ChatMessage | None
    chat_history: list[ChatMessage] | None
    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    chats: bool = True
    streams: bool = False

    def positional(self, route: Route) -> tuple[Any, ...]:
        """Return the arguments that are given by their place."""
        return (self.tools, self.user_msg, self._sent(route), *self.args) if self.args else (self.tools,)

    def named(self, route: Route) -> dict[str, Any]:
        """Return the arguments that are given by name: those of the caller and no more."""
        given = {} if self.args else {"user_msg": self.user_msg, "chat_history": self._sent(route)}
        given = {name: value for name, value in given.items() if value is not None}
        return {**given, **route.given(self.kwargs)}

    def _sent(self, route: Route) -> list[ChatMessage] | None:
        sent = None if self.chat_history is None else route.sent(self.chat_history)
        return sent if sent is None or isinstance(sent, list) else list(sent)

    @property
    def call(self) -> LLMCall:
        """The call, as far as routing needs it."""
        messages = list(self.chat_history or [])
        if isinstance(self.user_msg, str):
            messages.append(ChatMessage(role=MessageRole.USER, content=self.user_msg))
        elif self.user_msg is not None:
            messages.append(self.user_msg)
        # a chat with tools is a method of its own, which not every model has, also where there are none
        tools = self.chats or bool(self.tools)
        return LLMCall(
            messages=messages,
            tools=tools,
            toolset=self.tools,
            streams=self.streams,
            options=self.kwargs,
        )

    def is_refused_by(self, llm: LLM) -> bool:
        """Tell whether a model refuses to prepare this request; nothing is sent."""
        if isinstance(llm, RoutingLLM) or not isinstance(llm, FunctionCallingLLM):
            return False
        named = dict(zip(("verbose", "allow_parallel_tool_calls", "tool_required"), self.args, strict=False))
        try:
            llm._prepare_chat_with_tools(
                list(self.tools), self.user_msg, self.chat_history, **{**named, **self.kwargs}
            )
        except REFUSALS:
            return True
        return False
