"""What the models can do: together, for the framework, and one by one, for a request."""

from __future__ import annotations

import warnings
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Literal, cast

from llama_index.core.base.llms.types import ChatMessage, LLMMetadata, MessageRole, ToolCallBlock
from llama_index.core.constants import DEFAULT_NUM_OUTPUTS
from llama_index.core.llms import LLM
from llama_index.core.llms.function_calling import FunctionCallingLLM
from llama_index.core.schema import BaseNode, NodeWithScore
from llama_index.core.types import PydanticProgramMode
from llama_index.core.utils import get_tokenizer

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.content import CONTENTS, contents_of
from llamaindex_routellm.spans import text_of
from shared_router import CapabilityError, InvalidInputError, UnknownNameError, UnlikeModelsWarning

ContextWindow = Literal["min", "strong"] | int


def check_capabilities(capabilities: Mapping[str, Collection[str]] | None, models: Sequence[str]) -> None:
    """Check what the models are said to read.

    Raises:
        InvalidInputError: If it is no collection of known kinds by model.
        UnknownNameError: If there is no such model.
    """
    if capabilities is None:
        return
    known = list(CONTENTS.values())
    if not isinstance(capabilities, Mapping):
        raise InvalidInputError(f"capabilities must be by model, got {type(capabilities).__name__}")
    for name, kinds in capabilities.items():
        if name not in models:
            raise UnknownNameError(f"capabilities must be of models among {list(models)}, got {name!r}")
        if isinstance(kinds, str) or not isinstance(kinds, Collection) or not set(kinds) <= set(known):
            raise InvalidInputError(f"the capabilities of {name} must be some of {known}, got {kinds!r}")


def check_context_window(context_window: ContextWindow) -> None:
    """Check the choice of a window.

    Raises:
        InvalidInputError: If it is none.
    """
    if context_window in ("min", "strong") or (type(context_window) is int and context_window > 0):
        return
    raise InvalidInputError(f'context_window must be "min", "strong" or tokens > 0, got {context_window!r}')


def merged_metadata(models: Mapping[str, LLM], context_window: ContextWindow) -> LLMMetadata:
    """Say what the models can do as one, so that what LlamaIndex packs for it fits any.

    Args:
        models: The models by name, best first.
        context_window: `"min"` for the smallest window, `"strong"` for the best model's, or tokens.

    Returns:
        Chat only if all chat; function calling if one of them can, since tool calls are sent to it.
    """
    each = {name: llm.metadata for name, llm in models.items()}
    of_strong = next(iter(each.values()))
    if context_window == "min":
        window = min(of.context_window for of in each.values())
        # what is reserved for the answer leaves the prompt the smallest of the models' rooms
        output = window - min(of.context_window - _num_output(of) for of in each.values())
    else:
        window = of_strong.context_window if context_window == "strong" else context_window
        output = _num_output(of_strong)
    return LLMMetadata(
        context_window=window,
        num_output=output,
        is_chat_model=all(of.is_chat_model for of in each.values()),
        is_function_calling_model=any(of.is_function_calling_model for of in each.values()),
        model_name=_common_name([of.model_name for of in each.values()]),
        system_role=of_strong.system_role,
    )


def _common_name(names: Sequence[str]) -> str:
    """Return what models are called together: their name where it is one."""
    return names[0] if len(set(names)) == 1 else f"routed({'|'.join(names)})"


def warn_of_unlike_roles() -> None:
    """Warn that LlamaIndex writes system text in one role, and the models would have it in two."""
    warnings.warn(
        "strong and weak should have one system role, and theirs differ: all get the strong model's; "
        "use two models of one provider's generation",
        UnlikeModelsWarning,
        stacklevel=3,
    )


def function_calling(llm: LLM) -> FunctionCallingLLM:
    """Return the model as one that calls functions: by its metadata, as LlamaIndex asks, or by its class.

    Raises:
        CapabilityError: If it says that it cannot and has no methods to.
    """
    if not isinstance(llm, FunctionCallingLLM) and not llm.metadata.is_function_calling_model:
        raise CapabilityError(
            f"tools need a FunctionCallingLLM, and {type(llm).__name__} is none; "
            "make strong or weak a model that calls functions"
        )
    return cast("FunctionCallingLLM", llm)


