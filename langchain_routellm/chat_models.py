"""`RoutedChatModel`: two chat models that are one, at the cheaper one's price wherever it is enough."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, cast

from langchain_core.callbacks import Callbacks
from langchain_core.language_models import LanguageModelInput
from langchain_core.messages import AIMessage, BaseMessage, convert_to_messages
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import ensure_config, merge_configs
from langchain_core.tools import BaseTool
from pydantic import BaseModel, PrivateAttr, SkipValidation
from typing_extensions import Self, override

from langchain_routellm.arguments import split_settings
from langchain_routellm.binding import BINDING_KEY, Binding, bind_children
from langchain_routellm.calls import Call
from langchain_routellm.capabilities import candidate_models
from langchain_routellm.changes import RULES, change, first_and_last
from langchain_routellm.children import checked_children
from langchain_routellm.entry_points import EntryPoints
from langchain_routellm.metadata import Prices
from langchain_routellm.override import request_of
from langchain_routellm.policies import check_models, made_policy
from langchain_routellm.query import RouteOn, check_routing, question_of
from langchain_routellm.routing import RoutedBatches
from langchain_routellm.self_description import SelfDescription
from shared_router import (
    OnRouterError,
    Router,
    RoutingPolicy,
    RoutingRequest,
    Sticky,
    Tier,
    check_prices,
)

Child = Runnable[LanguageModelInput, AIMessage]


class RoutedChatModel(SelfDescription, RoutedBatches[LanguageModelInput, AIMessage], EntryPoints):
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
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]: strong iff `win_probability >= threshold`, so that
            higher is cheaper. None takes the router's own.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes, such as an image alone.
        route_on: What is routed on: `"last_human"`, the user's last own words, or a function from the
            messages to a text (or None where there is none).
        prices: What `"strong"` and `"weak"` cost; a decision then says its answer's `dollars` too.
        sticky: Whether a conversation keeps its model: `"tool_loop"` until the tools it asked for have
            been answered, `"conversation"` for good, False never.
        others: Fields of every chat model. `callbacks`, `tags` and `metadata` are added to the child's
            run; `disable_streaming`, `output_version`, `rate_limiter` and `verbose` are set on copies of
            the children. Anything else belongs on the children and is ignored with a warning.

    Raises:
        InvalidInputError: If a child is missing or is no chat model, or another argument breaks its rule.
        UnknownNameError: If no router has that name.

    Where the public methods stand: `bind_tools` and `with_structured_output` here; `invoke`, `ainvoke`,
    `stream`, `astream` and the batches in `routing.py`; `generate`, `agenerate`, `stream_events` and
    `astream_events` in `entry_points.py`; `profile`, `config_specs` and the token counts in
    `self_description.py`.
    """

    strong: Child
    weak: Child
    models: SkipValidation[Mapping[str, Any] | None] = None
    router: str | Path | Router | None = None
    threshold: float | None = None
    on_router_error: OnRouterError = "strong"
    on_no_query: Tier = "strong"
    route_on: RouteOn = "last_human"
    sticky: Sticky = "tool_loop"
    prices: SkipValidation[Prices | None] = None  # checked against the policy's models, with errors of ours
    given_policy: RoutingPolicy | None = None

    _policy: tuple[tuple[object, ...], RoutingPolicy | None] = PrivateAttr(default=((), None))

    def __init__(
        self,
        *,
        strong: Child | str | None = None,
        weak: Child | str | None = None,
        models: Mapping[str, Child | str] | None = None,
        policy: RoutingPolicy | None = None,
        router: str | Path | Router | None = None,
        threshold: float | None = None,
        on_router_error: OnRouterError = "strong",
        on_no_query: Tier = "strong",
        route_on: RouteOn = "last_human",
        sticky: Sticky = "tool_loop",
        prices: Prices | None = None,
        **others: Any,
    ) -> None:
        # Checked here and not in pydantic's validators, which would wrap our errors in theirs.
        check_routing(route_on, sticky)
        rules: builtins.dict[str, Any] = {
            "router": router,
            "threshold": threshold,
            "on_router_error": on_router_error,
            "on_no_query": on_no_query,
        }
        rules["given_policy"] = others.pop("given_policy", None) if policy is None else policy
        made = made_policy(**rules)
        own, shared = split_settings(others, known=[*type(self).model_fields, "policy"])
        children: builtins.dict[str, Any] = checked_children(strong, weak, shared, models)
        if models is not None:
            check_models(made, children)
            children = {**first_and_last(children, made.models), "models": children}
        how: builtins.dict[str, Any] = {"route_on": route_on, "sticky": sticky, "prices": prices}
        super().__init__(**children, **rules, **how, **own)
        check_models(self.policy, self.children)
        check_prices(prices, self.policy.models)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        """Change a field under the rules that the constructor has for it."""
        if name.startswith("_"):
            super().__setattr__(name, value)
        else:
            change(self, name, value)

    @override
    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        copied = super().model_copy(deep=deep)
        for name, value in (update or {}).items():
            setattr(copied, name, value)
        return copied

    @property
    @override
    def children(self) -> builtins.dict[str, Child]:
        return dict(self.models) if self.models else {"strong": self.strong, "weak": self.weak}

    @property
    @override
    def policy(self) -> RoutingPolicy:
        fields = (self.router, self.threshold, self.on_router_error, self.on_no_query, self.given_policy)
        made_from, policy = self._policy
        # assignment and model_copy(update=...) change fields after construction
        if policy is None or fields[0] is not made_from[0] or fields[1:] != made_from[1:]:
            policy = made_policy(**cast("Any", dict(zip(RULES, fields, strict=True))))
            self._policy = (fields, policy)
        return policy

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
        config = self._with_own_settings(config)
        if stop is not None:  # a map of runnables, which structured output may be, takes no arguments
            kwargs["stop"] = stop
        bound = kwargs.pop(BINDING_KEY, None)
        request = self._request(self._messages(model_input), config["configurable"], bound)
        models, kwargs = (bound.models, bound.of_call(kwargs)) if bound else (self.children, kwargs)
        return Call(model_input, config, kwargs, models, request, self.prices or {})

    def _messages(self, model_input: Any) -> list[BaseMessage]:
        # the base class would make a prompt value of a list, only to take the list out again
        if isinstance(model_input, list):
            return convert_to_messages(model_input)
        return self._convert_input(model_input).to_messages()

    @override
    def _generate_calls(
        self,
        messages: list[list[BaseMessage]],
        stop: list[str] | None,
        callbacks: Callbacks,
        kwargs: dict[str, Any],
    ) -> list[Call]:
        # `generate` takes its callbacks from its caller alone, so the config around it gives only settings
        own = {key: kwargs.pop(key, None) for key in ("tags", "metadata", "run_name", "run_id")}
        config = self._with_own_settings(cast("RunnableConfig", {"callbacks": callbacks, **own}))
        if stop is not None:
            kwargs["stop"] = stop
        configurable = ensure_config()["configurable"]
        return [
            Call(each, config, kwargs, self.children, self._request(each, configurable), self.prices or {})
            for each in messages
        ]

    def _request(
        self, messages: list[BaseMessage], configurable: Mapping[str, Any], bound: Binding | None = None
    ) -> RoutingRequest:
        candidates, needs = candidate_models(self.children, messages, bound)
        question = question_of(messages, self.route_on)
        return request_of(question, messages, configurable, self.sticky, candidates=candidates, needs=needs)

    def _with_own_settings(self, config: RunnableConfig) -> RunnableConfig:
        """Add what was set on the routed model to a run that is not its own."""
        # every model has lc_versions in its metadata; a run must say those of the model that answers
        metadata = {key: value for key, value in (self.metadata or {}).items() if key != "lc_versions"}
        if not (metadata or self.tags or self.callbacks):
            return config
        own = {"callbacks": self.callbacks, "tags": self.tags, "metadata": metadata}
        return merge_configs(cast("RunnableConfig", own), config)
