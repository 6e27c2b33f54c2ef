"""Small chat models that answer by rule, count words as tokens, and keep what they were sent."""

import asyncio
import json
import re
from collections.abc import AsyncIterator, Iterator
from typing import Any, ClassVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from pydantic import PrivateAttr


class ChatStone(BaseChatModel):
    """A model that only talks."""

    provider: ClassVar[str] = "stone"

    model: str = "stone-1"
    temperature: float | None = None
    max_tokens: int | None = None
    stop: list[str] | None = None
    error: BaseException | None = None
    cached_tokens: int = 0
    reasoning_tokens: int = 0
    pause_s: float = 0.0

    _calls: list[dict[str, Any]] = PrivateAttr(default_factory=list)

    @property
    def calls(self) -> list[dict[str, Any]]:
        """The arguments of each call, oldest first, messages included."""
        return self._calls

    @property
    def _llm_type(self) -> str:
        return f"{self.provider}-chat"

    @property
    def _identifying_params(self) -> dict[str, Any]:
        return {"model": self.model, "temperature": self.temperature, "max_tokens": self.max_tokens}

    def _get_ls_params(self, stop: list[str] | None = None, **kwargs: Any) -> LangSmithParams:
        params = super()._get_ls_params(stop, **kwargs)
        params["ls_provider"] = self.provider
        return params

    def get_token_ids(self, text: str) -> list[int]:
        return list(range(len(text.split())))

    def _generate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        message = self._answer(messages, stop, **kwargs)
        return ChatResult(
            generations=[ChatGeneration(message=message)], llm_output={"model_name": self._name(kwargs)}
        )

    async def _agenerate(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> ChatResult:
        return self._generate(messages, stop, None, **kwargs)

    def _answer(self, messages: list[BaseMessage], stop: list[str] | None, **kwargs: Any) -> AIMessage:
        self._calls.append({"messages": messages, "stop": stop, **kwargs})
        if self.error is not None:
            raise self.error
        text, tool_calls = self._reply(messages, **kwargs)
        for end in [*(self.stop or []), *(stop or [])]:
            text = text.split(end)[0]
        return AIMessage(
            content=text,
            tool_calls=tool_calls,
            response_metadata={"model_name": self._name(kwargs), "model_provider": self.provider},
            usage_metadata=self._usage(messages, text),
        )

    def _reply(self, messages: list[BaseMessage], **kwargs: Any) -> tuple[str, list[ToolCall]]:
        return f"{self.model} says: {messages[-1].text or 'I see.'}", []

    def _usage(self, messages: list[BaseMessage], text: str) -> UsageMetadata:
        sent = sum(len(message.text.split()) for message in messages) + self.cached_tokens
        answered = len(text.split()) + self.reasoning_tokens
        return UsageMetadata(
            input_tokens=sent,
            output_tokens=answered,
            total_tokens=sent + answered,
            input_token_details={"cache_read": self.cached_tokens},
            output_token_details={"reasoning": self.reasoning_tokens},
        )

    def _name(self, kwargs: dict[str, Any]) -> str:
        return str(kwargs.get("model", self.model))


class StreamingChat(ChatStone):
    """A model that streams its answer word by word."""

    def _stream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: CallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> Iterator[ChatGenerationChunk]:
        answer = self._answer(messages, stop, **kwargs)
        assert answer.usage_metadata is not None
        usage = answer.usage_metadata
        for word in re.findall(r"\S+\s*", str(answer.content)):
            yield ChatGenerationChunk(message=AIMessageChunk(content=word))
        yield ChatGenerationChunk(
            message=AIMessageChunk(
                content="",
                tool_call_chunks=[
                    {
                        "name": call["name"],
                        "args": json.dumps(call["args"], ensure_ascii=False),
                        "id": call["id"],
                        "index": index,
                        "type": "tool_call_chunk",
                    }
                    for index, call in enumerate(answer.tool_calls)
                ],
                response_metadata=answer.response_metadata,
                usage_metadata=usage,
                chunk_position="last",
            )
        )

    async def _astream(
        self,
        messages: list[BaseMessage],
        stop: list[str] | None = None,
        run_manager: AsyncCallbackManagerForLLMRun | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[ChatGenerationChunk]:
        for chunk in self._stream(messages, stop, None, **kwargs):
            yield chunk
            await asyncio.sleep(self.pause_s)
