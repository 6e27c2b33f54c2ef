"""Routing outside a chat model: the decision alone, and two whole chains of which one runs.

`RoutedChatModel` is the one to prefer wherever the two ways differ in their model alone. LangChain's own
`RouterRunnable` is something else: it looks its `key` up.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, cast

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableLike, coerce_to_runnable
from langchain_core.runnables.utils import get_unique_config_specs
from typing_extensions import override

from langchain_routellm.calls import Call
from langchain_routellm.override import request_of, runtime_specs
from langchain_routellm.query import RouteOn, check_routing, question_of
from langchain_routellm.routing import BAD_INPUT, RoutedBatches
from shared_router import (
    InvalidInputError,
    OnRouterError,
    Router,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    Sticky,
    Tier,
)


class RouteLLMRouter(Runnable[Any, RoutingDecision]):
    """Say where a request should go, and go nowhere: for conditional edges and branches.

    The input is a text, messages, a prompt value, or a state with `"messages"`; for anything else give
    `route_on`. The output's `model` is `"strong"` or `"weak"`:
    `graph.add_conditional_edges("start", RouteLLMRouter() | (lambda decision: decision.model))`.

    Args:
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]; higher is cheaper. None takes the router's own.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes.
        route_on: `"last_human"`, the user's last own words, or a function from the input to a text (or
            None where there is none).
        sticky: Whether a conversation keeps its model: `"tool_loop"`, `"conversation"` or False.

    Raises:
        InvalidInputError: If an argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    def __init__(
        self,
        *,
        router: str | Router | None = None,
        threshold: float | None = None,
        on_router_error: OnRouterError = "strong",
        on_no_query: Tier = "strong",
        route_on: RouteOn = "last_human",
        sticky: Sticky = "tool_loop",
    ) -> None:
        check_routing(route_on, sticky)
        self.policy = RoutingPolicy(
            router, threshold=threshold, on_router_error=on_router_error, on_no_query=on_no_query
        )
        self.route_on = route_on
        self.sticky = sticky

    @property
    @override
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        return runtime_specs()

    @override
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> RoutingDecision:
        # LangChain finds out which of input, run manager and config a function takes; its types do not
        return self._call_with_config(self._decide, input, config)  # type: ignore[arg-type]

    @override
    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RoutingDecision:
        return await self._acall_with_config(self._adecide, input, config)  # type: ignore[arg-type]

    @override
    def batch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[RoutingDecision]:
        return self._batch_with_config(
            self._decide_each,  # type: ignore[arg-type]
            inputs,
            config,
            return_exceptions=return_exceptions,
        )

    @override
    async def abatch(
        self, inputs: list[Any], config: Any = None, *, return_exceptions: bool = False, **kwargs: Any
    ) -> list[RoutingDecision]:
        return await self._abatch_with_config(
            self._adecide_each,  # type: ignore[arg-type]
            inputs,
            config,
            return_exceptions=return_exceptions,
        )

    def request(self, value: Any, config: RunnableConfig) -> RoutingRequest:
        """Return what the policy must know of an input.

        Raises:
            QueryError: If the input holds no message.
            InvalidInputError: If the input is no conversation and no `route_on` says where its question is.
        """
        messages = _messages_in(value)
        if messages is None and self.route_on == "last_human":
            raise InvalidInputError(
                'the input must be a text, messages or a state with "messages", got '
                f'{type(value).__name__}; give route_on=itemgetter("question") or the like'
            )
        question = question_of(messages if self.route_on == "last_human" else value, self.route_on)
        return request_of(question, messages or [], config.get("configurable") or {}, self.sticky)

    def _decide(self, value: Any, config: RunnableConfig) -> RoutingDecision:
        return self.policy.decide(self.request(value, config))

    async def _adecide(self, value: Any, config: RunnableConfig) -> RoutingDecision:
        return await self.policy.adecide(self.request(value, config))

    def _decide_each(self, values: list[Any], config: list[RunnableConfig]) -> list[Any]:
        requests = self._requests(values, config)
        return _in_place(requests, self.policy.decide_each(_valid(requests)))

    async def _adecide_each(self, values: list[Any], config: list[RunnableConfig]) -> list[Any]:
        requests = self._requests(values, config)
        return _in_place(requests, await self.policy.adecide_each(_valid(requests)))

    def _requests(self, values: list[Any], configs: list[RunnableConfig]) -> list[RoutingRequest | Exception]:
        requests: list[RoutingRequest | Exception] = []
        for value, config in zip(values, configs, strict=True):
            try:
                requests.append(self.request(value, config))
            except BAD_INPUT as error:
                requests.append(error)
        return requests


