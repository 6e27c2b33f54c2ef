"""Small chat models of three providers that cannot read each other's tools.

`ChatOak` speaks OpenAI's tool format and structures output by function calling, `ChatElm` speaks
Anthropic's and structures output by a JSON schema, `ChatStone` only talks: no tools, no streaming.
A tool is called when a word of its name is in the question, or when it must be.
"""

import json
import re
from collections.abc import Sequence
from typing import Any, ClassVar

from langchain_core.language_models import BaseChatModel, LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, ToolCall
from langchain_core.output_parsers import JsonOutputParser, PydanticOutputParser
from langchain_core.runnables import Runnable, RunnableMap, RunnablePassthrough
from langchain_core.utils.function_calling import convert_to_json_schema, convert_to_openai_tool
from langchain_core.utils.pydantic import is_basemodel_subclass

from tests.langchain.fake_chat_models import ChatStone, StreamingChat

__all__ = ["ChatElm", "ChatOak", "ChatStone"]


class _ToolCalling(StreamingChat):
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
