"""A call under rules of resilience, budgets and observers: model after model, until one has answered.

The core says whom to ask, how long to wait and what an error means (`Attempts`). A stream moves on until its
reader is given content; what came before is held back till then, so that nobody reads the beginnings of two.
"""

from __future__ import annotations

import inspect
import weakref
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Iterable, Mapping
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any, cast

from llama_index.core.llms import LLM

from llamaindex_routellm.answer_facts import facts_of, responses_of
from llamaindex_routellm.base import Answer
from llamaindex_routellm.held_parts import HeldParts
from llamaindex_routellm.route import END, Models, Route
from llamaindex_routellm.routing import DecidedCall, Routing
from llamaindex_routellm.scorable import finish_reason_of, text_of
from llamaindex_routellm.shadows import ashadow_asking, shadow_asking
from shared_router import WithheldAnswerError, awithin_seconds, is_withheld

if TYPE_CHECKING:
    from shared_router import Attempts, CallRules, RoutingDecision, TokenUsage


class RuledCall:
    """One call, and whom it asks now.

    Args:
        routing: The way of a call.
        rules: What it is made under.
        models: The models by name.
        decided: The call, and where it is decided to go.
        attempts: What says whom to ask.
    """

    __slots__ = ("_attempts", "_decided", "_models", "_published", "_routing", "_rules")

    def __init__(
        self,
        routing: Routing,
        rules: CallRules,
        models: Mapping[str, LLM],
        decided: DecidedCall,
        attempts: Attempts,
    ) -> None:
        self._routing = routing
        self._rules = rules
        self._models = Models(models, routing.bill, routing.reasoning)
        self._decided = decided
        self._attempts = attempts
        self._published: RoutingDecision | None = None

    def ask(self, ask: Callable[[Route], Answer]) -> Answer:
        """Have the call answered.

        Args:
            ask: Makes it, of the model that a route leads to.
        """
        if (shadow := self._rules.shadow) is not None and shadow.draws():
            shadow.keep(self._attempts.decision_id, shadow_asking(self._models, ask))
        route, output = self._opened(ask)
        if isinstance(output, Generator):
            return cast("Answer", self._ending(self._parts(route, output, ask)))
        self._answered(route, [output])
        return cast("Answer", output)

    async def aask(self, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        """Have the call answered, without holding up the event loop."""
        if (shadow := self._rules.shadow) is not None and shadow.draws():
            shadow.akeep(self._attempts.decision_id, ashadow_asking(self._models, ask))
        route, output = await self._aopened(ask)
        if isinstance(output, AsyncGenerator):
            return cast("Answer", self._ending(self._aparts(route, output, ask)))
        self._answered(route, [output])
        return cast("Answer", output)

    def _opened(self, ask: Callable[[Route], Any]) -> tuple[Route, Any]:
        """Ask until a model has answered, or has begun a stream; return its route and what it gave."""
        while True:
            route = self._route()
            try:
                output = self._within(partial(_asked, route, ask))
                self._refuse_withheld(route, [output])
                return route, output
            # whatever a provider raises: the core knows what it means
            except Exception as error:  # noqa: BLE001
                moves = self._attempts.failed(error, _withheld_usage(error, route))
            except BaseException:
                self._attempts.cancelled()
                raise
            if not moves:
                raise self._failed()

    async def _aopened(self, ask: Callable[[Route], Awaitable[Any]]) -> tuple[Route, Any]:
        while True:
            route = self._route()
            try:
                output = await self._awithin(_aasked(route, ask))
                self._refuse_withheld(route, [output])
                return route, output
            except Exception as error:  # noqa: BLE001
                moves = await self._attempts.afailed(error, _withheld_usage(error, route))
            except BaseException:
                self._attempts.cancelled()
                raise
            if not moves:
                raise self._failed()

    def _parts(
        self, route: Route, parts: Generator[Any, None, None], ask: Callable[[Route], Any]
    ) -> Generator[Any, None, None]:
        """Read a stream, and another model's where it fails before its content."""
        held = HeldParts(self._attempts)
        try:
            while True:
                try:
                    part = self._within(partial(next, parts, END))
                    if part is END:
                        self._refuse_withheld(route, held.latest)
                        break
                except Exception as error:  # noqa: BLE001
                    moves = self._attempts.failed(error, _withheld_usage(error, route))
                else:
                    yield from held.taken(part)
                    continue
                if not moves:
                    raise self._failed()
                _close(parts)
                route, parts = self._opened(ask)
                held = HeldParts(self._attempts)
            yield from held.left()
            self._answered(route, held.latest)
        finally:
            self._attempts.cancelled()  # which says nothing of a call that has ended
            _close(parts)

    async def _aparts(
        self, route: Route, parts: AsyncGenerator[Any, None], ask: Callable[[Route], Awaitable[Any]]
    ) -> AsyncGenerator[Any, None]:
        """Read a stream, and another model's where it fails before its content."""
        held = HeldParts(self._attempts)
        try:
            while True:
                try:
                    part = await self._awithin(anext(parts, END))
                    if part is END:
                        self._refuse_withheld(route, held.latest)
                        break
                except Exception as error:  # noqa: BLE001
                    moves = await self._attempts.afailed(error, _withheld_usage(error, route))
                else:
                    for each in held.taken(part):
                        yield each
                    continue
                if not moves:
                    raise self._failed()
                await parts.aclose()
                route, parts = await self._aopened(ask)
                held = HeldParts(self._attempts)
            for each in held.left():
                yield each
            self._answered(route, held.latest)
        finally:
            self._attempts.cancelled()
            await parts.aclose()

    def _route(self) -> Route:
        """Return the route to the model that is asked now, and publish that the call goes there."""
        decision, decision_id = self._attempts.decision, self._attempts.decision_id
        models = self._models.by_name
        if decision is not self._published:
            self._routing.publish(models, self._decided, decision, instead_of=self._published)
            self._published = decision
        metadata = {**decision.as_metadata(), "source": self._decided.question.source}
        if decision_id is not None:
            metadata["decision_id"] = decision_id
        return Route(models[decision.model], metadata, self._models)

    def _within(self, call: Callable[[], Any]) -> Any:
        with self._attempts.asking():
            return self._rules.within(call, self._attempts.timeout_s)

    async def _awithin(self, call: Awaitable[Any]) -> Any:
        with self._attempts.asking():
            return await awithin_seconds(call, self._attempts.timeout_s)

    def _refuse_withheld(self, route: Route, output: Iterable[Any]) -> None:
        """Raise an answer that its provider kept back, where another model may still be asked instead."""
        rule = self._rules.resilience
        if rule is None or not rule.refusals or not self._attempts.can_move_on:
            return
        if is_withheld(finish_reason_of(responses_of(output, route.responses))):
            raise WithheldAnswerError(
                "an answer must not be withheld where refusals move on, and its provider kept it back"
            )

    def _failed(self) -> BaseException:
        """Return what the call ends with, whose conversation is kept with no model."""
        self._routing.release(self._decided)
        return self._attempts.error

    def _answered(self, route: Route, output: Iterable[Any]) -> None:
        """Say that the call is answered, and by whom."""
        decision, responses = self._attempts.decision, responses_of(output, route.responses)
        facts = facts_of(responses)
        self._routing.keep(self._decided, decision)
        if responses:
            name = route.answered_by(responses[-1], route.asked[-1] if route.asked else None)
            decision = decision if name == decision.model else replace(decision, model=name)
        self._attempts.answered(
            facts.usage,
            decision=decision,
            provider_model=facts.provider_model,
            fingerprint=facts.fingerprint,
            answer=text_of(responses[-1]) if responses and self._rules.wants_answers else None,
        )

    def _ending(self, parts: Any) -> Any:
        """Return a stream that ends the call also where nobody ever reads it."""
        weakref.finalize(parts, self._attempts.cancelled).atexit = False
        return parts


def _asked(route: Route, ask: Callable[[Route], Any]) -> Any:
    with route:
        return ask(route)


async def _aasked(route: Route, ask: Callable[[Route], Awaitable[Any]]) -> Any:
    with route:
        return await ask(route)


def _withheld_usage(error: Exception, route: Route) -> TokenUsage | None:
    """Return the tokens of an answer that was kept back: its provider bills it."""
    return facts_of(route.responses).usage if isinstance(error, WithheldAnswerError) else None


def _close(parts: Generator[Any, None, None]) -> None:
    if (
        inspect.getgeneratorstate(parts) != inspect.GEN_RUNNING
    ):  # one that was given up ends in the thread in which it is
        parts.close()
