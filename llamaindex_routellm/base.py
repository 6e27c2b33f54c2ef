"""What every group of routed methods asks for: a route for a call."""

from __future__ import annotations

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeVar

from llama_index.core.llms import LLM

from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.route import Route

Answer = TypeVar("Answer")


class RoutingLLM(LLM):
    """An LLM that has each call answered by another.

    The groups of methods are classes of their own, with every method in a class body, because LlamaIndex
    opens its spans for methods that it finds there.
    """

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """Read each method's signature once.

        LlamaIndex reads it at every call, for the call's span, which takes longer than finding the question.
        """
        for method in vars(cls).values():
            if inspect.isfunction(method):
                method.__signature__ = inspect.signature(method)  # type: ignore[attr-defined]
        super().__init_subclass__(**kwargs)

    @property
    def children(self) -> Mapping[str, LLM]:
        """The models by name, best first."""
        raise NotImplementedError

    @property
    def may_ask_twice(self) -> bool:
        """Whether a call may go to one model after another, so that what has effects must stand outside."""
        return False

    # Not abstract: LlamaIndex would open a span for whatever fills in an abstract method.
    def _route(self, call: LLMCall) -> Route:
        """Decide where a call goes."""
        raise NotImplementedError

    async def _aroute(self, call: LLMCall) -> Route:
        """Decide where a call goes, off the event loop where that can block it."""
        raise NotImplementedError

    def _ask(self, call: LLMCall, ask: Callable[[Route], Answer]) -> Answer:
        """Have a call answered where it is decided to go; a subclass may ask more than once.

        Args:
            call: The call.
            ask: Makes it, of the model that a route leads to.
        """
        with self._route(call) as route:
            return ask(route)

    async def _aask(self, call: LLMCall, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        """Have a call answered like `_ask`, without holding up the event loop."""
        with await self._aroute(call) as route:
            return await ask(route)
