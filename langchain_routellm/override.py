"""What one call says of itself in `config["configurable"]`: its own threshold, or the model it must go to."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from langchain_core.runnables import ConfigurableFieldSpec

from shared_router import Message, RoutingRequest, UnknownNameError

THRESHOLD_KEY = "routellm_threshold"
ROUTE_KEY = "routellm_route"


def runtime_specs() -> list[ConfigurableFieldSpec]:
    """Describe the two `config["configurable"]` keys that steer one call."""
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
    ]


def request_of(
    question: str | None,
    sticky_to: str | None,
    configurable: Mapping[str, Any],
    *,
    candidates: tuple[str, ...] | None = None,
    needs: str = "",
    messages: Callable[[], Sequence[Message]] | None = None,
) -> RoutingRequest:
    """Return what the policy must know of a conversation.

    Args:
        question: The text to route on, or None where there is none.
        sticky_to: The model that the conversation goes on with, or None.
        configurable: The run's `config["configurable"]`.
        candidates: As in `RoutingRequest`.
        needs: As in `RoutingRequest`.
        messages: As in `RoutingRequest`.

    Raises:
        UnknownNameError: If `configurable` holds a key that is like ours and is none of ours.
    """
    for key in configurable:
        # `configurable` belongs to many owners, so nobody else would notice a mistyped key
        if key.startswith("routellm_") and key not in (THRESHOLD_KEY, ROUTE_KEY):
            raise UnknownNameError(f"a routellm key must be one of {[THRESHOLD_KEY, ROUTE_KEY]}, got {key!r}")
    return RoutingRequest(
        question,
        threshold=configurable.get(THRESHOLD_KEY),
        route=configurable.get(ROUTE_KEY),
        sticky_to=sticky_to,
        candidates=candidates,
        needs=needs,
        messages=messages,
    )
