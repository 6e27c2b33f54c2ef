"""What everything routed has in common: a policy that decides, and calls that go where it says.

The chosen one's run is the only run. A wrapper that opens a run of its own around it has usage counted
twice, tokens streamed twice, and, where it is a chat model, a cache that serves one model's answer for
the other's. LangChain's guide to custom chat models, which overrides `_generate` alone, leads there.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import aclosing
from typing import Any, cast

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config, get_config_list
from langchain_core.runnables.utils import Input, Output
from typing_extensions import override

from langchain_routellm.asking import aasked, aasked_each, asked, asked_each
from langchain_routellm.batches import SharedBatch
from langchain_routellm.calls import Call, DecidedCall, RefusedCall, RoutedCall, decided
from langchain_routellm.carrying import carried
from shared_router import RouterError, RoutingDecision, RoutingPolicy, RoutingRequest

# What LangChain raises of an input that is no messages, and what we raise of a request against the rules.
BAD_INPUT = (ValueError, TypeError, NotImplementedError, RouterError)

Configs = RunnableConfig | Sequence[RunnableConfig] | None
Turn = DecidedCall | RefusedCall


class Routed(Runnable[Input, Output]):
    """A Runnable whose calls are routed once and then are the chosen one's own, and so is their only run."""

    @property
    @abstractmethod
    def policy(self) -> RoutingPolicy:
        """What decides."""

    @abstractmethod
    def _call(
        self, model_input: Any, config: RunnableConfig, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        """Return a call, ready to be decided, under a config that is complete."""

    def _route(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if isinstance(model_input, DecidedCall | RefusedCall):
            turn = model_input.in_its_turn()
            return self._sent(turn.call, turn.decision)
        call = self._complete_call(model_input, config, stop, kwargs)
        if call.rules is not None:
            call = asked(call, call.rules)
        return self._sent(call, self.policy.decide(call.request))

    async def _aroute(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if isinstance(model_input, DecidedCall | RefusedCall):
            turn = model_input.in_its_turn()
            return await self._asent(turn.call, turn.decision)
        call = self._complete_call(model_input, config, stop, kwargs)
        if call.rules is not None:
            call = await aasked(call, call.rules)
        return await self._asent(call, await self.policy.adecide(call.request))

    def _complete_call(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        return self._call(model_input, ensure_config(config), stop, kwargs)

    def _sent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        """Send a call where it was decided to go; a subclass may ask for more first."""
        return call.to(decision) if call.asked is None else carried(call, decision)

    async def _asent(self, call: Call, decision: RoutingDecision) -> RoutedCall:
        """Send a call like `_sent`, without holding up the event loop."""
        return self._sent(call, decision)

    def _route_stream(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        """Route a call whose answer is read as it is written."""
        return self._route(model_input, config, stop, kwargs)

    async def _aroute_stream(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        """Route a stream like `_route_stream`, without holding up the event loop."""
        return await self._aroute(model_input, config, stop, kwargs)

    @override
    def invoke(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Output:
        call = self._route(input, config, stop, kwargs)
        try:
            answer = call.model.invoke(call.input, call.config, **call.kwargs)
        except Exception:
            call.decision_metadata.release()
            raise
        return cast("Output", call.decision_metadata.add_to(answer))

    @override
    async def ainvoke(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Output:
        call = await self._aroute(input, config, stop, kwargs)
        try:
            answer = await call.model.ainvoke(call.input, call.config, **call.kwargs)
        except Exception:
            call.decision_metadata.release()
            raise
        return cast("Output", call.decision_metadata.add_to(answer))

    @override
    def stream(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> Iterator[Any]:
        call = self._route_stream(input, config, stop, kwargs)
        yield from call.decision_metadata.add_to_stream(
            call.model.stream(call.input, call.config, **call.kwargs)
        )

    @override
    async def astream(
        self,
        input: Input,
        config: RunnableConfig | None = None,
        *,
        stop: list[str] | None = None,
        **kwargs: Any,
    ) -> AsyncIterator[Any]:
        call = await self._aroute_stream(input, config, stop, kwargs)
        chunks = call.decision_metadata.add_to_async_stream(
            call.model.astream(call.input, call.config, **call.kwargs)
        )
        async with aclosing(chunks):
            async for chunk in chunks:
                yield chunk


class RoutedBatches(Routed[Input, Output]):
    """One scoring pass for a whole batch: a router that is a neural network sees it once.

    Then each child answers its share by its own `batch`; `batch_as_completed` makes each input a call of
    its own, as LangChain does, because answers come in the order in which they are ready.
    """

    @override
    def batch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[Any]:
        calls, configs = self._calls(inputs, config, kwargs)
        if not calls:
            return []
        calls = asked_each(calls)
        turns = decided(calls, self.policy.decide_each(_requests(calls)))
        return self._batched(turns, configs, return_exceptions)

    @override
    async def abatch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[Any]:
        calls, configs = self._calls(inputs, config, kwargs)
        if not calls:
            return []
        calls = await aasked_each(calls)
        turns = decided(calls, await self.policy.adecide_each(_requests(calls)))
        return await self._abatched(turns, configs, return_exceptions)

    @override
    def batch_as_completed(
        self, inputs: Sequence[Any], config: Configs = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> Iterator[tuple[int, Any]]:
        calls, configs = self._calls(inputs, config, kwargs)
        calls = asked_each(calls)
        turns: list[Any] = decided(calls, self.policy.decide_each(_requests(calls)))
        yield from super().batch_as_completed(turns, configs, return_exceptions=return_exceptions)  # type: ignore[call-overload]

    @override
    async def abatch_as_completed(
        self, inputs: Sequence[Any], config: Configs = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        calls, configs = self._calls(inputs, config, kwargs)
        calls = await aasked_each(calls)
        turns: list[Any] = decided(calls, await self.policy.adecide_each(_requests(calls)))
        answers = super().abatch_as_completed(turns, configs, return_exceptions=return_exceptions)  # type: ignore[call-overload]
        async for answer in answers:
            yield answer

    def _batched(
        self, turns: list[Turn], configs: list[RunnableConfig], return_exceptions: bool
    ) -> list[Any]:
        return SharedBatch(self._all_sent(turns), configs[0], return_exceptions).run()

    async def _abatched(
        self, turns: list[Turn], configs: list[RunnableConfig], return_exceptions: bool
    ) -> list[Any]:
        return await SharedBatch(self._all_sent(turns), configs[0], return_exceptions).arun()

    def _all_sent(self, turns: Sequence[Turn]) -> list[RoutedCall | RefusedCall]:
        return [
            turn if isinstance(turn, RefusedCall) else self._sent(turn.call, turn.decision) for turn in turns
        ]

    def _calls(
        self, inputs: Sequence[Any], config: Configs, kwargs: dict[str, Any]
    ) -> tuple[list[Call | RefusedCall], list[RunnableConfig]]:
        configs = get_config_list(config, len(inputs))
        stop = kwargs.pop("stop", None)
        calls: list[Call | RefusedCall] = []
        for each, own_config in zip(inputs, configs, strict=True):
            try:
                calls.append(self._call(each, own_config, stop, dict(kwargs)))
            except BAD_INPUT as error:
                calls.append(RefusedCall(error))
        return calls, configs


def _requests(calls: Sequence[Call | RefusedCall]) -> list[RoutingRequest]:
    return [call.request for call in calls if isinstance(call, Call)]
