"""Which children can serve a request at all, as far as they say so themselves.

A child lacks what it cannot be bound to, and what its `profile` denies: a kind of content, or a context
window that holds the conversation. What a profile leaves open is taken for possible.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from langchain_core.messages import BaseMessage
from langchain_core.messages.utils import count_tokens_approximately
from langchain_core.runnables import Runnable

from langchain_routellm.binding import Binding

_CONTENT = {
    "image": ("images", "image_inputs"),
    "image_url": ("images", "image_inputs"),
    "input_image": ("images", "image_inputs"),
    "audio": ("audio", "audio_inputs"),
    "input_audio": ("audio", "audio_inputs"),
    "video": ("video", "video_inputs"),
}
"""A content block's type, the need it makes, and the profile's flag that may deny it."""


def candidate_models(
    children: Mapping[str, Runnable[Any, Any]], messages: Sequence[BaseMessage], bound: Binding | None
) -> tuple[tuple[str, ...] | None, str]:
    """Return the names of the children that can serve these messages, and what the others lack.

    Args:
        children: The children by name.
        messages: The whole conversation: what an earlier turn showed is sent again.
        bound: What the caller bound, or None.

    Returns:
        The names, or None where all can; the needs in words, as `RoutingRequest.needs` has them.
    """
    profiles = {name: getattr(child, "profile", None) for name, child in children.items()}
    if bound is None and not any(profiles.values()):
        return None, ""
    lacking = {name: set(_lacks(profile or {}, messages)) for name, profile in profiles.items()}
    if all("window" in lacks for lacks in lacking.values()):
        # tokens are estimated, so the last word on a conversation too long for both is the provider's
        lacking = {name: lacks - {"window"} for name, lacks in lacking.items()}
    if bound is not None:
        for name in children.keys() - bound.models.keys():
            lacking[name].add(bound.need)
    needs = sorted(set().union(*lacking.values()))
    if not needs:
        return None, ""
    return tuple(name for name in children if not lacking[name]), ", ".join(needs)


def _lacks(profile: Mapping[str, Any], messages: Sequence[BaseMessage]) -> Iterator[str]:
    denied = {kind: need for kind, (need, flag) in _CONTENT.items() if profile.get(flag) is False}
    if denied:
        yield from (denied[kind] for kind in _block_types(messages) if kind in denied)
    if profile.get("tool_calling") is False and any(message.type == "tool" for message in messages):
        yield "tools"
    window = profile.get("max_input_tokens")
    # a token has at least a character, so that a short conversation is not worth counting
    if window and _characters(messages) > window and count_tokens_approximately(messages) > window:
        yield "window"


def _block_types(messages: Sequence[BaseMessage]) -> Iterator[str]:
    for message in messages:
        if isinstance(message.content, list):
            yield from (str(block.get("type")) for block in message.content if isinstance(block, dict))


def _characters(messages: Sequence[BaseMessage]) -> int:
    return sum(len(str(message.content)) for message in messages)
