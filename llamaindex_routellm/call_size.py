"""How large a call is, for what a budget holds until it is known what the call cost."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from llama_index.core.base.llms.types import (
    ChatMessage,
    ImageBlock,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.llms import LLM

from llamaindex_routellm.calls import LLMCall
from shared_router import CallSize

_LIMITS = ("max_tokens", "max_completion_tokens", "max_output_tokens", "max_new_tokens", "num_predict")
"""What providers call the length that an answer may have."""

_OPTIONS = ("additional_kwargs", "generate_kwargs", "model_kwargs", "options")
"""Where LlamaIndex's models keep what they give their providers beside their own fields."""

_HANDED_ON = (*_OPTIONS, "extra_body", "generation_config")
"""Where options keep what is sent to a provider as it is."""


def size_of(call: LLMCall, models: Mapping[str, LLM]) -> CallSize:
    """Return how large a call is, whichever model gets it.

    Args:
        call: The call; a template is filled in as the model will fill it.
        models: The models by name.
    """
    messages = list(call.messages)
    if call.template is not None:
        filled = call.template.format_messages(llm=next(iter(models.values())), **call.variables)
        messages += filled
    texts = [text for message in messages for text in _texts_of(message)]
    texts += [llm.system_prompt for llm in models.values() if llm.system_prompt]
    texts += [text for text in (call.text, *_schemas(call)) if text]
    asked = _limit(call.options)
    if asked is not None:  # some models send their own limit all the same
        asked = max(asked, *(max_output_tokens_of(llm) or 0 for llm in models.values()))
    return CallSize(
        texts=tuple(texts),
        max_output_tokens=asked,
        answers=_answers(call.options, models.values()),
        images=sum(_images(message.blocks) for message in messages),
        has_tools=bool(call.toolset) or call.structured,
    )


def max_output_tokens_of(llm: LLM) -> int | None:
    """Return how many tokens a model's answers have at most by its own settings; None where it has none."""
    own = _limit({name: getattr(llm, name, None) for name in _LIMITS})
    given = [_limit(options) for name in _OPTIONS if isinstance(options := getattr(llm, name, None), dict)]
    return max((each for each in [own, *given] if each is not None), default=None)


def _limit(options: Mapping[str, Any]) -> int | None:
    return max((each for each in _numbers(options, _LIMITS) if each > 0), default=None)


def _answers(options: Mapping[str, Any], models: Iterable[LLM]) -> int:
    """Return how many answers a call asks for, by its own options or a model's."""
    own = [getattr(llm, name, None) for llm in models for name in _OPTIONS]
    given = [options, *(each for each in own if isinstance(each, dict))]
    return max([1, *(number for each in given for number in _numbers(each, ("n", "candidate_count")))])


def _numbers(options: Mapping[str, Any], names: Sequence[str]) -> list[int]:
    """Return what numbers options have under these names, also in what they hand on as it is."""
    if not options:
        return []
    inside = (options.get(name) for name in _HANDED_ON)
    given = [options, *(each for each in inside if isinstance(each, Mapping))]
    found = (each.get(name) for each in given for name in names)
    numbers = (each for each in found if isinstance(each, int | float) and not isinstance(each, bool))
    return [math.ceil(number) for number in numbers if math.isfinite(number)]


def _texts_of(message: ChatMessage) -> Iterator[str]:
    """Yield what is sent of a message as text."""
    yield from _block_texts(message.blocks)
    if message.additional_kwargs:  # tool calls as their provider has them
        yield json.dumps(message.additional_kwargs, default=str)


def _block_texts(blocks: Sequence[Any]) -> Iterator[str]:
    for block in blocks:
        if isinstance(block, TextBlock):
            yield block.text
        elif isinstance(block, ThinkingBlock):
            yield block.content or ""
        elif isinstance(block, ToolCallBlock):
            yield f"{block.tool_name} {json.dumps(block.tool_kwargs, default=str)}"
        elif isinstance(inner := getattr(block, "content", None), list):
            yield from _block_texts(inner)
        elif not isinstance(block, ImageBlock) and isinstance(data := getattr(block, "data", None), bytes):
            yield data.decode("latin-1")  # base64, which is ASCII


def _images(blocks: Sequence[Any]) -> int:
    """Count images, and what is only named by its address: how long that is nobody knows."""
    count = 0
    for block in blocks:
        if isinstance(block, TextBlock):  # as most are, and to ask one for what it has not takes long
            continue
        inner = getattr(block, "content", None)
        if isinstance(inner, list):
            count += _images(inner)
        else:
            named = getattr(block, "url", None) or getattr(block, "path", None)
            count += isinstance(block, ImageBlock) or bool(named)
    return count


def _schemas(call: LLMCall) -> Iterator[str]:
    for tool in call.toolset:
        yield json.dumps(tool.metadata.to_openai_tool(skip_length_check=True), default=str)
    if call.output_cls is not None and hasattr(call.output_cls, "model_json_schema"):
        yield json.dumps(call.output_cls.model_json_schema(), default=str)
