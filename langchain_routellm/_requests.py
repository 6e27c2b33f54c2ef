"""A LangChain request as the policy sees it: its question, its run-time settings, its history."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from langchain_core.messages import AIMessage, BaseMessage
from langchain_core.runnables import ConfigurableFieldSpec

from shared_router import (
    InvalidInputError,
    Message,
    RoutingRequest,
    Sticky,
    TokenPrices,
    UnknownNameError,
    check_sticky,
    query_of,
)

RouteOn = Literal["last_human"] | Callable[[Any], str | None]
Prices = Mapping[str, TokenPrices]

THRESHOLD_KEY = "routellm_threshold"
ROUTE_KEY = "routellm_route"
_ROLES: Mapping[str, Literal["system", "user", "assistant", "tool"]] = {
    "human": "user",
    "HumanMessageChunk": "user",
    "system": "system",
    "tool": "tool",
    "function": "tool",
}


def check_routing(route_on: object, sticky: object) -> None:
    """Check how questions are found and conversations kept.

    Raises:
        InvalidInputError: If one of them is no such rule.
    """
    if route_on != "last_human" and not callable(route_on):
        raise InvalidInputError(
            f'route_on must be "last_human" or a function from messages to text, got {route_on!r}'
        )
    check_sticky(sticky)


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
    messages: Sequence[BaseMessage],
    configurable: Mapping[str, Any],
    sticky: Sticky,
    *,
    able: tuple[str, ...] | None = None,
    needs: str = "",
) -> RoutingRequest:
    """Return what the policy must know of a conversation.

    Args:
        question: The text to route on, or None where there is none.
        messages: The conversation, oldest first.
        configurable: The run's `config["configurable"]`.
        sticky: Whether the conversation keeps its model.
        able: As in `RoutingRequest`.
        needs: As in `RoutingRequest`.

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
        sticky_to=_model_to_stick_to(messages, sticky),
        able=able,
        needs=needs,
    )


def question_of(given: Any, route_on: RouteOn) -> str | None:
    """Return the text to route on, or None where there is none.

    Args:
        given: The conversation, oldest first, or what else `route_on` takes.
        route_on: `"last_human"`, or a function of the user's own.

    Raises:
        QueryError: If there is no message.
        InvalidInputError: If `route_on` returns something other than text or None.
    """
    if route_on == "last_human":
        return query_of([_turn(message) for message in given])
    question = route_on(given)
    if question is not None and not isinstance(question, str):
        raise InvalidInputError(f"route_on must return a string or None, got {type(question).__name__}")
    return question


def _model_to_stick_to(messages: Sequence[BaseMessage], sticky: Sticky) -> str | None:
    """Return the model that began what the conversation goes on with.

    Within a tool loop, that is the model that asked for the tool: its reasoning and its call belong to
    one turn, which another provider's model cannot continue.

    Args:
        messages: The conversation, oldest first.
        sticky: How far back to look: to the user's last own message, to the beginning, or not at all.
    """
    if sticky is False:
        return None
    for message in reversed(messages):
        if isinstance(message, AIMessage):
            model = message.response_metadata.get("routellm", {}).get("model")
            if model is not None:
                return str(model)
        elif sticky == "tool_loop" and message.type == "human" and not _is_synthetic(message):
            return None
    return None


def _turn(message: BaseMessage) -> Message:
    role = _ROLES.get(message.type, "assistant")
    # only a user's words are ever routed on, so only they are worth reading
    text = str(message.text) if role == "user" else ""
    return Message(role, text, synthetic=_is_synthetic(message))


def _is_synthetic(message: BaseMessage) -> bool:
    # SummarizationMiddleware puts its summary into the conversation in the user's name
    return message.additional_kwargs.get("lc_source") == "summarization"
