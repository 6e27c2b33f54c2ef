"""The decision alone, for conditional edges and branches.

LangChain's own `RouterRunnable` is something else: it looks its `key` up.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from langchain_core.messages import BaseMessage, convert_to_messages
from langchain_core.prompt_values import PromptValue
from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig
from typing_extensions import override

from langchain_routellm.memory import Memory, Thread
from langchain_routellm.override import conversation_of, request_of, runtime_specs
from langchain_routellm.policies import GivenPolicy, made_policy
from langchain_routellm.query import QuestionFinder, RouteOn, Strip, check_routing
from langchain_routellm.routing import BAD_INPUT
from langchain_routellm.templates import named_values, watch_templates
from shared_router import (
    ROUTER_TIMEOUT_S,
    GivenExploration,
    GivenThreshold,
    Guard,
    OnRouterError,
    Router,
    RoutingDecision,
    RoutingRequest,
    Sticky,
    Tier,
    seeded_exploration,
)

Asked = tuple[RoutingRequest, Thread]


class RouteLLMRouter(Runnable[Any, RoutingDecision]):
    """Say where a request should go, and go nowhere: for conditional edges and branches.

    The input is a text, messages, a prompt value, or a state with `"messages"`; for anything else give
    `route_on`. The output's `model` is `"strong"` or `"weak"`:
    `graph.add_conditional_edges("start", RouteLLMRouter() | (lambda decision: decision.model))`.

    Args:
        policy: A policy or the path of its file (see `RoutingPolicy.save`), in the place of the six
            arguments after it; the output's `model` is then one of its `models`.
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]; higher is cheaper. None takes the router's own.
        strong_fraction: In place of a threshold, the share of questions to send strong, in [0, 1], by the
            router's `score_quantiles_`.
        router_timeout: How long a router that blocks may take, in seconds, or None; see `RoutingPolicy`.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash that pins a router given by name or folder, or a policy file; what `save`
            returned.
        explore: The share of decisions by score that are drawn by lot, in [0, 0.05]; see `RoutingPolicy`.
        explore_seed: Draws the same lots in the same order.
        guard: What may veto a route, as in `RoutedChatModel`.
        on_guard_error: Where a request goes that the guard fails on.
        route_on: `"last_human"`, the user's last own words, or a function from the input to a text (or
            None where there is none).
        query_keys: The keys of the input that hold a question, best first.
        strip: As in `RoutedChatModel`.
        follow_ups: As in `RoutedChatModel`.
        sticky: Whether a conversation keeps its model: `"tool_loop"`, `"conversation"` or False.

    Raises:
        InvalidInputError: If an argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    def __init__(
        self,
        *,
        policy: GivenPolicy | None = None,
        router: str | Path | Router | None = None,
        threshold: GivenThreshold | None = None,
        strong_fraction: float | None = None,
        router_timeout: float | None = ROUTER_TIMEOUT_S,
        on_router_error: OnRouterError = "strong",
        on_no_query: Tier = "strong",
        on_no_coverage: str = "score",
        expected_sha256: str | None = None,
        explore: GivenExploration = 0.0,
        explore_seed: int | None = None,
        route_on: RouteOn = "last_human",
        query_keys: Sequence[str] | None = None,
        strip: Strip | None = None,
        follow_ups: bool = True,
        sticky: Sticky = "tool_loop",
        guard: Guard | None = None,
        on_guard_error: str = "strong",
    ) -> None:
        check_routing(route_on, sticky, query_keys, strip)
        if query_keys is not None:
            watch_templates()
        self.policy = made_policy(
            given_policy=policy,
            router=router,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            explore=seeded_exploration(explore, explore_seed),
            guard=guard,
            on_guard_error=on_guard_error,
        )
        self.finder = QuestionFinder(route_on, query_keys, strip, follow_ups)
        self.sticky = sticky
        self.memory = Memory()

    @property
    @override
    def config_specs(self) -> list[ConfigurableFieldSpec]:
        return runtime_specs()

    @override
    def invoke(self, input: Any, config: RunnableConfig | None = None, **kwargs: Any) -> RoutingDecision:
        # LangChain finds out which of input, run manager and config a function takes; its types do not
        return self._call_with_config(self.decide, input, config)  # type: ignore[arg-type]

    @override
    async def ainvoke(
        self, input: Any, config: RunnableConfig | None = None, **kwargs: Any
    ) -> RoutingDecision:
        return await self._acall_with_config(self.adecide, input, config)  # type: ignore[arg-type]

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

    def request(self, value: Any, config: RunnableConfig) -> tuple[RoutingRequest, Thread]:
        """Return what the policy must know of an input, and what its conversation goes on with.

        Raises:
            InvalidInputError: If the input is no conversation and nothing says where its question is.
        """
        messages = _messages_in(value)
        name = conversation_of(config)
        thread = self.memory.thread(messages or [], self.sticky, by_words=True, name=name)
        question, conversation, said = thread.first_question, None, None
        if question is None:
            question = self.finder.in_value(value, messages, config)
            if self.finder.route_on == "last_human":
                conversation = partial(self.finder.conversation, messages or (), config, value)
        elif self.policy.guard is not None:
            said = self.finder.in_value(value, messages, config)
        request = request_of(question, thread.model, config, messages=conversation)
        request = request if said is None else replace(request, said=said)
        models = self.policy.models
        return thread.leaning(request, self.sticky, messages or [], models=models, prices={}), thread

    def decide(self, value: Any, config: RunnableConfig) -> RoutingDecision:
        """Decide where an input goes, without a run of its own."""
        request, thread = self.request(value, config)
        decision = self.policy.decide(request)
        thread.keep(decision.model)
        return decision

    async def adecide(self, value: Any, config: RunnableConfig) -> RoutingDecision:
        """Decide like `decide`, off the event loop where scoring can block it."""
        request, thread = self.request(value, config)
        decision = await self.policy.adecide(request)
        thread.keep(decision.model)
        return decision

    def _decide_each(self, values: list[Any], config: list[RunnableConfig]) -> list[Any]:
        asked = self._requests(values, config)
        return _in_place(asked, self.policy.decide_each(_valid(asked)))

    async def _adecide_each(self, values: list[Any], config: list[RunnableConfig]) -> list[Any]:
        asked = self._requests(values, config)
        return _in_place(asked, await self.policy.adecide_each(_valid(asked)))

    def _requests(self, values: list[Any], configs: list[RunnableConfig]) -> list[Asked | Exception]:
        requests: list[Asked | Exception] = []
        for value, config in zip(values, configs, strict=True):
            try:
                requests.append(self.request(value, config))
            except BAD_INPUT as error:
                requests.append(error)
        return requests


def _messages_in(value: Any) -> list[BaseMessage] | None:
    """Return the conversation in an input, or None where it holds none."""
    value = named_values(value).get("messages", value)
    if isinstance(value, str | BaseMessage):
        value = [value]
    if isinstance(value, PromptValue | Sequence):
        return convert_to_messages(value)
    return None


def _valid(asked: list[Asked | Exception]) -> list[RoutingRequest]:
    return [each[0] for each in asked if not isinstance(each, Exception)]


def _in_place(
    asked: list[Asked | Exception], outcomes: list[RoutingDecision | Exception]
) -> list[RoutingDecision | Exception]:
    following = iter(outcomes)
    placed: list[RoutingDecision | Exception] = []
    for each in asked:
        outcome = each if isinstance(each, Exception) else next(following)
        if not isinstance(each, Exception) and isinstance(outcome, RoutingDecision):
            each[1].keep(outcome.model)
        placed.append(outcome)
    return placed
