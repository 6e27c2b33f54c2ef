"""Real LlamaIndex classes without a network: two kinds of LLM, and a router that remembers what it saw."""

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
    LLMMetadata,
    MessageRole,
)
from llama_index.core.llms.callbacks import llm_chat_callback, llm_completion_callback
from llama_index.core.llms.custom import CustomLLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.llms.llm import ToolSelection
from llama_index.core.memory import ChatMemoryBuffer
from llama_index.core.tools import BaseTool
from pydantic import Field

from llamaindex_routellm import RoutedLLM
from shared_router.testing import FixedRouter

HARD = "HARD"


class SpyRouter(FixedRouter):
    """Send what says HARD to the strong model, and remember every text that was scored."""

    def __init__(self) -> None:
        super().__init__(self._score_of)
        self.seen: list[str] = []

    def _score_of(self, query: str) -> float:
        self.seen.append(query)
        return 0.9 if HARD in query else 0.1


class FakeChat(FunctionCallingLLM):
    """Chat as a provider of one tool format does: answer with the model's name, call the tools it is told.

    Each request that has tools takes one of `tool_calls`; None answers it with text.

    A request that holds another provider's tool schemas is refused, as an API would.
    """

    model: str = "fake"
    api_key: str = "sk-secret"
    window: int = 4096
    calls_functions: bool = True
    role: MessageRole = MessageRole.SYSTEM
    tool_calls: list[Any] = Field(default_factory=list)
    answers: list[str] = Field(default_factory=list)
    prompts: list[list[ChatMessage]] = Field(default_factory=list, exclude=True)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(
            context_window=self.window,
            num_output=64,
            is_chat_model=True,
            is_function_calling_model=self.calls_functions,
            model_name=self.model,
            system_role=self.role,
        )

    def _answer(self, messages: Sequence[ChatMessage], kwargs: dict[str, Any]) -> ChatResponse:
        self.prompts.append(list(messages))
        tools = kwargs.get("tools", [])
        if any(tool["format"] != self.model for tool in tools):
            raise RuntimeError(f"400: {self.model} cannot read these tools")
        called = self.tool_calls.pop(0) if tools and self.tool_calls else None
        text = self.answers.pop(0) if self.answers else f"{self.model} says so"
        extra = {"tool_calls": [{"by": self.model, **called}]} if called else {}
        message = ChatMessage(
            role=MessageRole.ASSISTANT, content="" if called else text, additional_kwargs=extra
        )
        return ChatResponse(message=message, raw={"model": self.model}, delta=message.content)

    @llm_chat_callback()
    def chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(messages, kwargs)

    @llm_chat_callback()
    async def achat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponse:
        return self._answer(messages, kwargs)

    @llm_chat_callback()
    def stream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseGen:
        answer = self._answer(messages, kwargs)

        def chunks() -> ChatResponseGen:
            yield from self._chunks(answer)

        return chunks()

    @llm_chat_callback()
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: Any) -> ChatResponseAsyncGen:
        answer = self._answer(messages, kwargs)

        async def chunks() -> ChatResponseAsyncGen:
            for chunk in self._chunks(answer):
                yield chunk

        return chunks()

    def _chunks(self, answer: ChatResponse) -> list[ChatResponse]:
        words = (answer.message.content or "").split(" ")
        said = [" ".join(words[: i + 1]) for i in range(len(words))]
        extra = answer.message.additional_kwargs
        return [
            ChatResponse(
                message=ChatMessage(role=MessageRole.ASSISTANT, content=text, additional_kwargs=extra),
                delta=text[len(before) :],
            )
            for before, text in zip(["", *said], said, strict=False)
        ]

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(self._answer([ChatMessage(role="user", content=prompt)], kwargs))

    @llm_completion_callback()
    async def acomplete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return _completion(self._answer([ChatMessage(role="user", content=prompt)], kwargs))

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        answer = self._answer([ChatMessage(role="user", content=prompt)], kwargs)

        def chunks() -> CompletionResponseGen:
            for chunk in self._chunks(answer):
                yield _completion(chunk)

        return chunks()

    @llm_completion_callback()
    async def astream_complete(
        self, prompt: str, formatted: bool = False, **kwargs: Any
    ) -> CompletionResponseAsyncGen:
        answer = self._answer([ChatMessage(role="user", content=prompt)], kwargs)

        async def chunks() -> CompletionResponseAsyncGen:
            for chunk in self._chunks(answer):
                yield _completion(chunk)

        return chunks()

    def _prepare_chat_with_tools(
        self,
        tools: Sequence[BaseTool],
        user_msg: str | ChatMessage | None = None,
        chat_history: list[ChatMessage] | None = None,
        verbose: bool = False,
        allow_parallel_tool_calls: bool = False,
        tool_required: bool = False,
        **kwargs: Any,
    ) -> dict[str, Any]:
        messages = list(chat_history or [])
        if user_msg is not None:
            asked = (
                user_msg if isinstance(user_msg, ChatMessage) else ChatMessage(role="user", content=user_msg)
            )
            messages.append(asked)
        written = [{"format": self.model, "name": tool.metadata.get_name()} for tool in tools]
        return {"messages": messages, "tools": written}

    def get_tool_calls_from_response(
        self, response: ChatResponse, error_on_no_tool_call: bool = True, **kwargs: Any
    ) -> list[ToolSelection]:
        calls = response.message.additional_kwargs.get("tool_calls", [])
        if not calls and error_on_no_tool_call:
            raise ValueError("expected a tool call, got none")
        if any(call["by"] != self.model for call in calls):
            raise RuntimeError(f"{self.model} cannot read another's tool calls")
        return [
            ToolSelection(tool_id=f"call-{i}", tool_name=call["name"], tool_kwargs=call["kwargs"])
            for i, call in enumerate(calls)
        ]


class FakeCompletion(CustomLLM):
    """Complete text, as a local model without a chat format does."""

    model: str = "local"
    window: int = 4096
    prompts: list[str] = Field(default_factory=list, exclude=True)

    @property
    def metadata(self) -> LLMMetadata:
        return LLMMetadata(context_window=self.window, num_output=64, model_name=self.model)

    @llm_completion_callback()
    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        self.prompts.append(prompt if formatted else self.completion_to_prompt(prompt))  # type: ignore[misc]
        return CompletionResponse(text=f"{self.model} says so")

    @llm_completion_callback()
    def stream_complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponseGen:
        self.prompts.append(prompt)

        def chunks() -> CompletionResponseGen:
            yield CompletionResponse(text=f"{self.model} says so", delta=f"{self.model} says so")

        return chunks()


def _completion(answer: ChatResponse) -> CompletionResponse:
    return CompletionResponse(text=answer.message.content or "", delta=answer.delta, raw=answer.raw)


def memory() -> ChatMemoryBuffer:
    """Return an agent's memory that holds no database connection, as LlamaIndex's default leaves open."""
    return ChatMemoryBuffer.from_defaults(token_limit=3000)


def models(**kwargs: Any) -> dict[str, Any]:
    """Return what a RoutedLLM is constructed from, with changes."""
    given = {"strong": FakeChat(model="big"), "weak": FakeChat(model="small"), "router": FixedRouter(0.2)}
    return {**given, **kwargs}


def routed_over_fakes(**kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    """Return a routed LLM over two chat models and the router that spies on it."""
    spy = SpyRouter()
    models = {"strong": FakeChat(model="big"), "weak": FakeChat(model="small"), **kwargs}
    return RoutedLLM(router=spy, threshold=0.5, **models), spy
