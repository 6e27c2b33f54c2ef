"""A plan whose calls are made under rules: each stage within its model's time and the budgets, each told."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from typing_extensions import override

from langchain_routellm.attempt import with_id
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.metadata import DecisionMetadata
from langchain_routellm.plan_metadata import PlanMetadata
from langchain_routellm.planning import Output, PlanAtWork
from langchain_routellm.prices import token_usage
from shared_router import (
    Answer,
    Ask,
    Cascade,
    PlanCall,
    PlannedAttempts,
    PlanRequest,
    TokenUsage,
    awithin_seconds,
    why_unusable,
)


class UseAtHandError(Exception):
    """A plan ends with the answer at hand: its next model is left alone, or no budget is left for it."""


class RuledPlan(PlanAtWork):
    """One request's plan over the children, under rules.

    Args:
        plan: The plan.
        request: What it was begun with.
        call: The call that it answers, asked under its rules.
        attempts: What its stages are made under.

    Attributes:
        kept: An answer that can be used, should the last call fail.
    """

    def __init__(self, plan: Cascade, request: PlanRequest, call: Call, attempts: PlannedAttempts) -> None:
        super().__init__(plan, request, call)
        self.attempts = attempts
        self.kept: Answer | None = None
        self._calls: tuple[PlanCall, ...] = ()

    @override
    def ask(self, step: Ask) -> list[Answer]:
        self.begin(step, self.attempts.stage(step.model, step.n))
        return self._ended(super().ask(step))

    @override
    async def aask(self, step: Ask) -> list[Answer]:
        self.begin(step, await self.attempts.astage(step.model, step.n))
        return self._ended(await super().aask(step))

    def begin(self, step: Ask, why_not: str | None) -> None:
        """Go on to a step.

        Args:
            step: The step.
            why_not: Why the answer at hand is to be used instead, or None.

        Raises:
            UseAtHandError: If there is a reason.
        """
        self._calls = step.calls
        if why_not is not None:
            self.attempts.use_at_hand(step.model, why_not)
            raise UseAtHandError(f"{step.model} is not asked: {why_not}")

    def from_hand(self, answer: Answer) -> RoutedCall:
        """Return the call that the answer at hand answers, with the decision that the attempts have now."""
        return self._from_hand(answer, self.attempts.decision.reason, self._calls)

    def _ended(self, answers: list[Answer]) -> list[Answer]:
        self.attempts.stage_ended([(each.error, _tokens_of(each)) for each in answers])
        usable = [each for each in answers if _is_usable(each)]
        if usable:
            self.kept, self.attempts.at_hand = usable[0], usable[0].model
        return answers

    @override
    def _metadata(
        self, model: str, reason: str, calls: tuple[PlanCall, ...], *, is_made: bool
    ) -> PlanMetadata:
        about = super()._metadata(model, reason, calls, is_made=is_made)
        about.decision = with_id(dict(about.decision), self.attempts)
        return about

    @override
    def _about(self, decision: Mapping[str, Any]) -> DecisionMetadata:
        return super()._about(with_id(dict(decision), self.attempts))

    @override
    def _keep(self, model: str) -> None:
        """Leave it to the end: whoever answers is remembered then."""

    @override
    def _within(self, call: Callable[[], Any]) -> Any:
        seconds, left = self.attempts.timeout_s, self.request.deadline.left
        if seconds is None or self.call.rules is None or (left is not None and left < seconds):
            return super()._within(call)
        return self.call.rules.within(call, seconds)

    @override
    async def _awithin(self, call: Coroutine[Any, Any, Any]) -> Any:
        seconds, left = self.attempts.timeout_s, self.request.deadline.left
        if seconds is None or (left is not None and left < seconds):
            return await super()._awithin(call)
        return await awithin_seconds(call, seconds)


def _is_usable(answer: Answer) -> bool:
    return answer.error is None and answer.valid_tool_calls is not False and not why_unusable(answer.given)


def _tokens_of(answer: Answer) -> TokenUsage | None:
    message = answer.output.message if isinstance(answer.output, Output) else None
    usage = None if message is None else message.usage_metadata
    return None if usage is None else token_usage(usage)
