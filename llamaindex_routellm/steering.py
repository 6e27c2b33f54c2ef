"""What steers a routed LLM for a block of code, and what listens to it there."""

from __future__ import annotations

from contextlib import AbstractContextManager

from pydantic import PrivateAttr

from llamaindex_routellm.base import RoutingLLM
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.metadata import capture
from llamaindex_routellm.override import overriding
from llamaindex_routellm.query import question_scope
from llamaindex_routellm.route import Route
from llamaindex_routellm.routing import Routing
from shared_router import RoutingDecision, RoutingPolicy


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

    def _route(self, call: LLMCall) -> Route:
        return self._routing.route(self.children, call)

    async def _aroute(self, call: LLMCall) -> Route:
        return await self._routing.aroute(self.children, call)
