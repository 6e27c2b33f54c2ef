"""Whose request it is, for a block of code: a customer, a key, a user; whoever one program serves many of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError

MAX_TENANT_CHARS = 200

_tenant: ContextVar[str | None] = ContextVar("routellm_tenant", default=None)


@contextmanager
def tenant_scope(tenant: str | None) -> Iterator[None]:
    """Say whose requests those in a `with` block are, and those of the tasks and threads it starts.

    Args:
        tenant: A name of your own, at most 200 characters; it stands in alarms. None for nobody's.

    Raises:
        InvalidInputError: If it is no such name.
    """
    token = _tenant.set(checked_tenant(tenant))
    try:
        yield
    finally:
        _tenant.reset(token)


def current_tenant() -> str | None:
    """Return whose requests those of the innermost block around are; None where nobody has said."""
    return _tenant.get()


def checked_tenant(tenant: object) -> str | None:
    """Return a tenant's name as text; a number, as many programs have, is one too.

    Raises:
        InvalidInputError: If it is neither, is empty, or is too long.
    """
    return checked_name("tenant", tenant)


def checked_name(what: str, name: object) -> str | None:
    """Return a name of the caller's as text: a tenant's, or a conversation's (`what`).

    Raises:
        InvalidInputError: If it is neither text nor a number, is empty, or is too long.
    """
    if name is None:
        return None
    named = str(name) if isinstance(name, int) and not isinstance(name, bool) else name
    if not isinstance(named, str) or not 0 < len(named) <= MAX_TENANT_CHARS:
        kind = f"{len(named)} characters" if isinstance(named, str) else shown_kind(named)
        raise InvalidInputError(f"{what} must be a name of 1 to {MAX_TENANT_CHARS} characters, got {kind}")
    return named
