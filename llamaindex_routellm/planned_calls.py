"""A cascade's call under rules: its stages are the plan's, and what is used where the last one fails.

A stage that fails is the plan's business. Where the last model fails in a way that moves on, or is left
alone, an answer that was at hand is used, though the scorer had rejected it; without one, the model that was
not asked yet is.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

from typing_extensions import override

from llamaindex_routellm.answer_facts import Responses
from llamaindex_routellm.held_answers import aread_again, read_again
from llamaindex_routellm.route import Route
from llamaindex_routellm.ruled_calls import RuledCall
from llamaindex_routellm.ruled_plans import RuledPlan, UseAtHandError
from llamaindex_routellm.scorable import Parts
from shared_router import Ask, PlanCall, Settled, Use, asettled, settled, total_dollars

if TYPE_CHECKING:
    from shared_router import Cascade, Judging, PlannedAttempts, RoutingDecision, TokenUsage


class PlannedCall(RuledCall):
    """One call that a plan answers; `of_plan` says which."""

    __slots__ = ("_calls", "_is_begun", "_judging", "_plan")

    def of_plan(self, plan: RuledPlan, judging: Judging | None) -> PlannedCall:
        """Have the call answered by a plan.

        Args:
            plan: The plan.
            judging: What asks its scorer; None for a stream that nothing judges.
        """
        self._plan = plan.under(self._rules, self._planned, self._publish)
        self._judging = judging
        # one that is asked first in the place of a model that is left alone is no stage of the plan
        self._is_begun = self._attempts.model != self._decided.decision.model
        self._calls: tuple[PlanCall, ...] | None = None
        return self

    @override
    def _attempt(self, ask: Callable[[Route], Any]) -> tuple[Route, Any]:
        found = self._plan.from_hand()
        if not self._is_begun:
            self._is_begun = True
            plan = self._plan
            try:
                end = (
                    self._alone
                    if self._judging is None
                    else settled(
                        self._cascade.steps(plan.request),
                        lambda step: plan.ask(step, ask),
                        judging=self._judging,
                        deadline=plan.request.deadline,
                    )
                )
                if isinstance(end, Ask):
                    plan.begin(end, self._planned.stage(end.model))
                    return self._asked(plan.last(end), ask)
                found = end
            except UseAtHandError:
                found = plan.from_hand()
        if found is None:
            return super()._attempt(ask)
        route, answer = self._used(found)
        return route, read_again(answer) if isinstance(answer, Parts) else answer

    @override
    async def _aattempt(self, ask: Callable[[Route], Awaitable[Any]]) -> tuple[Route, Any]:
        found = self._plan.from_hand()
        if not self._is_begun:
            self._is_begun = True
            plan = self._plan
            try:
                end = (
                    self._alone
                    if self._judging is None
                    else await asettled(
                        self._cascade.steps(plan.request),
                        lambda step: plan.aask(step, ask),
                        judging=self._judging,
                        deadline=plan.request.deadline,
                    )
                )
                if isinstance(end, Ask):
                    plan.begin(end, await self._planned.astage(end.model))
                    return await self._aasked(plan.last(end), ask)
                found = end
            except UseAtHandError:
                found = plan.from_hand()
        if found is None:
            return await super()._aattempt(ask)
        route, answer = self._used(found)
        return route, aread_again(answer) if isinstance(answer, Parts) else answer

    def _used(self, found: Use) -> tuple[Route, Any]:
        """Return an answer that was made, and the route on which it was."""
        self._calls = found.calls
        return self._plan.route_of(found.answer), self._plan.used(found)

    @override
    def _as_answered(self, route: Route, responses: Responses) -> RoutingDecision:
        answered = super()._as_answered(route, responses)
        # the plan's own words for it: its threshold, its reason
        return answered if self._published is None else replace(self._published, model=answered.model)

    @override
    def _total_dollars(self, model: str, usage: TokenUsage | None) -> float | None:
        if self._calls is not None:
            return total_dollars(self._calls)
        own = PlanCall(model, dollars=self._routing.bill.dollars(model, usage))
        return total_dollars((*self._plan.calls, own))

    @property
    def _cascade(self) -> Cascade:
        return cast("Cascade", self._plan.plan)

    @property
    def _alone(self) -> Settled:
        """The one call of a stream that nothing judges."""
        decision = self._attempts.decision
        return Ask(decision.model, last=True, reason=decision.reason)

    @property
    def _planned(self) -> PlannedAttempts:
        return cast("PlannedAttempts", self._attempts)
