"""Which conversation a request is part of, for a block of code: its name in the program that keeps it.

A conversation's model is known by its words (`conversations`); a name is for what counts conversations, such
as the two arms of a test or a decision log.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared_router.tenants import checked_name

_conversation: ContextVar[str | None] = ContextVar("routellm_conversation", default=None)


@contextmanager
def conversation_scope(conversation: str | None) -> Iterator[None]:
    """Name the conversation of the requests in a `with` block, and in the tasks and threads it starts.

    Args:
        conversation: A name of your own, at most 200 characters; None for none.

    Raises:
        InvalidInputError: If it is no such name.
    """
    token = _conversation.set(checked_name("conversation", conversation))
    try:
        yield
    finally:
        _conversation.reset(token)


def current_conversation() -> str | None:
    """Return the conversation of the innermost block around; None where nobody has named one."""
    return _conversation.get()
