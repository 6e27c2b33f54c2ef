"""Who really answered: a child that holds LLMs of its own may have let another one answer.

LlamaIndex has no fallbacks of its own, so those of programs are LLMs over LLMs, and gateways that name the
model that answered. Which it was, the LLM whose call ended says, or the answer as its provider sent it. A
provider's name that belongs to no model here is one that a deployment goes by, and tells nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.llms import LLM
from llama_index.core.llms.structured_llm import StructuredLLM


def answering_model(
    response: ChatResponse | CompletionResponse, llm: object, chosen: str, models: Mapping[str, LLM]
) -> str:
    """Return the name of the model that answered.

    Args:
        response: The answer.
        llm: The LLM whose call ended with it, where that is known.
        chosen: The name of the model that was chosen.
        models: All models by name.

    Returns:
        The chosen one's name, another's, or what a fallback inside the chosen one calls itself.
    """
    child, said = models[chosen], _said_name(response)
    if (llm is None or llm is child) and (said is None or _is_name_of(said, child)):
        return chosen
    inside = list(llms_in(child))
    if llm is not None and llm is not child:
        for name, model in models.items():
            if model is llm:
                return name
        if any(llm is fallback for fallback in inside[1:]):
            return name_of(llm) or chosen
    if said is None or any(_is_name_of(said, model) for model in (child, *inside[:1])):
        return chosen
    others = [name for name, model in models.items() if _is_name_of(said, model)]
    fallbacks = [name_of(model) for model in inside[1:] if _is_name_of(said, model)]
    return next(iter([*others, *fallbacks]), chosen)


def llms_in(llm: LLM) -> Iterator[LLM]:
    """Yield the LLMs that an LLM holds in its fields, one by one, in lists or by name."""
    for value in [*vars(llm).values(), *(llm.__pydantic_private__ or {}).values()]:
        held = list(value.values()) if isinstance(value, Mapping) else value
        for each in held if isinstance(held, list | tuple) else [held]:
            if isinstance(each, LLM):
                yield each


def fallbacks_of(models: Mapping[str, LLM]) -> list[str]:
    """Return the names of the LLMs that may answer in the place of models."""
    inside = [each for model in models.values() for each in list(llms_in(model))[1:]]
    return [name for name in map(name_of, inside) if name]


def name_of(llm: object) -> str:
    """Return what an LLM calls its model; "" where it has no name for it."""
    name = getattr(llm, "model", None) or getattr(llm, "model_name", None)
    return name if isinstance(name, str) else ""


def _said_name(response: ChatResponse | CompletionResponse) -> str | None:
    raw: Any = response.raw
    name = raw.get("model") if isinstance(raw, Mapping) else getattr(raw, "model", None)
    return name if isinstance(name, str) and name else None


def _is_name_of(said: str, llm: LLM) -> bool:
    # providers add a date to the name that they were asked for, gateways put their own before it
    inner = llm.llm if isinstance(llm, StructuredLLM) else llm
    name = name_of(inner)
    if said == name or not name:
        return said == name
    return re.fullmatch(rf"(.*/)?{re.escape(name)}(-[\d-]+)?", said) is not None
