"""What steers a routed LLM for a block of code, and what listens to it there."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

from pydantic import PrivateAttr

from llamaindex_routellm.base import Answer, RoutingLLM
from llamaindex_routellm.begun_calls import abegun, begun
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.metadata import capture
from llamaindex_routellm.override import overriding
from llamaindex_routellm.query import question_scope
from llamaindex_routellm.route import Route
from llamaindex_routellm.routing import Routing
from shared_router import RoutingDecision, RoutingPolicy

if TYPE_CHECKING:
    from shared_router import CallHealth


class Steering(RoutingLLM):
    """Route by one rule, and take what a `with` block says of it."""

    _routing: Routing = PrivateAttr()

    @property
    def policy(self) -> RoutingPolicy:
        """The rule that decides."""
        return self._routing.policy

    @property
    def threshold(self) -> float:
        """The cost threshold, in [0, 1]."""
        return self.policy.threshold

    @property
    def call_health(self) -> CallHealth:
        """How the models have done so far: breakers, calls that were given up, observers that failed."""
        from shared_router import CallHealth

        rules = self._routing.rules
        return CallHealth() if rules is None else rules.health

    def query(self, text: str | None) -> AbstractContextManager[None]:
        """Say what the question is, for the calls in a `with` block and the tasks and threads they start.

        Args:
            text: The question, or None to say that there is none, so that `on_no_query` decides.
        """
        return question_scope(text)

    def override(
        self, *, threshold: float | None = None, route: str | None = None
    ) -> AbstractContextManager[None]:
        """Steer this LLM's calls in a `with` block and in the tasks and threads it starts.

        Args:
            threshold: Their cost threshold, in [0, 1].
            route: The model they must go to, `"strong"` or `"weak"`, whatever the router says. One that
                cannot serve a call is refused with a `CapabilityError`.

        Raises:
            InvalidInputError: If neither is given, or the threshold is outside its rule.
            UnknownNameError: If there is no such model.
        """
        return overriding(self._routing.memory, threshold, route)

    def capture(self) -> AbstractContextManager[list[RoutingDecision]]:
        """Collect this LLM's decisions in a `with` block and in the tasks and threads it starts."""
        return capture(self._routing.memory)

    @property
    def may_ask_twice(self) -> bool:
        """Whether a call may go to one model after another."""
        return self._routing.rules is not None

    def _ask(self, call: LLMCall, ask: Callable[[Route], Answer]) -> Answer:
        rules = self._routing.rules
        if rules is None:
            return super()._ask(call, ask)
        return begun(self._routing, rules, self.children, call).ask(ask)

    async def _aask(self, call: LLMCall, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        rules = self._routing.rules
        if rules is None:
            return await super()._aask(call, ask)
        return await (await abegun(self._routing, rules, self.children, call)).aask(ask)

    def _route(self, call: LLMCall) -> Route:
        return self._routing.route(self.children, call)

    async def _aroute(self, call: LLMCall) -> Route:
        return await self._routing.aroute(self.children, call)
