"""What a chat model answered, as scorers and plans read it: text, finish reason, tool calls, tokens."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from langchain_core.messages import AIMessage
from langchain_core.utils.function_calling import convert_to_openai_tool
from pydantic import BaseModel

from langchain_routellm.binding import Binding
from langchain_routellm.turns import text_of
from shared_router import GivenAnswer, ToolCall, valid_tool_calls

_FINISHED = ("finish_reason", "stop_reason", "stopReason", "done_reason", "finishReason")
"""Where providers' models write why an answer ended."""


def given_answer(output: Any, message: AIMessage | None) -> GivenAnswer:
    """Return an answer as scorers read it.

    Args:
        output: What the model, or a chain of it and a parser, returned.
        message: The model's own message, where it is known.
    """
    if message is None:
        return GivenAnswer(_text(output))
    tokens = _tokens(message)
    return GivenAnswer(
        _text(output),
        finish_reason=finish_reason(message),
        token_log_probabilities=_log_probabilities(tokens),
        runner_up_log_probabilities=_runners_up(tokens),
    )


def tool_calls_are_valid(output: Any, binding: Binding | None) -> bool | None:
    """Tell whether a message's tool calls fit the tools' schemas; None where it calls none.

    Args:
        output: What the model returned.
        binding: What the caller bound.
    """
    if not isinstance(output, AIMessage) or not (output.tool_calls or output.invalid_tool_calls):
        return None
    calls = [ToolCall(call["name"], call["args"]) for call in output.tool_calls]
    calls += [ToolCall(str(call["name"]), None) for call in output.invalid_tool_calls]
    return valid_tool_calls(calls, _schemas(binding))


def _text(output: Any) -> str:
    """Return the words of a message, or an object as JSON."""
    if isinstance(output, AIMessage):
        return text_of(output.content)
    if isinstance(output, str):
        return output
    if isinstance(output, Mapping) and {"raw", "parsed", "parsing_error"} <= set(output):
        output = output["parsed"]
    if output is None:
        return ""
    if isinstance(output, BaseModel):
        return output.model_dump_json()
    return json.dumps(output, ensure_ascii=False, default=str)


def finish_reason(message: AIMessage) -> str | None:
    """Return why an answer ended, in its provider's word; None where it says nothing."""
    if _is_refusal(message):
        return "refusal"
    metadata = message.response_metadata
    found = next((metadata[name] for name in _FINISHED if isinstance(metadata.get(name), str)), None)
    # OpenAI's responses say "incomplete", and why beside it
    status = metadata.get("status")
    return found or (status if status == "incomplete" else None)


def _is_refusal(message: AIMessage) -> bool:
    blocks = message.content if isinstance(message.content, list) else []
    said = any(isinstance(block, Mapping) and block.get("type") == "refusal" for block in blocks)
    return said or bool(message.additional_kwargs.get("refusal"))


def _tokens(message: AIMessage) -> Sequence[Any]:
    """Return OpenAI's list of tokens with their log-probabilities, which others write too."""
    found = message.response_metadata.get("logprobs")
    tokens = found.get("content") if isinstance(found, Mapping) else None
    return tokens if isinstance(tokens, list) else []


def _log_probabilities(tokens: Sequence[Any]) -> tuple[float, ...] | None:
    try:
        return tuple(min(0.0, float(token["logprob"])) for token in tokens) or None
    except (KeyError, TypeError, ValueError):
        return None


def _runners_up(tokens: Sequence[Any]) -> tuple[float, ...] | None:
    """Return each place's likeliest other token's; None unless every place has one."""
    try:
        others = [
            max(float(each["logprob"]) for each in token["top_logprobs"] if each["token"] != token["token"])
            for token in tokens
        ]
    except (KeyError, TypeError, ValueError):
        return None
    return tuple(min(0.0, each) for each in others) or None


def _schemas(binding: Binding | None) -> dict[str, Any] | None:
    """Return the parameters of each bound tool by its name; None where one is a provider's own."""
    if binding is None or not isinstance(binding.given, list):
        return None
    try:
        tools = [convert_to_openai_tool(tool)["function"] for tool in binding.given]
    except (KeyError, TypeError, ValueError):
        return None
    return {tool["name"]: tool.get("parameters") or {} for tool in tools}
