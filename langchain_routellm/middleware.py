"""`RouteLLMMiddleware`: routing inside `create_agent`, for agents whose other middleware must know the model.

`create_agent(RoutedChatModel(...))` needs none of this and routes as well. The middleware puts the chosen
child itself into the request, so that middleware behind it sees, say, a `ChatAnthropic` and can set its
prompt caching. It needs the `agents` extra.
"""

from __future__ import annotations

import warnings
from collections.abc import Awaitable, Callable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Any, Literal

from typing_extensions import NotRequired, override

from langchain_routellm.answers import fallbacks_of
from langchain_routellm.asking import call_rules
from langchain_routellm.children import Child, checked_children
from langchain_routellm.memory import Memory
from langchain_routellm.outer_fallbacks import aunless_fallback, unless_fallback
from langchain_routellm.policies import GivenPolicy, policy_of
from langchain_routellm.prices import Prices
from langchain_routellm.query import QuestionFinder, RouteOn, Strip, check_routing
from langchain_routellm.reasoning import SignedReasoning, check_signed_reasoning
from shared_router import (
    ROUTER_TIMEOUT_S,
    Bill,
    Budget,
    GivenExploration,
    GivenThreshold,
    InvalidInputError,
    MissingExtraError,
    Observer,
    OnRouterError,
    Resilience,
    Router,
    RouterWarning,
    Sticky,
    Tier,
    seeded_exploration,
)

try:
    from langchain.agents.middleware.types import (
        AgentMiddleware,
        AgentState,
        ModelRequest,
        ModelResponse,
        PrivateStateAttr,
    )
    from langgraph.runtime import Runtime

    from langchain_routellm.agent_calls import Decision
    from langchain_routellm.agent_steps import AgentSteps
except ImportError as error:
    raise MissingExtraError.of("langchain", "agents") from error


class RoutedAgentState(AgentState[Any]):
    """An agent's state with the run's decision: plain values, which any checkpointer can keep."""

    routellm: NotRequired[Annotated[Decision, PrivateStateAttr]]


class RouteLLMMiddleware(AgentSteps, AgentMiddleware[RoutedAgentState, Any, Any]):
    """Answer each run of an agent, or each of its steps, with the strong or the weak model.

    It must stand before middleware that looks at the model, such as prompt caching: what stands before it
    sees the model that `create_agent` was given. It warns where it finds that caching came first. Each
    answer carries the decision as a `RoutedChatModel`'s does, and so does its run.

    Args:
        strong: The model whose answers are better.
        weak: The model whose answers are cheaper.
        models: All models by name, in the place of the two; with a `policy` over the names.
        policy: A policy or the path of its file, in the place of the arguments from `router` to
            `on_no_coverage`; see `RoutingPolicy.save`.
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]; higher is cheaper. None takes the router's own.
        strong_fraction: In place of a threshold, the share of questions to send strong, in [0, 1], by the
            router's `score_quantiles_`.
        router_timeout: How long a router that blocks may take, in seconds, or None; see `RoutingPolicy`.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash, of `save`, that pins a router given by name or folder, or a policy file.
        explore: The share of decisions by score that are drawn by lot, in [0, 0.05]; see `RoutingPolicy`.
        explore_seed: Draws the same lots in the same order.
        route_on: `"last_human"`, or a function from the messages to a text.
        strip: As in `RoutedChatModel`.
        follow_ups: As in `RoutedChatModel`.
        sticky: Whether a conversation keeps its model: `"tool_loop"`, `"conversation"` or False.
        signed_reasoning: As in `RoutedChatModel`.
        per: `"run"` decides once for all steps of a run; `"step"` before each call of the model, where
            `sticky` then says whether a tool loop may change models.
        resilience: As in `RoutedChatModel`; fallbacks of middleware behind this one go first.
        prices: What the models cost, by name; answers then tell their dollars.
        budget: What calls of the model may cost, as in `RoutedChatModel`; needs `prices`. With `per="run"` a
            run is decided by what its first step may cost, and each step is reserved for itself.
        observers: As in `RoutedChatModel`; they are told of each call of the model.

    Raises:
        InvalidInputError: If a child is missing or is no chat model, or another argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    state_schema = RoutedAgentState

    def __init__(
        self,
        *,
        strong: Child | str | None = None,
        weak: Child | str | None = None,
        models: Mapping[str, Child | str] | None = None,
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
        strip: Strip | None = None,
        follow_ups: bool = True,
        sticky: Sticky = "tool_loop",
        signed_reasoning: SignedReasoning = "strip",
        per: Literal["run", "step"] = "run",
        resilience: Resilience | None = None,
        prices: Prices | None = None,
        budget: Budget | Sequence[Budget] | None = None,
        observers: Sequence[Observer | str | Path] = (),
    ) -> None:
        super().__init__()
        check_routing(route_on, sticky, strip=strip)
        check_signed_reasoning(signed_reasoning)
        if not isinstance(per, str) or per not in ("run", "step"):
            raise InvalidInputError(
                f"per must be one of ['run', 'step'], got a {type(per).__name__} that is none of them"
            )
        self.children = checked_children(strong, weak, {}, models)
        self.policy = policy_of(
            policy,
            self.children,
            router=router,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            explore=seeded_exploration(explore, explore_seed),
        )
        self.finder = QuestionFinder(route_on, None, strip, follow_ups)
        self.memory = Memory()
        self.sticky = sticky
        self.signed_reasoning = signed_reasoning
        self.per = per
        self.bill = Bill(prices, self.policy.models, fallbacks_of(self.children))
        self.call_rules = call_rules(
            self.policy,
            self.children,
            self.bill,
            resilience=resilience,
            budget=budget,
            observers=observers,
        )
        self._warned = False
        self._bound = ([], None)

    @override
    def before_agent(self, state: RoutedAgentState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        return None if self.per == "step" else {"routellm": self._of_run(state["messages"])}

    @override
    async def abefore_agent(self, state: RoutedAgentState, runtime: Runtime[Any]) -> dict[str, Any] | None:
        return None if self.per == "step" else {"routellm": await self._aof_run(state["messages"])}

    @override
    @unless_fallback
    def wrap_model_call(
        self, request: ModelRequest[Any], handler: Callable[[ModelRequest[Any]], ModelResponse[Any]]
    ) -> ModelResponse[Any]:
        self._warn_of_caching(request)
        return self._step(request).carried(handler)

    @override
    @aunless_fallback
    async def awrap_model_call(
        self,
        request: ModelRequest[Any],
        handler: Callable[[ModelRequest[Any]], Awaitable[ModelResponse[Any]]],
    ) -> ModelResponse[Any]:
        self._warn_of_caching(request)
        return await (await self._astep(request)).acarried(handler)

    def _warn_of_caching(self, request: ModelRequest[Any]) -> None:
        if "cache_control" in request.model_settings and not self._warned:
            self._warned = True
            warnings.warn(
                "RouteLLMMiddleware must stand before caching middleware, got a request whose caching is "
                "set for another model; move it to the front of middleware=[...]",
                RouterWarning,
                stacklevel=3,
            )
