"""A plan whose calls are made under rules: each stage within its model's time and the budgets, each told."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from typing import TYPE_CHECKING, Any

from typing_extensions import override

from llamaindex_routellm.answer_facts import facts_of, responses_of
from llamaindex_routellm.planning import PlanAtWork, decision_of
from llamaindex_routellm.route import Route
from llamaindex_routellm.scorable import Parts
from shared_router import (
    Answer,
    Ask,
    PlanCall,
    PlanDecision,
    RoutingDecision,
    Use,
    awithin_seconds,
    why_unusable,
)

if TYPE_CHECKING:
    from shared_router import CallRules, PlannedAttempts, TokenUsage


class UseAtHandError(Exception):
    """A plan ends with the answer at hand: its next model is left alone, or no budget is left for it."""


class RuledPlan(PlanAtWork):
    """One call's plan over the models, under rules; `under` says which.

    Attributes:
        kept: An answer that can be used, should the last call fail.
        calls: The calls that were made before the latest step.
    """

    kept: Answer | None = None
    calls: tuple[PlanCall, ...] = ()
    _attempts: PlannedAttempts
    _rules: CallRules
    _publish: Callable[[RoutingDecision], None]

    def under(
        self, rules: CallRules, attempts: PlannedAttempts, publish: Callable[[RoutingDecision], None]
    ) -> RuledPlan:
        """Make the plan under rules.

        Args:
            rules: The rules.
            attempts: What its stages are told to.
            publish: Tells where the call goes.
        """
        self._rules, self._attempts, self._publish = rules, attempts, publish
        self._routes: list[tuple[Answer, Route, TokenUsage | None]] = []
        return self

    @override
    def ask(self, step: Ask, make: Callable[[Route], Any]) -> list[Answer]:
        self.begin(step, self._attempts.stage(step.model, step.n))
        return self._ended(super().ask(step, make))

    @override
    async def aask(self, step: Ask, make: Callable[[Route], Awaitable[Any]]) -> list[Answer]:
        self.begin(step, await self._attempts.astage(step.model, step.n))
        return self._ended(await super().aask(step, make))

    def begin(self, step: Ask, why_not: str | None) -> None:
        """Go on to a step.

        Args:
            step: The step.
            why_not: Why the answer at hand is to be used instead, or None.

        Raises:
            UseAtHandError: If there is a reason.
        """
        self.calls = step.calls
        if why_not is not None:
            self._attempts.use_at_hand(step.model, why_not)
            raise UseAtHandError(f"{step.model} is not asked: {why_not}")

    def from_hand(self) -> Use | None:
        """Return the end of a plan that uses the answer at hand, where the attempts have come to that."""
        if self.kept is None or self._attempts.model != self.kept.model:
            return None
        return Use(self.kept, self._attempts.decision.reason, self.calls)

    def route_of(self, answer: Answer) -> Route:
        """Return the route on which an answer was asked for."""
        return next(route for each, route, _ in self._routes if each is answer)

    def _ended(self, answers: list[Answer]) -> list[Answer]:
        self._attempts.stage_ended([(each.error, self._usage_of(each)) for each in answers])
        usable = [each for each in answers if _is_usable(each)]
        if usable:
            self.kept, self._attempts.at_hand = usable[0], usable[0].model
        return answers

    @override
    def _within(self, call: Callable[[], Any]) -> Any:
        seconds, left = self._attempts.timeout_s, self.request.deadline.left
        with self._attempts.asking():
            if seconds is None or (left is not None and left < seconds):
                return super()._within(call)
            return self._rules.within(call, seconds)

    @override
    async def _awithin(self, call: Coroutine[Any, Any, Any]) -> Any:
        seconds, left = self._attempts.timeout_s, self.request.deadline.left
        with self._attempts.asking():
            if seconds is None or (left is not None and left < seconds):
                return await super()._awithin(call)
            return await awithin_seconds(call, seconds)

    @override
    def _answer(self, step: Ask, route: Route, output: Any) -> Answer:
        answer = super()._answer(step, route, output)
        parts = output if isinstance(output, Parts) else [output]
        self._routes.append((answer, route, facts_of(responses_of(parts, route.responses)).usage))
        return answer

    def _usage_of(self, answer: Answer) -> TokenUsage | None:
        return next((usage for each, _, usage in self._routes if each is answer), None)

    @override
    def _route(self, step: Ask, *, is_last: bool) -> Route:
        route = super()._route(step, is_last=is_last)
        if self._attempts.decision_id is not None:
            route.metadata["decision_id"] = self._attempts.decision_id
        return route

    @override
    def _told(self, plan: PlanDecision) -> dict[str, Any]:
        told, decision_id = super()._told(plan), self._attempts.decision_id
        return told if decision_id is None else {**told, "decision_id": decision_id}

    @override
    def _tell(self, plan: PlanDecision) -> None:
        self._publish(decision_of(plan))


def _is_usable(answer: Answer) -> bool:
    return answer.error is None and answer.valid_tool_calls is not False and not why_unusable(answer.given)
