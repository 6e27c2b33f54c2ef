"""Which text is routed: decided here, once, for both adapters.

A router was trained on bare questions, so it must see the user's own question: never a system text,
never what a tool returned, never what a framework wrote in the user's name. RouteLLM scores the last
message whatever its role (`controller.py`); in an agent that is a tool's output, which an attacker may
write. An adapter turns its framework's messages into `Message`; finding a question inside a
framework's own templates is the adapter's business and is not done here.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared_router.errors import QueryError


@dataclass(frozen=True, slots=True)
class Message:
    """One turn of a conversation, as far as routing needs it.

    Attributes:
        role: Who speaks. Only `user` turns are ever routed on.
        text: The turn's text parts, joined; "" where it holds none (an image alone). Not in the repr.
        synthetic: True where a framework wrote a `user` turn itself, such as a summary or a tool's
            observation. Such a turn is never routed on.
    """

    role: Literal["system", "user", "assistant", "tool"]
    text: str = field(repr=False)
    synthetic: bool = False


def query_of(messages: Sequence[Message]) -> str | None:
    """Return the text that decides where a conversation goes: the last question its user wrote.

    Args:
        messages: The conversation, oldest first; at least one message.

    Returns:
        The text of the last `user` message that is not synthetic, or None where there is no such
        message or it has no text (an image alone). What happens then is the policy's `on_no_query`.

    Raises:
        QueryError: If `messages` is empty.
    """
    if not messages:
        raise QueryError("a request must hold at least one message, got 0; pass the conversation to answer")
    for message in reversed(messages):
        if message.role == "user" and not message.synthetic:
            return message.text if message.text.strip() else None
    return None
