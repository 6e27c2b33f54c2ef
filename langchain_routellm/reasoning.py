"""Signed and encrypted reasoning, which no other model than its writer's may be sent.

Providers sign or encrypt what a model thought and refuse it from the hands of another model: Anthropic's
`thinking` and `redacted_thinking`, OpenAI's `reasoning` with an id or `encrypted_content`, Bedrock's
`reasoning_content` and `reasoningContent`, Gemini's thought signatures, and what OpenRouter and LiteLLM make
of them. It is taken out of a copy of the conversation; text and tool calls stay. What nobody signed stays
too.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, get_args

from langchain_core.messages import AIMessage, BaseMessage

from langchain_routellm.children import chat_models_in, name_of
from langchain_routellm.memory import decided_model
from shared_router import InvalidInputError

SignedReasoning = Literal["strip", "keep_model", "send"]
"""What happens to it where the other model is chosen: taken out, not chosen at all, or sent all the same."""

_BLOCKS = ("thinking", "redacted_thinking", "reasoning", "reasoning_content", "compaction")
_UNTYPED = "reasoningContent"
_SEALS = ("signature", "thought_signature", "encrypted_content", "data", "redacted_content")
_ARGUMENTS = ("reasoning", "reasoning_details", "thinking_blocks", "thinking")
_GEMINI = "__gemini_function_call_thought_signatures__"
_OPENAI_IDS = "__openai_function_call_ids__"
_OPENAI_ID = re.compile("(msg|fc|rs)_")


def check_signed_reasoning(rule: object) -> None:
    """Check what happens to reasoning that another model signed.

    Raises:
        InvalidInputError: If it is no such rule.
    """
    if not isinstance(rule, str) or rule not in get_args(SignedReasoning):
        raise InvalidInputError(
            f"signed_reasoning must be one of {list(get_args(SignedReasoning))}, got a "
            f"{type(rule).__name__} that is none of them"
        )


def holds_signed_reasoning(messages: Iterable[BaseMessage]) -> bool:
    """Tell whether a conversation holds any."""
    return any(_without(message) is not message for message in messages)


def without_others_reasoning(
    messages: Sequence[BaseMessage], chosen: str, children: Mapping[str, Any]
) -> list[BaseMessage] | None:
    """Return the conversation without the signed reasoning of other models than the chosen one.

    Args:
        messages: The conversation, oldest first.
        chosen: The chosen child's name.
        children: All children by name.

    Returns:
        The messages, copies where something was taken out of one; None where nothing was.
    """
    sent = []
    changed = False
    for message in messages:
        stripped = _without(message)
        if stripped is message or not _is_anothers(message, chosen, children):
            sent.append(message)
            continue
        changed = True
        if stripped.content or getattr(stripped, "tool_calls", None):  # else it held nothing but reasoning
            sent.append(stripped)
    return sent if changed else None


def _is_anothers(message: BaseMessage, chosen: str, children: Mapping[str, Any]) -> bool:
    """Tell whether another child wrote a message; what nobody knows the writer of is left as it is."""
    said = message.response_metadata.get("model_name") or message.response_metadata.get("model")
    if isinstance(said, str) and _is_name_of(said, children[chosen]):
        return False
    decided = decided_model(message)
    if decided is not None:
        return decided != chosen
    others = (child for name, child in children.items() if name != chosen)
    return isinstance(said, str) and any(_is_name_of(said, child) for child in others)


def _is_name_of(said: str, child: Any) -> bool:
    # providers add a date to the name that they were asked for
    names = [name_of(child), *(name_of(model) for model in chat_models_in(child))]
    return any(re.fullmatch(re.escape(name) + r"(-[\d-]+)?", said) for name in names)


def _without(message: BaseMessage) -> BaseMessage:
    """Return the message itself where it holds no signed reasoning, else a copy without it."""
    if not isinstance(message, AIMessage) or not (
        isinstance(message.content, list) or message.additional_kwargs
    ):
        return message
    blocks = message.content if isinstance(message.content, list) else []
    content = [_unsigned(block) for block in blocks if not _is_sealed(block)]
    kwargs = {
        key: value
        for key, value in message.additional_kwargs.items()
        if key not in (_GEMINI, *_SEALS[:2]) and not (key in _ARGUMENTS and _is_its_writers(value))
    }
    if content == blocks and len(kwargs) == len(message.additional_kwargs):
        return message
    # OpenAI's items name the reasoning that they followed by their ids, and are refused without it
    kwargs.pop(_OPENAI_IDS, None)
    update: dict[str, Any] = {"additional_kwargs": kwargs}
    if isinstance(message.content, list):
        update["content"] = [_without_id(block) for block in content]
    if message.id is not None and _OPENAI_ID.match(message.id):
        update["id"] = None
    return message.model_copy(update=update)


def _is_sealed(block: Any) -> bool:
    if not isinstance(block, Mapping):
        return False
    kind = block.get("type")
    if kind == "non_standard":
        return _is_sealed(block.get("value"))
    if kind is None:
        return _seals_in(block.get(_UNTYPED))
    return kind in _BLOCKS and _is_its_writers(block)


def _is_its_writers(reasoning: Any) -> bool:
    # OpenAI keeps what the id of an item stands for, and finds it for its writer alone
    kept = isinstance(reasoning, Mapping) and str(reasoning.get("id", "")).startswith("rs_")
    return kept or _seals_in(reasoning)


def _seals_in(value: Any) -> bool:
    if isinstance(value, Mapping):
        return any(value.get(seal) for seal in _SEALS) or any(_seals_in(each) for each in value.values())
    return isinstance(value, list) and any(_seals_in(each) for each in value)


def _unsigned(block: Any) -> Any:
    """Return words and tool calls without Gemini's signature on them."""
    if not isinstance(block, Mapping) or not isinstance(block.get("extras"), Mapping):
        return block
    extras = {key: value for key, value in block["extras"].items() if key not in _SEALS[:2]}
    if len(extras) == len(block["extras"]):
        return block
    bare = {key: value for key, value in block.items() if key != "extras"}
    return {**bare, "extras": extras} if extras else bare


def _without_id(block: Any) -> Any:
    if isinstance(block, Mapping) and isinstance(block.get("id"), str) and _OPENAI_ID.match(block["id"]):
        return {key: value for key, value in block.items() if key != "id"}
    return block
