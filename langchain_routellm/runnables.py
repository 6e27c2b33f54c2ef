"""Two whole chains, or more, of which one runs.

`RoutedChatModel` is the one to prefer wherever the ways differ in their model alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from langchain_core.runnables import ConfigurableFieldSpec, Runnable, RunnableConfig
from langchain_core.runnables.base import RunnableLike, coerce_to_runnable
from langchain_core.runnables.utils import get_unique_config_specs
from typing_extensions import override

from langchain_routellm.asking import call_rules
from langchain_routellm.calls import Call
from langchain_routellm.children import named_models
from langchain_routellm.metadata import NO_BILL
from langchain_routellm.override import runtime_specs
from langchain_routellm.policies import GivenPolicy, check_models
from langchain_routellm.query import RouteOn, Strip
from langchain_routellm.routers import RouteLLMRouter
from langchain_routellm.routing import RoutedBatches
from shared_router import (
    ROUTER_TIMEOUT_S,
    GivenExploration,
    GivenThreshold,
    Guard,
    InvalidInputError,
    Observer,
    OnRouterError,
    Resilience,
    Router,
    RoutingPolicy,
    Sticky,
    Tier,
)


class RoutedRunnable(RoutedBatches[Any, Any]):
    """Two chains that are one: each input runs through the strong or the weak one, whole.

    For where the two ways differ in more than their model: another prompt, a retriever, a whole agent.
    The chosen chain's run is the only run, with the decision in its metadata and in that of every run
    inside it. A message that the chain returns carries the decision as a `RoutedChatModel`'s does.

    Args:
        strong: The chain whose answers are better: a Runnable, a function or a mapping of them.
        weak: The chain whose answers are cheaper, likewise.
        models: All chains by name, in the place of the two; with a `policy` over the names.
        policy: As in `RouteLLMRouter`, like what follows.
        router: A router, or the name or folder of one.
        threshold: The cost threshold, in [0, 1].
        strong_fraction: The share of inputs to send strong, in place of a threshold.
        router_timeout: How long the router may take.
        on_router_error: Where an input goes whose router fails.
        on_no_query: Where an input without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash that pins a router given by name or folder.
        explore: The share of decisions by score that are drawn by lot, in [0, 0.05]; see `RoutingPolicy`.
        explore_seed: Draws the same lots in the same order.
        route_on: What in the input is routed on.
        query_keys: The keys of the input that hold a question, such as `["question"]`, best first.
        strip: As in `RoutedChatModel`.
        follow_ups: As in `RoutedChatModel`.
        sticky: Whether a conversation keeps its chain.
        resilience: When another chain is asked, as in `RoutedChatModel`: a chain that fails half way is run
            anew as the other one.
        observers: As in `RoutedChatModel`.
        guard: What may veto a route, as in `RoutedChatModel`.
        on_guard_error: Where an input goes that the guard fails on.

    Raises:
        InvalidInputError: If a chain is none, or another argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    def __init__(
        self,
        *,
        strong: RunnableLike[Any, Any] | None = None,
        weak: RunnableLike[Any, Any] | None = None,
        models: Mapping[str, RunnableLike[Any, Any]] | None = None,
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
        resilience: Resilience | None = None,
        observers: Sequence[Observer | str | Path] = (),
        guard: Guard | None = None,
        on_guard_error: str = "strong",
    ) -> None:
        named = named_models(strong, weak, models)
        self.chains = {name: _chain(name, chain) for name, chain in named.items()}
        self.router = RouteLLMRouter(
            policy=policy,
            router=router,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            explore=explore,
            explore_seed=explore_seed,
            route_on=route_on,
            query_keys=query_keys,
            strip=strip,
            follow_ups=follow_ups,
            sticky=sticky,
            guard=guard,
            on_guard_error=on_guard_error,
        )
        check_models(self.policy, self.chains)
        self.call_rules = call_rules(
            self.policy, self.chains, NO_BILL, resilience=resilience, observers=observers
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
        request, thread = self.router.request(model_input, config)
        return Call(model_input, config, kwargs, self.chains, request, NO_BILL, thread, rules=self.call_rules)


def _chain(name: str, chain: Any) -> Runnable[Any, Any]:
    try:
        return cast("Runnable[Any, Any]", coerce_to_runnable(chain))
    except TypeError as error:
        raise InvalidInputError(
            f"{name} must be a Runnable, a function or a mapping of them, got {type(chain).__name__}"
        ) from error
