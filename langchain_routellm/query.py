"""Which text is routed: the user's question in LangChain's messages.

Tools' outputs, system texts and what middleware writes in the user's name are never routed on.
"""

from collections.abc import Callable, Mapping
from typing import Any, Literal

from langchain_core.messages import BaseMessage

from shared_router import InvalidInputError, Message, check_sticky, query_of

RouteOn = Literal["last_human"] | Callable[[Any], str | None]
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


def is_synthetic(message: BaseMessage) -> bool:
    """Tell a message that a framework wrote in the user's name: SummarizationMiddleware's summary."""
    return message.additional_kwargs.get("lc_source") == "summarization"


def _turn(message: BaseMessage) -> Message:
    role = _ROLES.get(message.type, "assistant")
    # only a user's words are ever routed on, so only they are worth reading
    text = str(message.text) if role == "user" else ""
    return Message(role, text, synthetic=is_synthetic(message))
