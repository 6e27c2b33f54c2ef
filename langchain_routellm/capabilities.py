"""Which children can serve a request at all, as far as they say so themselves.

A child lacks what it cannot be bound to, and what its `profile` denies: a kind of content, or a context
window that holds the conversation. What a profile leaves open is taken for possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage, FunctionMessage, ToolMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import Runnable

from langchain_routellm.binding import Binding
from langchain_routellm.content import FLAGS, content_needs


def candidate_models(
    children: Mapping[str, Runnable[Any, Any]], messages: Sequence[BaseMessage], binding: Binding | None
) -> tuple[tuple[str, ...] | None, str]:
    """Return the names of the children that can serve these messages, and what the others lack.

    Args:
        children: The children by name.
        messages: The whole conversation: what an earlier turn showed is sent again.
        binding: What the caller bound, or None.

    Returns:
        The names, or None where all can; the needs in words, as `RoutingRequest.needs` has them.
    """
    profiles = {name: getattr(child, "profile", None) for name, child in children.items()}
    all_bound = binding is None or len(binding.models) == len(children)
    if all_bound and not any(profiles.values()):
        return None, ""
    needs_tools = binding is not None and binding.need == "tools"
    lacking = {name: set(_lacks(profile or {}, messages, needs_tools)) for name, profile in profiles.items()}
    for soft in ("window", "tools"):
        if all(soft in lacks for lacks in lacking.values()):
            # tokens are estimated, and a child binds tools that its profile denies: the last word on what
            # none can do is the provider's
            lacking = {name: lacks - {soft} for name, lacks in lacking.items()}
    if binding is not None:
        for name in children.keys() - binding.models.keys():
            lacking[name].add(binding.need)
    needs = sorted(set().union(*lacking.values()))
    if not needs:
        return None, ""
    return tuple(name for name in children if not lacking[name]), ", ".join(needs)


def _lacks(profile: Mapping[str, Any], messages: Sequence[BaseMessage], needs_tools: bool) -> Iterator[str]:
    denied = {need for need, flag in FLAGS.items() if profile.get(flag) is False}
    if denied:
        yield from denied & content_needs(messages)
    if profile.get("tool_calling") is False and (needs_tools or _has_tool_results(messages)):
        yield "tools"
    window = profile.get("max_input_tokens")
    # a token has at least a character, so that a short conversation is not worth counting
    if window and _characters(messages) > window and count_tokens_approximately(messages) > window:
        yield "window"


def _has_tool_results(messages: Sequence[BaseMessage]) -> bool:
    return any(isinstance(message, ToolMessage | FunctionMessage) for message in messages)


def _characters(messages: Sequence[BaseMessage]) -> int:
    return sum(len(str(message.content)) for message in messages)
