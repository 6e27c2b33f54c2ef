"""Small chat models of three providers that cannot read each other's tools, and that keep what they got.

`ChatOak` speaks OpenAI's tool format and structures output by function calling, `ChatElm` speaks
Anthropic's and structures output by a JSON schema, `ChatStone` only talks: no tools, no streaming.
They answer by rule, count words as tokens, and call a tool when a word of its name is in the question.
"""

import json
import re
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any, ClassVar

from langchain_core.callbacks import AsyncCallbackManagerForLLMRun, CallbackManagerForLLMRun
from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.language_models.base import LangSmithParams
from langchain_core.messages import AIMessage, AIMessageChunk, BaseMessage, ToolCall
from langchain_core.messages.ai import UsageMetadata
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, ChatResult
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass
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
    latency_s: float = 0.0

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
        if self.latency_s:
            time.sleep(self.latency_s)
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


class _Streaming(ChatStone):
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


class _ToolCalling(_Streaming):
    """A model that calls tools, each provider's in its own format."""

    def _tools(self, tools: Sequence[Any]) -> list[dict[str, Any]]:
        """Return name and JSON schema of each tool, or refuse another provider's format."""
        raise NotImplementedError

    def _forced(self, tool_choice: Any, names: list[str]) -> str | None:
        """Return the tool that must be called."""
        raise NotImplementedError

    def _reply(
        self,
        messages: list[BaseMessage],
        tools: Sequence[Any] = (),
        tool_choice: Any = None,
        response_schema: dict[str, Any] | None = None,
        **kwargs: Any,
    ) -> tuple[str, list[ToolCall]]:
        question = messages[-1].text
        if response_schema is not None:
            return json.dumps(_filled(response_schema, question)), []
        known = {tool["name"]: tool["schema"] for tool in self._tools(tools)}
        name = self._forced(tool_choice, list(known))
        if name is None and messages[-1].type == "human":
            words = set(re.findall(r"[a-z]{4,}", question.lower()))
            name = next((name for name in known if words & set(name.split("_"))), None)
        if name is None:
            return super()._reply(messages, **kwargs)
        args = _filled(known[name], question)
        return "", [ToolCall(name=name, args=args, id=f"call-{len(self.calls)}", type="tool_call")]


class ChatOak(_ToolCalling):
    """Tools in OpenAI's format; structured output by function calling."""

    provider: ClassVar[str] = "oak"
    model: str = "oak-1"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        if tool_choice == "any":
            tool_choice = "required"
        elif tool_choice is not None:
            tool_choice = {"type": "function", "function": {"name": tool_choice}}
        formatted = [convert_to_openai_tool(tool) for tool in tools]
        return self.bind(tools=formatted, tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, method: str = "function_calling", **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        if method == "function_calling":
            kwargs.pop("strict", None)
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        return _by_json(self, schema, include_raw, method)

    def _tools(self, tools: Sequence[Any]) -> list[dict[str, Any]]:
        if not all(tool.get("type") == "function" for tool in tools):
            raise ValueError("oak reads tools as {'type': 'function', 'function': ...}")
        return [
            {"name": tool["function"]["name"], "schema": tool["function"].get("parameters", {})}
            for tool in tools
        ]

    def _forced(self, tool_choice: Any, names: list[str]) -> str | None:
        if tool_choice == "required":
            return names[0]
        return tool_choice["function"]["name"] if tool_choice else None


class ChatElm(_ToolCalling):
    """Tools in Anthropic's format; structured output by a JSON schema."""

    provider: ClassVar[str] = "elm"
    model: str = "elm-1"

    def bind_tools(
        self, tools: Sequence[Any], *, tool_choice: Any = None, **kwargs: Any
    ) -> Runnable[LanguageModelInput, AIMessage]:
        if tool_choice == "any":
            tool_choice = {"type": "any"}
        elif tool_choice is not None:
            tool_choice = {"type": "tool", "name": tool_choice}
        functions = [convert_to_openai_tool(tool)["function"] for tool in tools]
        formatted = [{"name": f["name"], "input_schema": f.get("parameters", {})} for f in functions]
        return self.bind(tools=formatted, tool_choice=tool_choice, **kwargs)

    def with_structured_output(
        self, schema: Any, *, include_raw: bool = False, method: str = "json_schema", **kwargs: Any
    ) -> Runnable[LanguageModelInput, Any]:
        if method == "function_calling":
            kwargs.pop("strict", None)
            return super().with_structured_output(schema, include_raw=include_raw, **kwargs)
        return _by_json(self, schema, include_raw, method)

    def _tools(self, tools: Sequence[Any]) -> list[dict[str, Any]]:
        if not all("input_schema" in tool for tool in tools):
            raise ValueError("elm reads tools as {'name': ..., 'input_schema': ...}")
        return [{"name": tool["name"], "schema": tool["input_schema"]} for tool in tools]

    def _forced(self, tool_choice: Any, names: list[str]) -> str | None:
        if not tool_choice:
            return None
        return str(tool_choice["name"]) if tool_choice["type"] == "tool" else names[0]


def _by_json(model: BaseChatModel, schema: Any, include_raw: bool, method: str) -> Runnable[Any, Any]:
    llm = model.bind(
        response_schema=convert_to_json_schema(schema),
        ls_structured_output_format={"kwargs": {"method": method}, "schema": schema},
    )
    parser: Runnable[Any, Any] = JsonOutputParser()
    if isinstance(schema, type) and is_basemodel_subclass(schema):
        parser = PydanticOutputParser(pydantic_object=schema)
    if not include_raw:
        return llm | parser
    parsed = RunnablePassthrough.assign(
        parsed=(lambda answer: answer["raw"]) | parser, parsing_error=lambda _: None
    )
    return RunnableMap(raw=llm) | parsed


def _filled(schema: dict[str, Any], question: str) -> dict[str, Any]:
    number = re.search(r"\d+", question)
    values = {
        "integer": int(number.group()) if number else 1,
        "number": float(number.group()) if number else 1.0,
        "boolean": True,
        "array": [],
        "object": {},
    }
    properties = schema.get("properties", {})
    return {
        name: values.get(properties[name].get("type"), question or "x") for name in schema.get("required", [])
    }
