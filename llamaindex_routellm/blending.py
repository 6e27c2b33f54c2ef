"""A blend's calls: every model is asked at once, and what is handed on is the best answer or a fused one."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any

from llama_index.core.base.llms.types import ChatMessage, ChatResponse, CompletionResponse, MessageRole
from llama_index.core.llms import LLM
from typing_extensions import override

from llamaindex_routellm.blend_settings import FUSER, BlendSettings
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.planning import PlanAtWork
from llamaindex_routellm.route import Route
from llamaindex_routellm.routing import DecidedCall, Routing
from llamaindex_routellm.scorable import Parts
from shared_router import (
    Answer,
    Ask,
    CapabilityError,
    Fuse,
    GivenAnswer,
    PlanDecision,
    at_once,
    fusing_prompt,
)


class BlendAtWork(PlanAtWork):
    """One call's blend over the models.

    Args:
        settings: The blend, and what asks its ranker and its fuser.
        routing: The way of a call.
        models: The models by name.
        call: The call.
        decided: Where the policy decided that it goes.
        holds: What its question holds beside text.
        make: Makes the call on a route; a coroutine in an event loop.
    """

    def __init__(
        self,
        settings: BlendSettings,
        routing: Routing,
        models: Mapping[str, LLM],
        call: LLMCall,
        decided: DecidedCall,
        *,
        holds: frozenset[str],
        make: Callable[[Route], Any],
    ) -> None:
        fuser = settings.fuser if isinstance(settings.fuser, LLM) else None
        named = models if fuser is None else {**models, FUSER: fuser}
        super().__init__(
            settings.blend, routing, named, call, decided, holds=holds, seconds=settings.deadline
        )
        self.request = replace(self.request, threshold=None, in_words=not call.structured)
        self.blending = settings.blending
        self.fuser = fuser
        self.make = make
        self._outputs: dict[str, Any] = {}
        self._best: str | None = None

    def ask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Make the call of models at the same time."""
        return self._kept(at_once([partial(self._asked, ask, self.make) for ask in asks]))

    async def aask_all(self, asks: Sequence[Ask]) -> list[Answer]:
        """Make the call of models like `ask_all`."""
        return self._kept(list(await asyncio.gather(*(self._aasked(ask, self.make) for ask in asks))))

    def fuse(self, step: Fuse) -> Answer:
        """Return one answer made of several, by the LLM that fuses or by the fuser."""
        if self.fuser is None:
            return self._made(step, self.blending.fused(step, self.request.deadline))
        asked = _messages(step)
        answer = self._asked(_ask(step), lambda route: route.annotate(route.llm.chat(asked)))
        return self._shaped(step, answer)

    async def afuse(self, step: Fuse) -> Answer:
        """Return one answer like `fuse`."""
        if self.fuser is None:
            return self._made(step, await self.blending.afused(step, self.request.deadline))
        asked = _messages(step)

        async def chat(route: Route) -> ChatResponse:
            return route.annotate(await route.llm.achat(asked))

        make: Callable[[Route], Awaitable[Any]] = chat
        return self._shaped(step, await self._aasked(_ask(step), make))

    def _kept(self, answers: list[Answer]) -> list[Answer]:
        self._outputs |= {each.model: each.output for each in answers}
        return answers

    def _made(self, step: Fuse, found: str | Exception) -> Answer:
        """Return what the fuser wrote as an answer, or what it raised."""
        name = FUSER if self.blending.fuser is None else self.blending.fuser.name
        if isinstance(found, Exception):
            return Answer.failed(name, found)
        return self._shaped(step, Answer(name, GivenAnswer(found), dollars=0.0))

    def _shaped(self, step: Fuse, fused: Answer) -> Answer:
        """Return a fused answer as the call would have returned it."""
        self._best = str(step.answers[0].model)
        if fused.error is not None:
            return fused
        output = _like(self._outputs[self._best], fused.given.text)
        if output is None:
            kind = type(self._outputs[self._best]).__name__
            return Answer.failed(fused.model, CapabilityError(f"a fuser must write words, got {kind}"))
        return replace(fused, output=output)

    @override
    def _tell(self, plan: PlanDecision) -> None:
        # a fused answer is told under the model whose answer was the best of those in it
        known = plan.model in self.models.by_name or self._best is None
        super()._tell(plan if known else replace(plan, model=str(self._best)))


def _ask(step: Fuse) -> Ask:
    return Ask(FUSER, reason="fuse", calls=step.calls)


def _messages(step: Fuse) -> list[ChatMessage]:
    texts = [each.text for each in step.answers]
    return [ChatMessage(role=MessageRole.USER, content=fusing_prompt(step.question, texts))]


def _like(output: Any, text: str) -> Any:
    """Return a text as an output of the same kind; None where it can be no text."""
    if isinstance(output, Parts):
        last = output[-1] if output else text
        if isinstance(last, str):
            return Parts([text])
        part = _like(last, text)
        return None if part is None else Parts([part.model_copy(update={"delta": text})])
    if isinstance(output, ChatResponse):
        return ChatResponse(message=ChatMessage(role=MessageRole.ASSISTANT, content=text))
    if isinstance(output, CompletionResponse):
        return CompletionResponse(text=text)
    return text if isinstance(output, str) else None