def candidate_models(
    models: Mapping[str, LLM], call: LLMCall, capabilities: Mapping[str, Collection[str]]
) -> tuple[tuple[str, ...] | None, str]:
    """Return the models that can serve a call and what the others lack, as `RoutingRequest.needs` has it.

    Args:
        models: The models by name.
        call: The call.
        capabilities: What a model reads beside text, by its name; all, where it is not named.

    Returns:
        None and "" where any model will do, or where none is better than another: a call that no model
        can serve is answered by its provider, whose error says more than ours.
    """
    metadata = {name: llm.metadata for name, llm in models.items() if name not in call.refused_by}
    candidates, needs = dict.fromkeys(metadata), ["tools"] if call.refused_by else []
    if _needs_tools(call):
        callers = [name for name in metadata if metadata[name].is_function_calling_model]
        if 0 < len(callers) < len(metadata):
            candidates, needs = dict.fromkeys(callers), ["tools"]
    if call.structured:
        writers = [name for name in candidates if _writes_objects(models[name], metadata[name])]
        if 0 < len(writers) < len(candidates):
            candidates, needs = dict.fromkeys(writers), [*needs, "structured_output"]
    for need in contents_of(call) if capabilities else ():
        readers = [name for name in candidates if name not in capabilities or need in capabilities[name]]
        if 0 < len(readers) < len(candidates):
            candidates, needs = dict.fromkeys(readers), [*needs, need]
    budgets = {name: _prompt_budget(metadata[name]) for name in candidates}
    # counting tokens takes longer than routing, so not where it cannot tell the models apart
    tokens = _tokens(call, min(budgets.values())) if len(set(budgets.values())) > 1 else 0
    fitting = [name for name in candidates if tokens <= budgets[name]]
    if 0 < len(fitting) < len(candidates):
        candidates, needs = dict.fromkeys(fitting), [*needs, "window"]
    return (tuple(candidates), ", ".join(needs)) if needs else (None, "")


def _needs_tools(call: LLMCall) -> bool:
    return call.tools or any(_is_tool_message(message) for message in call.messages)


def _writes_objects(llm: LLM, metadata: LLMMetadata) -> bool:
    """Tell whether a model can answer with objects in the way that it is set to."""
    only_by_calls = llm.pydantic_program_mode == PydanticProgramMode.FUNCTION
    return metadata.is_function_calling_model or not only_by_calls


def _is_tool_message(message: ChatMessage) -> bool:
    """Tell whether a message is a tool's result or calls one: only a model that knows tools reads it."""
    return (
        message.role in (MessageRole.TOOL, MessageRole.FUNCTION)
        or "tool_calls" in message.additional_kwargs
        or any(isinstance(block, ToolCallBlock) for block in message.blocks)
    )


def _num_output(metadata: LLMMetadata) -> int:
    # -1 is LlamaIndex's "no limit known"; its prompt helper then reserves the default
    return DEFAULT_NUM_OUTPUTS if metadata.num_output < 0 else metadata.num_output


def _prompt_budget(metadata: LLMMetadata) -> int:
    """Count the prompt tokens that leave room for a short answer; a long one is the user's to ask for."""
    return metadata.context_window - min(_num_output(metadata), DEFAULT_NUM_OUTPUTS)


def _tokens(call: LLMCall, enough: int) -> int:
    """Count a call's prompt tokens, or return 0 where they are surely no more than `enough`.

    LlamaIndex's own tokenizer counts, as it does for what it packs; a child's may differ by some percent.
    """
    texts = list(_texts(call))
    if sum(map(_max_tokens, texts)) <= enough:
        return 0
    tokenizer = get_tokenizer()
    return sum(len(tokenizer(text)) for text in texts)


def _max_tokens(text: str) -> float:
    """Bound a text's tokens without counting: base64, the worst of ASCII, has 1.67 characters to a token."""
    return len(text) / 1.5 if text.isascii() else 3 * len(text)


def _texts(call: LLMCall) -> Iterator[str]:
    if call.text is not None:
        yield call.text
    if call.template is not None:
        yield call.template.get_template()
        for value in {**call.template.kwargs, **call.variables}.values():
            yield from _texts_of(value)
    for message in call.messages:
        yield message.content or ""


def _texts_of(value: object) -> Iterator[str]:
    """Yield the texts of what fills a template: a question, a text, or documents in a list."""
    if isinstance(value, list | tuple):
        for each in value:
            yield from _texts_of(each)
    elif isinstance(value, BaseNode | NodeWithScore):
        yield value.get_content()
    else:
        yield text_of(value) or ""
