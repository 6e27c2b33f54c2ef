"""What an LLM answered, as scorers and plans read it: text, finish reason, tool calls."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse, ToolCallBlock
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from pydantic import BaseModel

from llamaindex_routellm.calls import LLMCall
from shared_router import GivenAnswer, ToolCall, valid_tool_calls

_FINISHED = ("finish_reason", "stop_reason", "done_reason", "stopReason")
"""Where providers write why an answer ended."""


class Parts(list[Any]):
    """A stream, read to its end."""


def given_answer(output: Any, responses: Sequence[ChatResponse | CompletionResponse]) -> GivenAnswer:
    """Return an answer as scorers read it.

    Args:
        output: What the call returned; `Parts` of a stream.
        responses: The responses behind it, newest last.
    """
    tokens = list(_tokens(responses[-1:]))
    return GivenAnswer(
        text_of(output),
        finish_reason=finish_reason_of(responses),
        token_log_probabilities=tuple(token[0] for token in tokens) or None,
        runner_up_log_probabilities=_runners_up(tokens),
    )


def finish_reason_of(responses: Sequence[ChatResponse | CompletionResponse]) -> str | None:
    """Return why an answer ended, in its provider's word; None where none is told.

    Args:
        responses: The responses behind it, newest last.
    """
    found = (_finish_reason(each) for each in reversed(responses))
    return next((reason for reason in found if reason is not None), None)


def text_of(output: Any) -> str:
    """Return the words of an answer, or an object as JSON."""
    if isinstance(output, Parts):
        is_words = bool(output) and all(isinstance(each, str) for each in output)
        return "".join(output) if is_words else text_of(output[-1] if output else None)
    if isinstance(output, ChatResponse):
        # a structured LLM's answer is the object, and its message says it too
        return output.message.content or ""
    if isinstance(output, CompletionResponse):
        return output.text
    if output is None or isinstance(output, str):
        return output or ""
    if isinstance(output, BaseModel):
        return output.model_dump_json()
    if isinstance(output, list):
        return json.dumps([text_of(each) for each in output], ensure_ascii=False)
    return str(getattr(output, "response", output))


def tool_calls_are_valid(output: Any, llm: LLM, call: LLMCall) -> bool | None:
    """Tell whether an answer's tool calls fit the tools' schemas; None where it calls none.

    Args:
        output: What the call returned.
        llm: Who wrote it, and so can read its calls.
        call: The call, with the tools.
    """
    answer = output[-1] if isinstance(output, Parts) and output else output
    if not isinstance(answer, ChatResponse) or not (call.toolset or _has_calls(answer)):
        return None
    if not isinstance(llm, FunctionCallingLLM):
        return None
    try:
        found = llm.get_tool_calls_from_response(answer, error_on_no_tool_call=False)
    except ValueError:  # arguments that cannot be parsed
        return False
    if not found:
        return None
    calls = [ToolCall(each.tool_name, each.tool_kwargs) for each in found]
    return valid_tool_calls(calls, _schemas(call))


def _schemas(call: LLMCall) -> dict[str, Mapping[str, Any]] | None:
    if not call.toolset:
        return None
    return {tool.metadata.get_name(): tool.metadata.get_parameters_dict() for tool in call.toolset}


def _has_calls(answer: ChatResponse) -> bool:
    message = answer.message
    return bool(message.additional_kwargs.get("tool_calls")) or any(
        isinstance(block, ToolCallBlock) for block in message.blocks
    )


def _finish_reason(response: ChatResponse | CompletionResponse) -> str | None:
    for holder in _holders(response):
        if _get(holder, "refusal"):
            return "refusal"
        for name in _FINISHED:
            reason = _get(holder, name)
            if isinstance(reason, str) and reason:
                return reason
    return "incomplete" if _get(response.raw, "status") == "incomplete" else None


def _holders(response: ChatResponse | CompletionResponse) -> Iterator[Any]:
    """Yield what may say how an answer ended: as its provider sent it, or as LlamaIndex keeps it."""
    raw = response.raw
    for choice in [*(_get(raw, "choices") or ()), *(_get(raw, "candidates") or ())][:1]:
        yield _get(choice, "message")
        yield choice
    yield raw
    yield response.additional_kwargs
    if isinstance(response, ChatResponse):
        yield response.message.additional_kwargs


def _tokens(responses: Sequence[ChatResponse | CompletionResponse]) -> Iterator[list[float]]:
    """Yield each token's log-probabilities, the likeliest first: LlamaIndex keeps no other order."""
    for response in responses:
        for choices in response.logprobs or ():
            if choices:
                yield [min(0.0, each.logprob) for each in choices]


def _runners_up(tokens: Sequence[Sequence[float]]) -> tuple[float, ...] | None:
    """Return each place's likeliest other token's; None unless every place has one."""
    if not tokens or any(len(token) < 2 for token in tokens):
        return None
    return tuple(token[1] for token in tokens)


def _get(holder: Any, name: str) -> Any:
    return holder.get(name) if isinstance(holder, Mapping) else getattr(holder, name, None)
