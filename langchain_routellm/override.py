"""What one call says of itself in its config: its own threshold, the model it must go to, whose it is."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from langchain_core.runnables import ConfigurableFieldSpec, RunnableConfig

from shared_router import MAX_TENANT_CHARS, Message, RoutingRequest, UnknownNameError, current_conversation

THRESHOLD_KEY = "routellm_threshold"
ROUTE_KEY = "routellm_route"
TENANT_KEY = "routellm_tenant"
"""Whose call it is; in `config["metadata"]` it may be `tenant`, as programs have it for their traces."""

CONVERSATION_KEY = "routellm_conversation"
"""Which conversation it is part of; where nobody says, what LangGraph and chat histories call theirs."""

_KEYS = (THRESHOLD_KEY, ROUTE_KEY, TENANT_KEY, CONVERSATION_KEY)
_THEIR_KEYS = ("thread_id", "session_id")


def runtime_specs() -> list[ConfigurableFieldSpec]:
    """Describe the `config["configurable"]` keys that say something of one call."""
    return [
        ConfigurableFieldSpec(
            id=THRESHOLD_KEY,
            annotation=float | None,
            name="Threshold",
            description="This call's cost threshold, in [0, 1]: strong iff win_probability >= threshold.",
            default=None,
        ),
        ConfigurableFieldSpec(
            id=ROUTE_KEY,
            annotation=str | None,
            name="Route",
            description='The model this call must go to, "strong" or "weak", whatever the router says.',
            default=None,
        ),
        ConfigurableFieldSpec(
            id=TENANT_KEY,
            annotation=str | None,
            name="Tenant",
            description="Whose call this is, for a policy's DriftMonitor.",
            default=None,
        ),
        ConfigurableFieldSpec(
            id=CONVERSATION_KEY,
            annotation=str | None,
            name="Conversation",
            description="The conversation's name, for a SplitPolicy and logs; None takes `thread_id`.",
            default=None,
        ),
    ]


def conversation_of(config: RunnableConfig) -> str | None:
    """Return the name of the conversation that a call is part of, where somebody has said."""
    named = _conversation_of(config.get("configurable") or {})
    return current_conversation() if named is None else str(named)


def request_of(
    question: str | None,
    sticky_to: str | None,
    config: RunnableConfig,
    *,
    candidates: tuple[str, ...] | None = None,
    needs: str = "",
    messages: Callable[[], Sequence[Message]] | None = None,
) -> RoutingRequest:
    """Return what the policy must know of a conversation.

    Args:
        question: The text to route on, or None where there is none.
        sticky_to: The model that the conversation goes on with, or None.
        config: The run's config.
        candidates: As in `RoutingRequest`.
        needs: As in `RoutingRequest`.
        messages: As in `RoutingRequest`.

    Raises:
        UnknownNameError: If `configurable` holds a key that is like ours and is none of ours.
    """
    configurable = config.get("configurable") or {}
    for key in configurable:
        # `configurable` belongs to many owners, so nobody else would notice a mistyped key
        if key.startswith("routellm_") and key not in _KEYS:
            raise UnknownNameError(f"a routellm key must be one of {[*_KEYS]}, got {key!r}")
    return RoutingRequest(
        question,
        threshold=configurable.get(THRESHOLD_KEY),
        route=configurable.get(ROUTE_KEY),
        sticky_to=sticky_to,
        candidates=candidates,
        needs=needs,
        messages=messages,
        tenant=_tenant_of(configurable, config.get("metadata") or {}),
        conversation=_conversation_of(configurable) if configurable else None,
    )


def _tenant_of(configurable: Mapping[str, Any], metadata: Mapping[str, Any]) -> Any:
    """Return whose call it is, as given; what is no name in a trace's metadata is somebody else's key."""
    if configurable.get(TENANT_KEY) is not None:
        return configurable[TENANT_KEY]
    for key in (TENANT_KEY, "tenant"):
        if key in metadata and _is_name(metadata[key]):
            return metadata[key]
    return None


def _conversation_of(configurable: Mapping[str, Any]) -> Any:
    """Return which conversation a call is part of; `routellm_conversation` as given, others as they are."""
    if configurable.get(CONVERSATION_KEY) is not None:
        return configurable[CONVERSATION_KEY]
    for key in _THEIR_KEYS:
        if key not in configurable:
            continue
        named = configurable[key]
        named = str(named) if isinstance(named, UUID) else named
        if _is_name(named):
            return str(named)
    return None


def _is_name(value: object) -> bool:
    number = isinstance(value, int) and not isinstance(value, bool)
    return number or (isinstance(value, str) and 0 < len(value) <= MAX_TENANT_CHARS)
