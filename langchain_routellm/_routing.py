"""What everything routed has in common: a policy that decides, and calls that go where it says."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import AsyncIterator, Iterator, Sequence
from typing import Any

from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import get_config_list
from typing_extensions import override

from langchain_routellm._calls import Call, RefusedCall, RoutedCall, decided
from shared_router import RouterError, RoutingPolicy, RoutingRequest

# What LangChain raises of an input that is no messages, and what we raise of a request against the rules.
_BAD_INPUT = (ValueError, TypeError, NotImplementedError, RouterError)

Configs = RunnableConfig | Sequence[RunnableConfig] | None


class Routed(Runnable[Any, Any]):
    """A Runnable whose calls are routed; what a call is made of is the subclass's business."""

    @property
    @abstractmethod
    def policy(self) -> RoutingPolicy:
        """What decides."""

    @abstractmethod
    def _call(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        """Return a call, ready to be decided."""

    def _route(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if isinstance(model_input, RoutedCall | RefusedCall):
            return model_input.in_its_turn()
        call = self._call(model_input, config, stop, kwargs)
        return call.to(self.policy.decide(call.request))

    async def _aroute(
        self, model_input: Any, config: RunnableConfig | None, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> RoutedCall:
        if isinstance(model_input, RoutedCall | RefusedCall):
            return model_input.in_its_turn()
        call = self._call(model_input, config, stop, kwargs)
        return call.to(await self.policy.adecide(call.request))


class RoutedBatches(Routed):
    """One scoring pass for a whole batch, then each input is a call of its own, as LangChain makes them.

    The calls go through LangChain's own batching, so that `max_concurrency`, a config per input and
    `return_exceptions` mean what they mean everywhere; a router that is a neural network sees the batch
    once and not once an input.
    """

    @override
    def batch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[Any]:
        calls, configs = self._calls(inputs, config, kwargs)
        routed: list[Any] = decided(calls, self.policy.decide_each(_requests(calls)))
        return super().batch(routed, configs, return_exceptions=return_exceptions)

    @override
    async def abatch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[Any]:
        calls, configs = self._calls(inputs, config, kwargs)
        routed: list[Any] = decided(calls, await self.policy.adecide_each(_requests(calls)))
        return await super().abatch(routed, configs, return_exceptions=return_exceptions)

    @override
    def batch_as_completed(
        self, inputs: Sequence[Any], config: Configs = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> Iterator[tuple[int, Any]]:
        calls, configs = self._calls(inputs, config, kwargs)
        routed: list[Any] = decided(calls, self.policy.decide_each(_requests(calls)))
        yield from super().batch_as_completed(routed, configs, return_exceptions=return_exceptions)  # type: ignore[call-overload]

    @override
    async def abatch_as_completed(
        self, inputs: Sequence[Any], config: Configs = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> AsyncIterator[tuple[int, Any]]:
        calls, configs = self._calls(inputs, config, kwargs)
        routed: list[Any] = decided(calls, await self.policy.adecide_each(_requests(calls)))
        answers = super().abatch_as_completed(routed, configs, return_exceptions=return_exceptions)  # type: ignore[call-overload]
        async for answer in answers:
            yield answer

    def _calls(
        self, inputs: Sequence[Any], config: Configs, kwargs: dict[str, Any]
    ) -> tuple[list[Call | RefusedCall], list[RunnableConfig]]:
        configs = get_config_list(config, len(inputs))
        stop = kwargs.pop("stop", None)
        calls: list[Call | RefusedCall] = []
        for each, own_config in zip(inputs, configs, strict=True):
            try:
                calls.append(self._call(each, own_config, stop, dict(kwargs)))
            except _BAD_INPUT as error:
                calls.append(RefusedCall(error))
        return calls, configs


def _requests(calls: Sequence[Call | RefusedCall]) -> list[RoutingRequest]:
    return [call.request for call in calls if isinstance(call, Call)]
