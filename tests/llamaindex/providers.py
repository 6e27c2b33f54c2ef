"""Real OpenAI and Anthropic clients over a transport that no request leaves."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

import anthropic
import httpx
from llama_index.llms.anthropic import Anthropic
from llama_index.llms.openai import OpenAI
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM
from tests.llamaindex.fakes import SpyRouter

KEYS = {
    "gpt-4o": "sk-strong-0123456789",
    "gpt-4o-mini": "sk-weak-0123456789",
    "claude-sonnet-4-5": "sk-ant-strong-0123456789",
    "claude-haiku-4-5": "sk-ant-weak-0123456789",
}
EVENTS = {"content-type": "text/event-stream"}

# LlamaIndex's Anthropic asks for schemas with an argument whose name Anthropic's client has changed.
OLD_ARGUMENT = "ignore:The 'output_format' parameter is deprecated:DeprecationWarning"


@dataclass(frozen=True)
class ToolCall:
    """A call of a tool, which each provider writes in its own way."""

    name: str
    arguments: dict[str, Any]


LOOKED = ToolCall("look", {"at": "it"})
"""A call of `look`."""


def look(at: str) -> str:
    """Look something up."""
    return f"HARD data of {at}"


class Sum(BaseModel):
    """A sum."""

    n: int


class Provider:
    """Answer with the model's name, or with what it is told, and keep the bodies and the keys."""

    key_header: str

    def __init__(self, *answers: str | ToolCall, status: int = 200) -> None:
        self.answers = list(answers)
        self.status = status
        self.bodies: list[dict[str, Any]] = []
        self.keys: list[str] = []

    def __call__(self, request: httpx.Request) -> httpx.Response:
        body = json.loads(request.content)
        self.bodies.append(body)
        self.keys.append(request.headers[self.key_header].removeprefix("Bearer "))
        if self.status != 200:
            error = {"type": "error", "message": "the provider's own words"}
            return httpx.Response(self.status, json={"type": "error", "error": error})
        answer = self.answers.pop(0) if self.answers else f"{body['model']} says so"
        if body.get("stream"):
            return httpx.Response(200, content=self._events(body["model"], answer), headers=EVENTS)
        return httpx.Response(200, json=self._whole(body["model"], answer))

    def _whole(self, model: str, answer: str | ToolCall) -> dict[str, Any]:
        raise NotImplementedError

    def _events(self, model: str, answer: str | ToolCall) -> str:
        raise NotImplementedError


class OpenAIProvider(Provider):
    """Speak as OpenAI's chat completions do: 12 tokens read, 3 written."""

    key_header = "authorization"

    def _whole(self, model: str, answer: str | ToolCall) -> dict[str, Any]:
        choices = [{"index": 0, "finish_reason": "stop", "message": _openai_message(answer)}]
        return {**_openai_head(model), "object": "chat.completion", "choices": choices}

    def _events(self, model: str, answer: str | ToolCall) -> str:
        choices = [{"index": 0, "finish_reason": "stop", "delta": _openai_message(answer)}]
        chunk = {**_openai_head(model), "object": "chat.completion.chunk", "choices": choices}
        return f"data: {json.dumps(chunk)}\n\ndata: [DONE]\n\n"


class AnthropicProvider(Provider):
    """Speak as Anthropic's messages do: 12 tokens read, 3 written."""

    key_header = "x-api-key"

    def _whole(self, model: str, answer: str | ToolCall) -> dict[str, Any]:
        block = _anthropic_block(answer)
        usage = {"input_tokens": 12, "output_tokens": 3}
        return {**_anthropic_head(model), "content": [block], "stop_reason": "end_turn", "usage": usage}

    def _events(self, model: str, answer: str | ToolCall) -> str:
        block = _anthropic_block(answer)
        if isinstance(answer, ToolCall):
            delta = {"type": "input_json_delta", "partial_json": json.dumps(answer.arguments)}
            empty = {**block, "input": {}}
        else:
            delta = {"type": "text_delta", "text": answer}
            empty = {**block, "text": ""}
        begun = {**_anthropic_head(model), "usage": {"input_tokens": 12, "output_tokens": 1}}
        stop = {"stop_reason": "end_turn", "stop_sequence": None}
        events: list[dict[str, Any]] = [
            {"type": "message_start", "message": begun},
            {"type": "content_block_start", "index": 0, "content_block": empty},
            {"type": "content_block_delta", "index": 0, "delta": delta},
            {"type": "content_block_stop", "index": 0},
            {"type": "message_delta", "delta": stop, "usage": {"output_tokens": 3}},
            {"type": "message_stop"},
        ]
        return "".join(f"event: {event['type']}\ndata: {json.dumps(event)}\n\n" for event in events)


def openai_child(model: str, provider: Provider) -> OpenAI:
    """Return a real OpenAI LLM that asks a provider of ours."""
    transport = httpx.MockTransport(provider)
    return OpenAI(
        model=model,
        api_key=KEYS[model],
        max_retries=0,
        http_client=httpx.Client(transport=transport),
        async_http_client=httpx.AsyncClient(transport=transport),
    )


def anthropic_child(model: str, provider: Provider) -> Anthropic:
    """Return a real Anthropic LLM that asks a provider of ours.

    It takes no HTTP client when it is constructed, so its clients are changed for ones that have ours.
    """
    transport = httpx.MockTransport(provider)
    llm = Anthropic(model=model, api_key=KEYS[model], max_retries=0)
    llm._client = llm._client.with_options(http_client=httpx.Client(transport=transport))
    llm._aclient = llm._aclient.with_options(http_client=httpx.AsyncClient(transport=transport))
    assert isinstance(llm._client, anthropic.Anthropic)
    return llm


def routed_over_openai(provider: Provider, **kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    """Return a routed LLM over two OpenAI models, and the router that spies on it."""
    strong, weak = openai_child("gpt-4o", provider), openai_child("gpt-4o-mini", provider)
    return _spied_on(strong=strong, weak=weak, **kwargs)


def routed_over_anthropic(provider: Provider, **kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    """Return a routed LLM over two Anthropic models, and the router that spies on it."""
    strong = anthropic_child("claude-sonnet-4-5", provider)
    return _spied_on(strong=strong, weak=anthropic_child("claude-haiku-4-5", provider), **kwargs)


def _spied_on(**kwargs: Any) -> tuple[RoutedLLM, SpyRouter]:
    spy = SpyRouter()
    return RoutedLLM(router=spy, threshold=0.5, **kwargs), spy


def _openai_head(model: str) -> dict[str, Any]:
    usage = {"prompt_tokens": 12, "completion_tokens": 3, "total_tokens": 15}
    return {"id": "1", "created": 1, "model": model, "usage": usage}


def _openai_message(answer: str | ToolCall) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"role": "assistant", "content": answer}
    function = {"name": answer.name, "arguments": json.dumps(answer.arguments)}
    call = {"index": 0, "id": "call-1", "type": "function", "function": function}
    return {"role": "assistant", "content": None, "tool_calls": [call]}


def _anthropic_head(model: str) -> dict[str, Any]:
    empty: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None}
    return {"id": "msg_1", "type": "message", "role": "assistant", "model": model, **empty}


def _anthropic_block(answer: str | ToolCall) -> dict[str, Any]:
    if isinstance(answer, str):
        return {"type": "text", "text": answer}
    return {"type": "tool_use", "id": "toolu_1", "name": answer.name, "input": answer.arguments}