class RoutedRunnable(RoutedBatches[Any, Any]):
    """Two chains that are one: each input runs through the strong or the weak one, whole.

    For where the two ways differ in more than their model: another prompt, a retriever, a whole agent.
    The chosen chain's run is the only run, with the decision in its metadata and in that of every run
    inside it. A message that the chain returns carries the decision as a `RoutedChatModel`'s does.

    Args:
        strong: The chain whose answers are better: a Runnable, a function or a mapping of them.
        weak: The chain whose answers are cheaper, likewise.
        router: As in `RouteLLMRouter`, like what follows.
        threshold: The cost threshold, in [0, 1].
        on_router_error: Where an input goes whose router fails.
        on_no_query: Where an input without a question goes.
        route_on: What in the input is routed on.
        sticky: Whether a conversation keeps its chain.

    Raises:
        InvalidInputError: If a chain is none, or another argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    def __init__(
        self,
        *,
        strong: RunnableLike[Any, Any],
        weak: RunnableLike[Any, Any],
        router: str | Router | None = None,
        threshold: float | None = None,
        on_router_error: OnRouterError = "strong",
        on_no_query: Tier = "strong",
        route_on: RouteOn = "last_human",
        sticky: Sticky = "tool_loop",
    ) -> None:
        self.chains = {"strong": _chain("strong", strong), "weak": _chain("weak", weak)}
        self.router = RouteLLMRouter(
            router=router,
            threshold=threshold,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            route_on=route_on,
            sticky=sticky,
        )

    @property
    @override
    def policy(self) -> RoutingPolicy:
        return self.router.policy

    @property
    @override
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        of_chains = [spec for chain in self.chains.values() for spec in chain.config_specs]
        return get_unique_config_specs([*runtime_specs(), *of_chains])

    @override
    def _call(
        self, model_input: Any, config: RunnableConfig, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        if stop is not None:
            kwargs["stop"] = stop
        return Call(model_input, config, kwargs, self.chains, self.router.request(model_input, config), {})


def _messages_in(value: Any) -> list[BaseMessage] | None:
    """Return the conversation in an input, or None where it holds none."""
    if isinstance(value, Mapping):
        value = value.get("messages")
    if isinstance(value, str | BaseMessage):
        value = [value]
    if isinstance(value, PromptValue | Sequence):
        return convert_to_messages(value)
    return None


def _valid(requests: list[RoutingRequest | Exception]) -> list[RoutingRequest]:
    return [request for request in requests if isinstance(request, RoutingRequest)]


def _in_place(
    requests: list[RoutingRequest | Exception], outcomes: list[RoutingDecision | Exception]
) -> list[RoutingDecision | Exception]:
    following = iter(outcomes)
    return [request if isinstance(request, Exception) else next(following) for request in requests]


def _chain(name: str, chain: Any) -> Runnable[Any, Any]:
    try:
        return cast("Runnable[Any, Any]", coerce_to_runnable(chain))
    except TypeError as error:
        raise InvalidInputError(
            f"{name} must be a Runnable, a function or a mapping of them, got {type(chain).__name__}"
        ) from error
