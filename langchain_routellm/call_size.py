"""How large a call is, for budgets: all that is sent, and how long its answer may be."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables.base import RunnableBindingBase
from pydantic import BaseModel

from langchain_routellm.children import chat_models_in
from langchain_routellm.content import is_image
from shared_router import CallSize

if TYPE_CHECKING:
    from langchain_routellm.calls import Call

_MOST = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_tokens_to_sample", "num_predict")
_ANSWERS = ("n", "candidate_count")
_TOOLS = ("tools", "functions", "response_format")


def call_size(call: Call) -> CallSize:
    """Return how large a call is, tools and all.

    Args:
        call: The call, before it is decided.
    """
    texts: list[str] = []
    images = 0
    for message in call.messages:
        texts += _words_around(message)
        for part in _parts(message.content):
            if isinstance(part, Mapping) and is_image(part):
                images += 1
            else:
                texts.append(part if isinstance(part, str) else _as_text(part))
    bound = [model.kwargs for model in call.models.values() if isinstance(model, RunnableBindingBase)]
    arguments = [call.kwargs, *bound]
    tools = [each[name] for each in arguments for name in _TOOLS if each.get(name)]
    given = None if call.binding is None else call.binding.given
    texts += [_as_text(each) for each in tools]
    if given is not None and not tools:
        texts.append(_as_text(given))
    most = [each[name] for each in arguments for name in _MOST if isinstance(each.get(name), int)]
    answers = [each[name] for each in arguments for name in _ANSWERS if isinstance(each.get(name), int)]
    return CallSize(
        tuple(texts),
        max_output_tokens=max(most) if most else None,
        answers=max(answers, default=1),
        images=images,
        has_tools=bool(tools or given),
    )


def longest_answers(children: Mapping[str, Any]) -> dict[str, int | None]:
    """Return how many tokens each child's answers have at most by its own settings, or None."""
    return {name: _longest(child) for name, child in children.items()}


def _longest(child: Any) -> int | None:
    bound = child.kwargs if isinstance(child, RunnableBindingBase) else {}
    limits = [_limit(bound) or _limit(model.__dict__) for model in chat_models_in(child)]
    known = [limit for limit in limits if limit is not None]
    # whichever of its fallbacks answers
    return max(known) if known and len(known) == len(limits) else None


def _limit(settings: Mapping[str, Any]) -> int | None:
    found = (settings.get(name) for name in _MOST)
    numbers = (each for each in found if isinstance(each, int) and not isinstance(each, bool))
    return next((number for number in numbers if number > 0), None)


def _parts(content: Any) -> Iterator[Any]:
    """Yield a message's parts, those inside a tool's result too."""
    if isinstance(content, str):
        yield content
        return
    for block in content:
        inside = block.get("content") if isinstance(block, Mapping) else None
        if isinstance(inside, list):
            yield from _parts(inside)
        elif isinstance(block, Mapping) and isinstance(block.get("value"), Mapping):
            yield from _parts([block["value"]])
        else:
            yield block


def _words_around(message: BaseMessage) -> Iterator[str]:
    if message.name:
        yield message.name
    if isinstance(message, AIMessage):
        yield from (_as_text(call) for call in (*message.tool_calls, *message.invalid_tool_calls))
    if message.additional_kwargs:
        yield _as_text(message.additional_kwargs)


def _as_text(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, type) and issubclass(value, BaseModel):
        value = value.model_json_schema()
    if isinstance(value, list):
        return "".join(map(_as_text, value))
    schema = getattr(value, "tool_call_schema", None)  # a tool of LangChain's
    if schema is not None and not isinstance(value, Mapping):
        about = f"{getattr(value, 'name', '')} {getattr(value, 'description', '')}"
        return about + _as_text(schema)
    return json.dumps(value, ensure_ascii=False, default=str)
