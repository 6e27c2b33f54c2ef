"""A plan's calls, made of a routed LLM's models: the one place where a cascade asks them.

What is asked is whatever method the caller called. A stream is read to its end before it is judged, and is
read again by the caller once it is accepted.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Generator, Mapping
from typing import Any
from uuid import uuid4

from llama_index.core.llms import LLM

from llamaindex_routellm.answer_facts import responses_of
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.plan_route import PlanRoute, told_of, with_decision
from llamaindex_routellm.route import Models, Route
from llamaindex_routellm.routing import DecidedCall, Routing
from llamaindex_routellm.scorable import Parts, given_answer, tool_calls_are_valid
from llamaindex_routellm.tokens import reported_tokens
from shared_router import (
    Answer,
    Ask,
    Blend,
    Cascade,
    Deadline,
    PlanCall,
    PlanDecision,
    RoutingDecision,
    Settled,
    at_once,
    awithin,
    plan_decision,
    planned,
    within,
)


class PlanAtWork:
    """One call's plan over the models.

    Args:
        plan: The plan.
        routing: The way of a call.
        models: The models by name.
        call: The call.
        decided: Where the policy decided that it goes.
        holds: What its question holds beside text.
        seconds: How long the plan may take; None for as long as it takes.
    """

    def __init__(
        self,
        plan: Cascade | Blend,
        routing: Routing,
        models: Mapping[str, LLM],
        call: LLMCall,
        decided: DecidedCall,
        *,
        holds: frozenset[str],
        seconds: float | None,
    ) -> None:
        self.plan = plan
        self.routing = routing
        self.models = Models(models, routing.bill, routing.reasoning)
        self.call = call
        self.decided = decided
        self.request = planned(decided.request, decided.decision, holds=holds, deadline=Deadline(seconds))
        self._name = uuid4().hex

    def ask(self, step: Ask, make: Callable[[Route], Any]) -> list[Answer]:
        """Make the call as often as the plan wants, at the same time.

        Args:
            step: What the plan wants.
            make: Makes the call on a route.
        """
        return at_once([lambda: self._asked(step, make)] * step.n)

    async def aask(self, step: Ask, make: Callable[[Route], Awaitable[Any]]) -> list[Answer]:
        """Make the call like `ask`."""
        return list(await asyncio.gather(*(self._aasked(step, make) for _ in range(step.n))))

    def last(self, step: Ask) -> Route:
        """Return the route of the call whose answer is used whatever it is, and tell of it."""
        self._tell(self._plan(step.model, step.reason, step.calls))
        return self._route(step, is_last=True)

    def used(self, found: Settled) -> Any:
        """Return the answer that the plan uses, with what the plan came to on it."""
        if isinstance(found, Ask):
            raise TypeError("an answer must be at hand, got a call that is still to make; make it by last()")
        plan = self._plan(found.answer.model, found.reason, found.calls)
        self._tell(plan)
        output, told = found.answer.output, self._told(plan)
        if isinstance(output, Parts):
            return Parts(with_decision(part, told) for part in output)
        return with_decision(output, told)

    def _asked(self, step: Ask, make: Callable[[Route], Any]) -> Answer:
        route = self._route(step, is_last=step.last)

        def asked() -> Any:
            with route:
                output = make(route)
            return Parts(output) if isinstance(output, Generator) else output

        try:
            output = self._within(asked)
        # whatever a provider raises: the plan decides what follows
        except Exception as error:  # noqa: BLE001
            return Answer.failed(step.model, error)
        return self._answer(step, route, output)

    async def _aasked(self, step: Ask, make: Callable[[Route], Awaitable[Any]]) -> Answer:
        route = self._route(step, is_last=step.last)

        async def asked() -> Any:
            with route:
                output = await make(route)
            is_stream = isinstance(output, AsyncGenerator)
            return Parts([part async for part in output]) if is_stream else output

        try:
            output = await self._awithin(asked())
        except Exception as error:  # noqa: BLE001
            return Answer.failed(step.model, error)
        return self._answer(step, route, output)

    def _within(self, call: Callable[[], Any]) -> Any:
        return within(call, self.request.deadline)

    async def _awithin(self, call: Coroutine[Any, Any, Any]) -> Any:
        return await awithin(call, self.request.deadline)

    def _told(self, plan: PlanDecision) -> dict[str, Any]:
        return told_of(plan, self.decided.question.source)

    def _answer(self, step: Ask, route: Route, output: Any) -> Answer:
        parts = output if isinstance(output, Parts) else [output]
        responses = responses_of(parts, route.responses)
        reported = [each for each in responses if reported_tokens(each) is not None]
        name = route.answered_by(responses[-1]) if responses else step.model
        tokens = reported_tokens(reported[-1]) if reported else None
        return Answer(
            model=step.model,
            given=given_answer(output, responses),
            output=output,
            dollars=self.routing.bill.dollars(name, tokens),
            valid_tool_calls=tool_calls_are_valid(output, route.llm, self.call),
        )

    def _route(self, step: Ask, *, is_last: bool) -> Route:
        plan = self._plan(step.model, step.reason, step.calls)
        source = self.decided.question.source
        llm = self.models.by_name[step.model]
        route = PlanRoute(llm, plan, self.models, name=self._name, source=source, is_last=is_last)
        route.settings = dict(step.settings)
        return route

    def _plan(self, model: str, reason: str, calls: tuple[PlanCall, ...]) -> PlanDecision:
        return plan_decision(self.plan, self.request, model=model, reason=reason, calls=calls)

    def _tell(self, plan: PlanDecision) -> None:
        """Tell whoever listens to decisions of this one."""
        self.routing.tell(self.models.by_name, self.decided, decision_of(plan))


def decision_of(plan: PlanDecision) -> RoutingDecision:
    """Return what a plan came to as a decision: the threshold is the plan's."""
    name = plan.router or plan.scorer or plan.ranker or ""
    return RoutingDecision(plan.model, plan.win_probability, plan.threshold or 0.0, name, plan.reason)
