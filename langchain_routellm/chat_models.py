"""`RoutedChatModel`: two chat models that are one, at the cheaper one's price wherever it is enough."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, convert_to_messages
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.tools import BaseTool
from pydantic import BaseModel
from typing_extensions import override

from langchain_routellm.arguments import split_settings
from langchain_routellm.binding import bind_children
from langchain_routellm.calls import Call
from langchain_routellm.changes import first_and_last, make_call_rules
from langchain_routellm.children import Child, checked_children
from langchain_routellm.entry_points import EntryPoints
from langchain_routellm.fields import RoutedFields
from langchain_routellm.policies import GivenPolicy, GivenThreshold, check_models
from langchain_routellm.prices import Prices
from langchain_routellm.query import QuestionFinder, RouteOn, Strip, check_routing
from langchain_routellm.reasoning import SignedReasoning, check_signed_reasoning
from langchain_routellm.requests import call_of, with_own_settings
from langchain_routellm.routing import RoutedBatches
from langchain_routellm.templates import watch_templates
from shared_router import (
    ROUTER_TIMEOUT_S,
    Bill,
    Budget,
    GivenExploration,
    GivenPolicies,
    Guard,
    Observer,
    OnRouterError,
    Resilience,
    Router,
    Shadow,
    Sticky,
    Tier,
    observers_of,
    seeded_exploration,
)


class RoutedChatModel(RoutedFields, RoutedBatches[LanguageModelInput, AIMessage], EntryPoints):
    """A chat model that answers each request with the strong or the weak one of two.

    It is used as either of them is: alone, in a chain, in an agent, streaming, in batches, with tools and
    with structured output. The answer is the chosen model's, unchanged, with the decision in
    `response_metadata["routellm"]`; its run is the only run, with the decision in its metadata.

    One call is steered with `config={"configurable": {"routellm_threshold": 0.8}}` or
    `{"routellm_route": "strong"}`.

    Args:
        strong: The model whose answers are better: a chat model, a Runnable from messages to an AIMessage
            such as `model.with_fallbacks([...])`, or "provider:model" (with the `agents` extra).
        weak: The model whose answers are cheaper, likewise.
        policy: A policy or the path of its file (see `RoutingPolicy.save`), in the place of the next seven.
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]: strong iff `win_probability >= threshold`, so that
            higher is cheaper. None takes the router's own.
        strong_fraction: The share of questions to send strong, in place of a threshold.
        router_timeout: How long a router may take, in seconds, or None; see `RoutingPolicy`.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes, such as an image alone.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash, of `save`, that pins a router given by name or folder, or a policy file.
        explore: The share of decisions by score that are drawn by lot, in [0, 0.05]; see `RoutingPolicy`.
        explore_seed: Draws the same lots in the same order.
        guard: A function from the question to None, the name of the model that must answer, or an error that
            refuses the call; it goes before all else but what a model cannot do. See `RoutingPolicy`.
        on_guard_error: Where a request goes that the guard fails on, or `"score"`, or `"raise"`.
        route_on: What is routed on: `"last_human"`, the user's last own words, or a function from the
            messages to a text (or None where there is none).
        prices: What the models cost, by name, and a child's own fallbacks by the names of their models; a
            decision then says its answer's `dollars` too.
        query_keys: The variables of the prompt template before the model that hold a question, best first:
            `["question"]` routes on what was filled in for it and not on the template around it.
        strip: A function that takes a user's text and returns what the user wrote of it, for what your
            program puts around it; what well-known ones put there is taken out as it is.
        follow_ups: Whether "why?" or "yes, do it" is routed on with the question that it follows.
        sticky: Whether a model is kept: `"tool_loop"` until its tools are answered, `"conversation"`,
            `"upward"`, `"priced"` or a `Stickiness` of either, False.
        signed_reasoning: What happens to reasoning that another model signed or encrypted, which its
            provider refuses: `"strip"` takes it out, `"keep_model"` keeps to the model, `"send"` sends it.
        resilience: When another model is asked and how long to wait, a `Resilience`; None asks the chosen
            model alone, for as long as its own client waits.
        budget: What calls may cost, a `Budget` or several; needs `prices`.
        observers: What is told of each decision and of its call's end; a path is a `DecisionLog`'s.
        shadow: A `Shadow`: on which share of the calls the other model is asked too, where nobody waits for
            it, so that `routellm savings` can prove what routing saves; needs a `DecisionLog` in `observers`.
        would: A `RoutingPolicy`, or several by name, that each request is shown to where nobody waits: it
            goes where it goes, and the log says where they would have sent it.
        others: Fields of every chat model. `callbacks`, `tags` and `metadata` are added to the child's
            run; `disable_streaming`, `output_version`, `rate_limiter` and `verbose` are set on copies of
            the children. Anything else belongs on the children and is ignored with a warning.

    Raises:
        InvalidInputError: If a child is missing or is no chat model, or another argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

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
        query_keys: Sequence[str] | None = None,
        strip: Strip | None = None,
        follow_ups: bool = True,
        sticky: Sticky = "tool_loop",
        signed_reasoning: SignedReasoning = "strip",
        prices: Prices | None = None,
        guard: Guard | None = None,
        on_guard_error: str = "strong",
        resilience: Resilience | None = None,
        budget: Budget | Sequence[Budget] | None = None,
        observers: Sequence[Observer | str | Path] = (),
        shadow: Shadow | None = None,
        would: GivenPolicies | None = None,
        **others: Any,
    ) -> None:
        # Checked here and not in pydantic's validators, which would wrap our errors in theirs.
        check_routing(route_on, sticky, query_keys, strip, prices=prices)
        check_signed_reasoning(signed_reasoning)
        if query_keys is not None:
            watch_templates()
        rules: builtins.dict[str, Any] = {"router": router, "router_timeout": router_timeout}
        rules |= {"threshold": threshold, "strong_fraction": strong_fraction}
        rules |= {"on_router_error": on_router_error, "on_no_query": on_no_query}
        rules |= {"on_no_coverage": on_no_coverage, "expected_sha256": expected_sha256}
        rules |= {"explore": seeded_exploration(explore, explore_seed)}
        rules |= {"guard": guard, "on_guard_error": on_guard_error}
        rules |= {"given_policy": others.pop("given_policy", policy)}
        made = self._policy_of({**rules, **others})
        if rules["given_policy"] is not None:  # a file is read once, here
            rules |= {"given_policy": made, "expected_sha256": None, "guard": None}
        own, shared = split_settings(others, known=[*type(self).model_fields, "policy"])
        children: builtins.dict[str, Any] = checked_children(strong, weak, shared, models)
        if models is not None:
            children = {**first_and_last(children, made.models), "models": children}
        how: builtins.dict[str, Any] = {"route_on": route_on, "query_keys": query_keys, "strip": strip}
        how |= {"follow_ups": follow_ups, "sticky": sticky, "prices": prices}
        how |= {"signed_reasoning": signed_reasoning}
        how |= {"resilience": resilience, "budget": budget, "observers": observers_of(observers)}
        how |= {"shadow": shadow, "would": would}
        super().__init__(**children, **rules, **how, **own)
        self._finder = QuestionFinder(route_on, query_keys, strip, follow_ups)
        self._policy = made  # a rule that is assigned later makes another
        check_models(self.policy, self.children)
        self._bill = Bill(prices, self.policy.models, self._others())
        make_call_rules(self)

    # The return type must resolve at run time: `with_fallbacks(...).bind_tools` reads it to find out
    # whether to bind its fallbacks too, and drops them silently where it cannot.
    @override
    def bind_tools(
        self,
        tools: Sequence[builtins.dict[str, Any] | type | Callable[..., Any] | BaseTool],
        *,
        tool_choice: str | None = None,
        **kwargs: Any,
    ) -> Runnable[LanguageModelInput, AIMessage]:
        if tool_choice is not None:
            kwargs["tool_choice"] = tool_choice
        return self._bind_children("tools", "bind_tools", list(tools), **kwargs)

    @override
    def with_structured_output(
        self, schema: builtins.dict[str, Any] | type, **kwargs: Any
    ) -> Runnable[LanguageModelInput, builtins.dict[str, Any] | BaseModel]:
        # `include_raw` too only where the caller gives it: a child need not know it
        return self._bind_children("structured_output", "with_structured_output", schema, **kwargs)

    @property
    @override
    def _identifying_params(self) -> Mapping[str, Any]:
        return {"model_name": self._get_ls_params().get("ls_model_name"), "policy": repr(self.policy)}

    def _bind_children(self, need: str, method: str, /, *args: Any, **kwargs: Any) -> Runnable[Any, Any]:
        bound = bind_children(self.children, need, method, *args, **kwargs)
        return self.bind(**bound.arguments).with_types(output_type=bound.output_type)

    @override
    def _call(
        self, model_input: Any, config: RunnableConfig, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        if stop is not None:  # a map of runnables, which structured output may be, takes no arguments
            kwargs["stop"] = stop
        # the base class would make a prompt value of a list, only to take the list out again
        messages = (
            convert_to_messages(model_input)
            if isinstance(model_input, list)
            else self._convert_input(model_input).to_messages()
        )
        return call_of(self, model_input, messages, with_own_settings(self, config), kwargs)
