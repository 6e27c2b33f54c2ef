"""How large a call is, for budgets: all that is sent, and how long its answer may be."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from langchain_core.language_models import BaseChatModel
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
_HANDED_ON = ("extra_body", "model_kwargs", "options", "generation_config")
"""Where arguments, and models' settings, keep what is sent to a provider as it is."""

_TOOLS = ("tools", "functions", "response_format")


def call_size(call: Call) -> CallSize:
    """Return how large a call is, tools and all.

    Args:
        call: The call, before it is decided.
    """
    given = None if call.binding is None else call.binding.given
    return size_of(call.messages, call.kwargs, models=call.models, given=given)


def size_of(
    messages: Sequence[BaseMessage], kwargs: Mapping[str, Any], *, models: Mapping[str, Any], given: Any
) -> CallSize:
    """Return how large a call is that is made of these.

    Args:
        messages: All that is sent, oldest first.
        kwargs: What the model is called with.
        models: The models by name, with what is bound to them.
        given: The tools or the schema that the caller bound; None for none.
    """
    texts, images = _said(messages)
    own_answers = max(map(_own_answers, models.values()))
    bound = [model.kwargs for model in models.values() if isinstance(model, RunnableBindingBase)]
    if not (kwargs or bound or given):
        return CallSize(tuple(texts), answers=own_answers, images=images)
    asked, answers = _most_in(kwargs), _answers_in(kwargs)
    arguments = [each for each in (kwargs, *bound) if each]
    tools = [each[name] for each in arguments for name in _TOOLS if each.get(name)]
    texts += [_as_text(each) for each in tools]
    if given is not None and not tools:
        texts.append(_as_text(given))
    if asked is None and bound:
        limits = [_most_in(each) for each in bound]
        known = [limit for limit in limits if limit is not None]
        # one that is bound to some of the models bounds no answer of the others
        asked = max(known) if len(known) == len(models) else None
    return CallSize(
        tuple(texts),
        max_output_tokens=asked,
        answers=max([answers, own_answers, *map(_answers_in, bound)]),
        images=images,
        has_tools=bool(tools or given),
    )


def longest_answers(children: Mapping[str, Any]) -> dict[str, int | None]:
    """Return how many tokens each child's answers have at most by its own settings, or None."""
    return {name: _longest(child) for name, child in children.items()}


def _longest(child: Any) -> int | None:
    bound = child.kwargs if isinstance(child, RunnableBindingBase) else {}
    limits = [_most_in(bound) or _most_in(model.__dict__) for model in chat_models_in(child)]
    known = [limit for limit in limits if limit is not None]
    # whichever of its fallbacks answers
    return max(known) if known and len(known) == len(limits) else None


def _own_answers(child: Any) -> int:
    """Return how many answers a child asks for by its own settings, such as `ChatOpenAI(n=2)`."""
    if isinstance(child, BaseChatModel):
        return child.__dict__.get("n") or 1
    models = chat_models_in(child)
    return max([model.__dict__.get("n") or 1 for model in models], default=1)


def _most_in(arguments: Mapping[str, Any]) -> int | None:
    """Return how many tokens arguments let an answer have; None where they do not say.

    A limit of none or less is a provider's word for no limit.
    """
    return max((each for each in _numbers(arguments, _MOST) if each > 0), default=None)


def _answers_in(arguments: Mapping[str, Any]) -> int:
    """Return how many answers arguments ask for."""
    return max(_numbers(arguments, _ANSWERS), default=1)


def _numbers(arguments: Mapping[str, Any], names: tuple[str, ...]) -> list[int]:
    """Return what numbers arguments have under these names, also in what they hand on as it is."""
    if not arguments:
        return []
    inside = (arguments.get(name) for name in _HANDED_ON)
    given = [arguments, *(each for each in inside if isinstance(each, Mapping))]
    found = (each.get(name) for each in given for name in names)
    numbers = (each for each in found if isinstance(each, int | float) and not isinstance(each, bool))
    return [math.ceil(number) for number in numbers if math.isfinite(number)]


def _said(messages: Sequence[BaseMessage]) -> tuple[list[str], int]:
    """Return all texts of a conversation, and how many images are in it."""
    texts: list[str] = []
    images = 0
    for message in messages:
        if isinstance(message, AIMessage) or message.additional_kwargs or message.name:
            texts += _words_around(message)
        if isinstance(message.content, str):
            texts.append(message.content)
            continue
        for part in _parts(message.content):
            if isinstance(part, Mapping) and is_image(part):
                images += 1
            else:
                texts.append(part if isinstance(part, str) else _as_text(part))
    return texts, images


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
