"""A plan's calls, made of a chat model's children: the one place where a cascade or a blend asks them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from uuid import uuid4

from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableConfig

from langchain_routellm.at_hand import AnswerAtHand
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.children import chat_models_in
from langchain_routellm.held_back import HeldBack, held_back, outside_any_run
from langchain_routellm.metadata import DecisionMetadata
from langchain_routellm.plan_metadata import PlanMetadata
from langchain_routellm.prices import token_usage
from langchain_routellm.scorable import given_answer, tool_calls_are_valid
from shared_router import (
    Answer,
    Ask,
    Blend,
    Cascade,
    PlanCall,
    PlanRequest,
    Settled,
    at_once,
    awithin,
    plan_decision,
    within,
)


@dataclass(frozen=True, slots=True)
class Output:
    """What a child returned, and what listeners have not heard of it."""

    value: Any = field(repr=False)
    held: HeldBack | None
    message: AIMessage | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class _Prepared:
    """A call that is ready to be made.

    Attributes:
        call: The child, its input, its config and its arguments.
        about: What writes the decision on the answer.
        held: What keeps back what listeners would hear.
    """

    call: tuple[Runnable[Any, Any], Any, RunnableConfig, dict[str, Any]] = field(repr=False)
    about: DecisionMetadata
    held: HeldBack | None


class PlanAtWork:
    """One request's plan over the children.

    Args:
        plan: The plan.
        request: What it was begun with.
        call: The call that it answers.
    """

    def __init__(self, plan: Cascade | Blend, request: PlanRequest, call: Call) -> None:
        self.plan = plan
        self.request = request
        self.call = call
        self._id = uuid4().hex
        self._is_named = False

    def ask(self, step: Ask) -> list[Answer]:
        """Call a child as often as the plan wants, at the same time."""
        prepared = [self._prepared(step) for _ in range(step.n)]
        return at_once([partial(self._asked, step, each) for each in prepared])

    async def aask(self, step: Ask) -> list[Answer]:
        """Call a child like `ask`."""
        prepared = [self._prepared(step) for _ in range(step.n)]
        return list(await asyncio.gather(*(self._aasked(step, each) for each in prepared)))

    def sent(self, found: Settled) -> RoutedCall:
        """Return the call whose answer is the plan's: the last one, or one that has its answer already."""
        if isinstance(found, Ask):
            self._keep(found.model)
            about = self._metadata(found.model, found.reason, found.calls, is_made=False)
            is_watched = self.call.rules is not None and self.call.is_parsed
            routed = self.call.sent(about, is_watched=is_watched, plan=self._id)
            return replace(routed, config=_unnamed(routed.config)) if self._is_named else routed
        self._keep(found.answer.model)
        return self._from_hand(found.answer, found.reason, found.calls)

    def _from_hand(self, answer: Answer, reason: str, calls: tuple[PlanCall, ...]) -> RoutedCall:
        about = self._metadata(answer.model, reason, calls, is_made=True)
        output: Output = answer.output
        at_hand = AnswerAtHand(output.value, output.held, about.add_to)
        return RoutedCall(at_hand, self.call.input, self.call.config, self.call.kwargs, about)

    def _metadata(
        self, model: str, reason: str, calls: tuple[PlanCall, ...], *, is_made: bool
    ) -> PlanMetadata:
        decision = plan_decision(self.plan, self.request, model=model, reason=reason, calls=calls)
        return PlanMetadata(decision, self.call.bill, self.call.thread, is_made=is_made)

    def _asked(self, step: Ask, prepared: _Prepared) -> Answer:
        model, model_input, config, kwargs = prepared.call
        try:
            with outside_any_run():
                output = self._within(lambda: model.invoke(model_input, config, **kwargs))
        # whatever a provider raises: the plan decides what follows
        except Exception as error:  # noqa: BLE001
            return Answer.failed(step.model, error)
        return self._answer(step, prepared, output)

    async def _aasked(self, step: Ask, prepared: _Prepared) -> Answer:
        model, model_input, config, kwargs = prepared.call
        try:
            with outside_any_run():
                output = await self._awithin(model.ainvoke(model_input, config, **kwargs))
        except Exception as error:  # noqa: BLE001
            return Answer.failed(step.model, error)
        return self._answer(step, prepared, output)

    def _within(self, call: Callable[[], Any]) -> Any:
        """Return what a call returns, within the plan's time."""
        return within(call, self.request.deadline)

    async def _awithin(self, call: Coroutine[Any, Any, Any]) -> Any:
        """Return what a call returns, within the plan's time."""
        return await awithin(call, self.request.deadline)

    def _keep(self, model: str) -> None:
        """Remember who answers."""
        self.call.thread.keep(model)

    def _about(self, decision: Mapping[str, Any]) -> DecisionMetadata:
        """Return what writes a decision on the answer of a call that is made before the last one."""
        return DecisionMetadata(decision, self.call.bill, self.call.thread)

    def _prepared(self, step: Ask) -> _Prepared:
        """Send a call on its way, so that nobody who passes on what they hear hears of it yet."""
        decision = plan_decision(
            self.plan, self.request, model=step.model, reason=step.reason, calls=step.calls
        ).as_metadata()
        del decision["calls"]
        decision.pop("dollars", None)
        about, is_parsed = self._about(decision), self.call.is_parsed
        routed = self.call.sent(about, is_watched=is_parsed, plan=self._id)
        config, held = held_back(routed.config)
        # an id that a caller gave is one run's: that of the call which listeners hear of, or the first one's
        if held is not None or self._is_named:
            config = _unnamed(config)
        self._is_named = self._is_named or held is None
        kwargs = {**({} if is_parsed else self._unstreamed(step.model)), **routed.kwargs, **step.settings}
        return _Prepared((routed.model, routed.input, config, kwargs), about, held)

    def _unstreamed(self, model: str) -> dict[str, Any]:
        """Return what keeps a model that always streams from telling its tokens before they are judged."""
        child = (self.call.children or {}).get(model)
        streams = any(getattr(each, "streaming", False) is True for each in chat_models_in(child))
        return {"stream": False} if streams else {}

    def _answer(self, step: Ask, prepared: _Prepared, output: Any) -> Answer:
        about = prepared.about
        message = output if isinstance(output, AIMessage) else about.message
        usage = None if message is None else message.usage_metadata
        name = about.answered_by or step.model
        return Answer(
            model=step.model,
            given=given_answer(output, message),
            output=Output(output, prepared.held, message),
            dollars=None if usage is None else self.call.bill.dollars(name, token_usage(usage)),
            valid_tool_calls=tool_calls_are_valid(output, self.call.binding),
        )


def _unnamed(config: RunnableConfig) -> RunnableConfig:
    """Return a config without the id that a caller gave for the run."""
    return {**config, "run_id": None}
