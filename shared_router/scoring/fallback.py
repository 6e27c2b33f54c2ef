"""The one warning that a router has failed and another rule decides."""

from __future__ import annotations

import warnings

from shared_router.errors import (
    RouterFallbackWarning,
    RouterOutputError,
    RouterTimeoutError,
    RouterUnavailableError,
)

_WITHOUT_PROMPTS = (RouterOutputError, RouterTimeoutError, RouterUnavailableError)
"""Errors of ours, whose text holds no prompt; another's may, so the warning names its class alone."""


def warn_of_fallback(error: Exception, router_name: str, model: str) -> None:
    """Warn that requests whose router fails go to a model.

    Args:
        error: What came in the place of a score.
        router_name: The router's name.
        model: Where such requests go.
    """
    detail = f": {error}" if isinstance(error, _WITHOUT_PROMPTS) else ""
    warnings.warn(
        f"router {router_name} failed with {type(error).__name__}{detail}; "
        f"requests it fails on go {model} (on_router_error)",
        RouterFallbackWarning,
        stacklevel=4,
    )
