"""Which text is routed: decided here, once, for both adapters.

A router was trained on bare questions, so it must see the user's own question: never a system text,
never what a tool returned, never what a framework wrote in the user's name. RouteLLM scores the last
message whatever its role (`controller.py`); in an agent that is a tool's output, which an attacker may
write. What coding agents and chat clients put around a user's words is taken out, and a turn that carries no
question of its own is read with the last one that does. An adapter turns its framework's messages into
`Message`; finding a question inside a framework's own templates is the adapter's business and is not done
here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Literal

from shared_router.errors import InvalidInputError, QueryError
from shared_router.follow_ups import is_follow_up
from shared_router.injected_text import without_injected_text
from shared_router.text import is_blank


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


def query_of(
    messages: Sequence[Message], *, follow_ups: bool = True, strip: Callable[[str], str] | None = None
) -> str | None:
    """Return the text that decides where a conversation goes: the last question its user wrote.

    Args:
        messages: The conversation, oldest first; it may be empty.
        follow_ups: Whether a turn that carries no question of its own, such as "why?" or "yes, do it" (see
            `shared_router.follow_ups`), is joined to the last one that does.
        strip: Takes the text of a user's turn and returns what the user wrote of it, "" where that is
            nothing; for what a program of your own puts around it. What well-known programs put there
            (`shared_router.injected_text`) is taken out before.

    Returns:
        The own words of the last `user` message that is not synthetic and holds any, after the question
        they follow up; or None where there is none, or that message has no text (an image alone). What
        happens then is the policy's `on_no_query`.

    Raises:
        QueryError: If `messages` is something other than messages.
        InvalidInputError: If `strip` returns something other than text.
    """
    follow_up: str | None = None
    for message in reversed(messages):
        if not isinstance(message, Message):
            raise QueryError(f"a conversation must be a sequence of Message, got {type(message).__name__}")
        if message.role != "user" or message.synthetic:
            continue
        words = _own_words(message.text, strip)
        if is_blank(words):
            # an image alone asks something; a turn of injected text alone is no turn of the user's
            if follow_up is None and is_blank(message.text):
                return None
        elif not (follow_ups and is_follow_up(words)):
            return words if follow_up is None else f"{words}\n{follow_up}"
        elif follow_up is None:
            follow_up = words
    return follow_up


def _own_words(text: str, strip: Callable[[str], str] | None) -> str:
    own = without_injected_text(text)
    if strip is None:
        return own
    stripped = strip(own)
    if not isinstance(stripped, str):
        raise InvalidInputError(f"strip must return a string, got {type(stripped).__name__}")
    return stripped
