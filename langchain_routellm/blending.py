"""A blend's calls: every child is asked at once, and what is handed on is the best answer or a fused one."""

from __future__ import annotations

import asyncio
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.runnables import Runnable
from typing_extensions import override

from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.memory import NO_THREAD
from langchain_routellm.planned_calls import PlannedCalls, holds
from langchain_routellm.planning import Output, PlanAtWork
from shared_router import (
    Answer,
    Ask,
    Blend,
    Blending,
    BlendSettled,
    Deadline,
    Fuse,
    GivenAnswer,
    PlanRequest,
    RoutingDecision,
    ablended,
    at_once,
    blended,
    fusing_prompt,
    planned,
)

FUSER = "fuser"
"""What decisions and prices call a chat model that fuses."""


class BlendAtWork(PlanAtWork):
    """One request's blend over the children.

    Args:
        blend: The plan.
        request: What it was begun with.
        call: The call that it answers.
        blending: What asks the fuser where that is no chat model.
        fuser: The chat model that fuses; None where there is none.
    """

    def __init__(
        self,
        blend: Blend,
        request: PlanRequest,
        call: Call,
        *,
        blending: Blending,
        fuser: Runnable[Any, Any] | None,
    ) -> None:
        super().__init__(blend, request, call)
        self.blending = blending
        self.fuser = fuser

    def ask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Call children at the same time."""
        prepared = [(ask, self._prepared(ask)) for ask in asks]
        return at_once([partial(self._asked, ask, each) for ask, each in prepared])

    async def aask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Call children like `ask_all`."""
        prepared = [(ask, self._prepared(ask)) for ask in asks]
        return list(await asyncio.gather(*(self._aasked(ask, each) for ask, each in prepared)))

    def fuse(self, step: Fuse) -> Answer:
        """Return one answer made of several, by the chat model that fuses or by the fuser."""
        if self.fuser is None:
            return self._made(self.blending.fused(step, self.request.deadline))
        (answer,) = self._by_model(step, self.fuser).ask(_asked(step))
        return answer

    async def afuse(self, step: Fuse) -> Answer:
        """Return one answer like `fuse`."""
        if self.fuser is None:
            return self._made(await self.blending.afused(step, self.request.deadline))
        (answer,) = await self._by_model(step, self.fuser).aask(_asked(step))
        return answer

    @override
    def sent(self, found: BlendSettled) -> RoutedCall:
        if isinstance(found, Ask) or found.answer.model in self.call.models:
            return super().sent(found)
        # a conversation cannot go on with a fuser: nobody asks it a question
        return self._on(replace(self.call, thread=NO_THREAD)).sent(found)

    def _by_model(self, step: Fuse, fuser: Runnable[Any, Any]) -> PlanAtWork:
        """Return the work of one call of the chat model that fuses, with what it is to read."""
        asked = [HumanMessage(fusing_prompt(step.question, [each.text for each in step.answers]))]
        only = {FUSER: fuser}
        return self._on(
            replace(
                self.call,
                input=asked,
                messages=asked,
                kwargs={},
                models=only,
                children=only,
                strips=False,
                binding=None,
            )
        )

    def _on(self, call: Call) -> PlanAtWork:
        """Return work on another call that is part of the same plan."""
        work = PlanAtWork(self.plan, self.request, call)
        work._id, work._is_named = self._id, True
        return work

    def _made(self, found: str | Exception) -> Answer:
        """Return what the fuser wrote as an answer, or what it raised."""
        name = FUSER if self.blending.fuser is None else self.blending.fuser.name
        if isinstance(found, Exception):
            return Answer.failed(name, found)
        message = AIMessage(found, response_metadata={"model_name": name})
        return Answer(name, GivenAnswer(found), Output(message, None), dollars=0.0)


class BlendsCalls(PlannedCalls):
    """A chat model whose calls are blends of its children's answers."""

    deadline: float | None = None

    @property
    @abstractmethod
    def blend(self) -> Blend:
        """What decides by the answers."""

    @property
    @abstractmethod
    def blending(self) -> Blending:
        """What asks the ranker and the fuser."""

    @property
    @abstractmethod
    def fusing_model(self) -> Runnable[Any, Any] | None:
        """The chat model that fuses, where one does."""

    @override
    def _sent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        work = self._work(call, decision)
        steps, deadline = self.blend.steps(work.request), work.request.deadline
        return work.sent(blended(steps, work, blending=self.blending, deadline=deadline))

    @override
    async def _asent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        work = self._work(call, decision)
        steps, deadline = self.blend.steps(work.request), work.request.deadline
        return work.sent(await ablended(steps, work, blending=self.blending, deadline=deadline))

    def _work(self, call: Call, decision: RoutingDecision) -> BlendAtWork:
        request = planned(
            replace(call.request, threshold=None),
            decision,
            holds=holds(call.messages),
            deadline=Deadline(self.deadline),
        )
        is_object = call.binding is not None and call.binding.need == "structured_output"
        request = replace(request, in_words=not is_object)
        return BlendAtWork(self.blend, request, call, blending=self.blending, fuser=self.fusing_model)


def _asked(step: Fuse) -> Ask:
    return Ask(FUSER, reason="fuse", calls=step.calls)
