"""A cascade's call under rules: its stages are the plan's, and what is used where the last one fails."""

from __future__ import annotations

from typing import Protocol

from typing_extensions import override

from langchain_routellm.attempt import Attempt, within_time
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.carrying import AlreadyTold, Carried
from langchain_routellm.ruled_plans import RuledPlan, UseAtHandError
from langchain_routellm.shadows import offer_ashadow, offer_shadow
from shared_router import (
    Ask,
    Attempts,
    Cascade,
    Judging,
    PlannedAttempts,
    PlanRequest,
    RoutingDecision,
    asettled,
    settled,
)


class Planner(Protocol):
    """What makes plans of calls."""

    @property
    def cascade(self) -> Cascade:
        """What decides by an answer."""

    @property
    def judging(self) -> Judging:
        """What asks the scorer."""

    def plan_request(self, call: Call, decision: RoutingDecision) -> PlanRequest:
        """Return what a call's plan is begun with."""


def carried_plan(planner: Planner, call: Call, decision: RoutingDecision) -> RoutedCall:
    """Return a decided call whose plan is worked through under its rules, when it is made."""
    about = AlreadyTold({"model": decision.model})
    model = CarriedPlan(planner, call, decision, about)
    return RoutedCall(model, call.input, call.config, call.kwargs, about)


class CarriedPlan(Carried):
    """Answer one call by a plan.

    A stage that fails is the plan's business. Where the last model fails in a way that moves on, or is left
    alone, an answer that was at hand is used, though the scorer had rejected it; without one, the model that
    was not asked yet is.

    Args:
        planner: What makes the plan.
        call: The call, asked under its rules.
        decision: Where the policy sent it.
        about: What says in the end which model answered.
    """

    def __init__(self, planner: Planner, call: Call, decision: RoutingDecision, about: AlreadyTold) -> None:
        super().__init__(call, decision, about)
        self._planner = planner
        self._work: RuledPlan | None = None

    @override
    def _begin(self) -> Attempts:
        attempts = self._asked.begin_plan(self.decision, self.call.decided_s)
        offer_shadow(self.call, attempts)
        return attempts

    @override
    async def _abegin(self) -> Attempts:
        attempts = await self._asked.abegin_plan(self.decision, self.call.decided_s)
        offer_ashadow(self.call, attempts)
        return attempts

    @override
    def _attempt(self, attempts: PlannedAttempts, before: Attempt | None) -> Attempt:
        if self._is_over(attempts):
            return self._next(attempts)
        cascade, request = self._planner.cascade, self._planner.plan_request(self.call, attempts.decision)
        work = self._work = RuledPlan(cascade, request, self.call, attempts)
        steps, deadline = cascade.steps(request), request.deadline
        try:
            found = settled(steps, work.ask, judging=self._planner.judging, deadline=deadline)
            if isinstance(found, Ask):
                work.begin(found, attempts.stage(found.model))
        except UseAtHandError:
            return self._next(attempts)
        return self._of(work.sent(found), attempts)

    @override
    async def _aattempt(self, attempts: PlannedAttempts, before: Attempt | None) -> Attempt:
        if self._is_over(attempts):
            return self._next(attempts)
        cascade, request = self._planner.cascade, self._planner.plan_request(self.call, attempts.decision)
        work = self._work = RuledPlan(cascade, request, self.call, attempts)
        steps, deadline = cascade.steps(request), request.deadline
        try:
            found = await asettled(steps, work.aask, judging=self._planner.judging, deadline=deadline)
            if isinstance(found, Ask):
                work.begin(found, await attempts.astage(found.model))
        except UseAtHandError:
            return self._next(attempts)
        return self._of(work.sent(found), attempts)

    def _is_over(self, attempts: Attempts) -> bool:
        """Tell whether the plan has been worked through, or its first model is not the one to ask."""
        return self._work is not None or attempts.model != self.decision.model

    def _next(self, attempts: PlannedAttempts) -> Attempt:
        work = self._work
        if work is not None and work.kept is not None and attempts.model == work.kept.model:
            return self._of(work.from_hand(work.kept), attempts)
        return Attempt.of(self.call, attempts, is_first=work is None)

    def _of(self, routed: RoutedCall, attempts: Attempts) -> Attempt:
        return Attempt(self.call, attempts, within_time(routed, attempts), routed.decision_metadata)
