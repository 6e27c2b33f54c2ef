"""A cascade's calls: what a routed model's calls become where the weak answer is judged first.

Only how a call is sent differs. A plan's calls are made before it: what is left is either an answer at hand
or one last call, and both go the way of any routed call, in every entry point.
"""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import replace
from typing import Any

from langchain_core.runnables import RunnableConfig
from typing_extensions import override

from langchain_routellm.asking import aasked, asked
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.carried_plans import carried_plan
from langchain_routellm.carrying import carried
from langchain_routellm.planned_calls import PlannedCalls, holds
from langchain_routellm.planning import PlanAtWork
from shared_router import (
    Ask,
    Cascade,
    Deadline,
    Judging,
    OnStream,
    PlanRequest,
    RoutingDecision,
    asettled,
    planned,
    settled,
)


class Cascading(PlannedCalls):
    """A chat model whose calls are plans over its children."""

    on_stream: OnStream = "buffer"
    deadline: float | None = None

    @property
    @abstractmethod
    def cascade(self) -> Cascade:
        """What decides by the weak answer."""

    @property
    @abstractmethod
    def judging(self) -> Judging:
        """What asks the scorer."""

    @override
    def _sent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        if call.asked is not None:
            return carried_plan(self, call, decision)
        work = self._plan(call, decision)
        steps, deadline = self.cascade.steps(work.request), work.request.deadline
        return work.sent(settled(steps, work.ask, judging=self.judging, deadline=deadline))

    @override
    async def _asent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        if call.asked is not None:
            return carried_plan(self, call, decision)
        work = self._plan(call, decision)
        steps, deadline = self.cascade.steps(work.request), work.request.deadline
        return work.sent(await asettled(steps, work.aask, judging=self.judging, deadline=deadline))

    def _plan(self, call: Call, decision: RoutingDecision) -> PlanAtWork:
        return PlanAtWork(self.cascade, self.plan_request(call, decision), call)

    def plan_request(self, call: Call, decision: RoutingDecision) -> PlanRequest:
        """Return what a call's plan is begun with."""
        return planned(
            replace(call.request, threshold=call.threshold),
            decision,
            holds=holds(call.messages),
            deadline=Deadline(self.deadline),
        )

    @override
    def _route_stream(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if self.on_stream == "buffer":
            return self._route(model_input, config, stop, kwargs)
        call = self._complete_call(model_input, config, stop, kwargs)
        if call.rules is not None:
            call = asked(call, call.rules)
        return self._routed_alone(call, self.policy.decide(call.request))

    @override
    async def _aroute_stream(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if self.on_stream == "buffer":
            return await self._aroute(model_input, config, stop, kwargs)
        call = self._complete_call(model_input, config, stop, kwargs)
        if call.rules is not None:
            call = await aasked(call, call.rules)
        return self._routed_alone(call, await self.policy.adecide(call.request))

    def _routed_alone(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        """Send a call by its decision alone; nothing judges what is read as it is written."""
        if call.asked is not None:
            return carried(call, decision)
        ask = Ask(decision.model, last=True, reason=decision.reason)
        return self._plan(call, decision).sent(ask)


def without_threshold(call: Call) -> Call:
    """Return a call whose own threshold is kept from the policy: it is for the weak answer."""
    request = replace(call.request, threshold=None)
    return replace(call, request=request, threshold=call.request.threshold)
