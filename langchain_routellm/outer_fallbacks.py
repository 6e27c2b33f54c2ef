"""A fallback of middleware that stands around the routing one: the model it asks for is not routed away.

`ModelFallbackMiddleware` answers an error by the same request with another model in it. Routed as the first
one was, it would ask the very models that have just failed, and never its own (langchain #40700).

A step is known by its last message, which is held weakly; tracers run each middleware in a context of its
own, so that no context variable reaches from the call that failed to the next one.
"""

from __future__ import annotations

import weakref
from collections.abc import Awaitable, Callable, Coroutine
from functools import wraps
from typing import Any, TypeVar

T = TypeVar("T")

_failed: dict[int, tuple[weakref.ref[Any], Any]] = {}
"""By its last message, a step whose models have failed, and the model that its request came with."""


def unless_fallback(
    wrap: Callable[[Any, Any, Callable[[Any], T]], T],
) -> Callable[[Any, Any, Callable[[Any], T]], T]:
    """Have a step's call routed, but for one whose models have failed and that comes with another model."""

    @wraps(wrap)
    def wrapped(self: Any, request: Any, handler: Callable[[Any], T]) -> T:
        if _is_fallback(request):
            return handler(request)
        try:
            return wrap(self, request, handler)
        except Exception:
            _remember(request)
            raise

    return wrapped


def aunless_fallback(
    wrap: Callable[[Any, Any, Callable[[Any], Awaitable[T]]], Awaitable[T]],
) -> Callable[[Any, Any, Callable[[Any], Awaitable[T]]], Coroutine[Any, Any, T]]:
    """Do what `unless_fallback` does, for the asynchronous call."""

    @wraps(wrap)
    async def wrapped(self: Any, request: Any, handler: Callable[[Any], Awaitable[T]]) -> T:
        if _is_fallback(request):
            return await handler(request)
        try:
            return await wrap(self, request, handler)
        except Exception:
            _remember(request)
            raise

    return wrapped


def _is_fallback(request: Any) -> bool:
    if not _failed or not request.messages:
        return False
    message = request.messages[-1]
    known, model = _failed.get(id(message), (None, None))
    return known is not None and known() is message and model is not request.model


def _remember(request: Any) -> None:
    if request.messages:
        message = request.messages[-1]
        key = id(message)
        _failed[key] = weakref.ref(message, lambda gone: _forget(key, gone)), request.model


def _forget(key: int, gone: weakref.ref[Any]) -> None:
    if _failed.get(key, (None,))[0] is gone:
        _failed.pop(key, None)
