"""A decided call under rules: asked again of another model where one is down, within time, told to observers.

It stands where the chosen child would, so that every entry point calls it as it calls a child. What is read
of a model is handed on once it holds content: until then another model can be asked, and nobody has seen a
piece of what the first one wrote.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing
from functools import partial
from typing import Any, TypeVar, cast

from langchain_core.runnables import Runnable, RunnableConfig
from typing_extensions import override

from langchain_routellm.attempt import Attempt
from langchain_routellm.calls import Call, RoutedCall
from langchain_routellm.first_content import apieces, pieces
from langchain_routellm.metadata import DecisionMetadata
from langchain_routellm.shadows import offer_ashadow, offer_shadow
from shared_router import (
    AskedCall,
    Attempts,
    CallRules,
    EmptyAnswerError,
    RoutingDecision,
    TokenUsage,
    WithheldAnswerError,
    awithin_seconds,
)

T = TypeVar("T")

ANSWERED = (EmptyAnswerError, WithheldAnswerError)
"""Errors that hold an answer: its provider bills it, and it is given back where no other model answers."""


def carried(call: Call, decision: RoutingDecision) -> RoutedCall:
    """Return a decided call that is made under its rules."""
    about = AlreadyTold({"model": decision.model})
    return RoutedCall(Carried(call, decision, about), call.input, call.config, call.kwargs, about)


class AlreadyTold(DecisionMetadata):
    """Add nothing to an answer: who carried the call has written the decision on it."""

    __slots__ = ()

    @override
    def add_to(self, output: Any) -> Any:
        return output

    @override
    def add_to_chunk(self, chunk: Any) -> Any:
        return chunk


class Carried(Runnable[Any, Any]):
    """Answer one call by the first of its models that can.

    Args:
        call: The call, asked under its rules.
        decision: Where the policy sent it.
        about: What says in the end which model answered.
    """

    def __init__(self, call: Call, decision: RoutingDecision, about: AlreadyTold) -> None:
        self.call = call
        self.decision = decision
        self.about = about

    def run(self, ask: Callable[[RoutedCall], T]) -> T:
        """Return what a model returns, with the decision on it where it is a message or holds one.

        Args:
            ask: Asks the model of the call that it is given.
        """
        attempts = self._begin()
        attempt: Attempt | None = None
        while True:
            try:
                attempt = self._attempt(attempts, attempt)
                with attempts.asking():
                    output = self._rules.within(partial(ask, attempt.routed), attempt.limit_s)
                answer: T = attempt.answer(output)
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                if not attempts.failed(*judged(error, attempt)):
                    self._release()
                    return cast("T", given_back(attempts.error))
            except BaseException:
                attempts.cancelled()
                raise
            else:
                self.about.decision = attempt.end()
                return answer

    async def arun(self, ask: Callable[[RoutedCall], Awaitable[T]]) -> T:
        """Return what `run` returns, without holding up the event loop."""
        attempts = await self._abegin()
        attempt: Attempt | None = None
        while True:
            try:
                attempt = await self._aattempt(attempts, attempt)
                with attempts.asking():
                    output = await awithin_seconds(ask(attempt.routed), attempts.timeout_s)
                answer: T = attempt.answer(output)
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                if not await attempts.afailed(*judged(error, attempt)):
                    self._release()
                    return cast("T", given_back(attempts.error))
            except BaseException:
                attempts.cancelled()
                raise
            else:
                self.about.decision = attempt.end()
                return answer

    @override
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return self.run(lambda routed: routed.model.invoke(routed.input, routed.config, **routed.kwargs))

    @override
    async def ainvoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        return await self.arun(
            lambda routed: routed.model.ainvoke(routed.input, routed.config, **routed.kwargs)
        )

    @override
    def stream(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Iterator[Any]:
        attempts = self._begin()
        attempt: Attempt | None = None
        while True:
            try:
                attempt = self._attempt(attempts, attempt)
                yield from pieces(attempt, attempts, self._rules)
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                if not attempts.failed(*judged(error, attempt)):
                    self._release()
                    yield from given_back(attempts.error)
                    return
            except BaseException:
                attempts.cancelled()
                raise
            else:
                self.about.decision = attempt.end()
                return

    @override
    async def astream(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> AsyncIterator[Any]:
        attempts = await self._abegin()
        attempt: Attempt | None = None
        while True:
            try:
                attempt = await self._aattempt(attempts, attempt)
                read: AsyncGenerator[Any, None]
                async with aclosing(apieces(attempt, attempts)) as read:
                    async for piece in read:
                        yield piece
            # whatever a provider raises: the rules say whether it moves on
            except Exception as error:  # noqa: BLE001
                if not await attempts.afailed(*judged(error, attempt)):
                    self._release()
                    for piece in given_back(attempts.error):
                        yield piece
                    return
            except BaseException:
                attempts.cancelled()
                raise
            else:
                self.about.decision = attempt.end()
                return

    @override
    def stream_events(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> Any:
        from langchain_routellm.event_streams import stream_of

        return stream_of(self.stream(input, config))

    @override
    async def astream_events(  # type: ignore[override]
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> Any:
        from langchain_routellm.event_streams import astream_of

        return astream_of(self.astream(input, config))

    def _begin(self) -> Attempts:
        attempts = self._asked.begin(self.decision, self.call.decided_s)
        offer_shadow(self.call, attempts)
        return attempts

    async def _abegin(self) -> Attempts:
        attempts = await self._asked.abegin(self.decision, self.call.decided_s)
        offer_ashadow(self.call, attempts)
        return attempts

    def _attempt(self, attempts: Any, before: Attempt | None) -> Attempt:
        """Return the next attempt, after one that failed or as the first."""
        return Attempt.of(self.call, attempts, is_first=before is None)

    async def _aattempt(self, attempts: Any, before: Attempt | None) -> Attempt:
        """Return the next attempt like `_attempt`, without holding up the event loop."""
        return self._attempt(attempts, before)

    def _release(self) -> None:
        """Let the conversation's next turn go anywhere: no model has answered this one."""
        self.call.thread.release()

    @property
    def _asked(self) -> AskedCall:
        if self.call.asked is None:
            raise TypeError("a carried call must have been asked under its rules")
        return self.call.asked

    @property
    def _rules(self) -> CallRules:
        return self._asked.rules


def judged(error: Exception, attempt: Attempt | None) -> tuple[Exception, TokenUsage | None]:
    """Return what an error means, and the tokens of the answer that it is about.

    Args:
        error: What a model, or who reads its answer, raised.
        attempt: The attempt, where it has begun; it is seen who has read some of an answer that failed.
    """
    if attempt is None:
        return error, None
    attempt.see_listeners()
    error = attempt.over_no_answer(error)
    return error, attempt.facts.tokens if isinstance(error, ANSWERED) else None


def given_back(error: BaseException) -> Any:
    """Return the answer that was empty or withheld, where that is all there is; else raise the error.

    Raises:
        BaseException: The error, where it is another; what was raised over such an answer.
    """
    if isinstance(error, ANSWERED) and error.__cause__ is None:
        return error.answer
    raise (error.__cause__ or error) if isinstance(error, ANSWERED) else error
