"""A chat model's call: what its policy is asked, and the children that can be sent it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Protocol, cast

from langchain_core.messages import BaseMessage
from langchain_core.runnables import Runnable, RunnableConfig
from langchain_core.runnables.config import merge_configs

from langchain_routellm.binding import BINDING_KEY, Binding
from langchain_routellm.calls import Call
from langchain_routellm.capabilities import candidate_models
from langchain_routellm.memory import Memory, Thread
from langchain_routellm.override import conversation_of, request_of
from langchain_routellm.prices import Prices
from langchain_routellm.query import QuestionFinder
from langchain_routellm.reasoning import SignedReasoning, holds_signed_reasoning
from shared_router import RoutingPolicy, RoutingRequest, Sticky


class Router(Protocol):
    """What requests are made with: a routed model, or a middleware."""

    @property
    def children(self) -> Mapping[str, Runnable[Any, Any]]:
        """The models by the names that decisions give them."""

    @property
    def finder(self) -> QuestionFinder:
        """What finds a request's question."""

    @property
    def policy(self) -> RoutingPolicy:
        """What decides."""

    @property
    def memory(self) -> Memory:
        """What is known of conversations."""

    @property
    def sticky(self) -> Sticky:
        """Whether a conversation keeps its model."""

    @property
    def signed_reasoning(self) -> SignedReasoning:
        """What happens to reasoning that another model signed."""


def asked_of(
    router: Router,
    messages: Sequence[BaseMessage],
    config: RunnableConfig,
    *,
    given: Any = None,
    binding: Binding | None = None,
    prices: Prices | None = None,
    children: Mapping[str, Runnable[Any, Any]] | None = None,
) -> tuple[RoutingRequest, Thread]:
    """Return what the policy must know of a conversation, and what the conversation goes on with.

    Args:
        router: The routed model.
        messages: The conversation, oldest first.
        config: The run's config.
        given: The model's untouched input.
        binding: What the caller bound, or None.
        prices: What the models cost, where that is known.
        children: The routed model's children, where they are at hand.

    Raises:
        UnknownNameError: If the config holds a key that is like ours and is none of ours.
        InvalidInputError: If `route_on` returns something other than text or None.
    """
    candidates, needs = candidate_models(children or router.children, messages, binding)
    keeps = router.sticky not in ("tool_loop", False) or router.signed_reasoning == "keep_model"
    name = conversation_of(config) if keeps else None
    thread = router.memory.thread(messages, router.sticky, name=name)
    if router.signed_reasoning == "keep_model":
        whole = router.memory.thread(messages, "conversation", name=name)
        signed = holds_signed_reasoning(messages)
        kept = replace(whole, model=thread.model, first_question=None, kept=thread.kept)
        thread = whole if signed else kept
    question, conversation, said = thread.first_question, None, None
    if question is None:
        finder = router.finder
        question = finder.in_messages(messages, config, given)
        if finder.route_on == "last_human":
            conversation = partial(finder.conversation, messages, config)
    elif router.policy.guard is not None:
        said = router.finder.in_messages(messages, config, given)
    request = request_of(
        question,
        thread.model,
        config,
        candidates=candidates,
        needs=needs,
        messages=conversation,
    )
    request = request if said is None else replace(request, said=said)
    if thread.kept is None:
        return request, thread
    models = router.policy.models
    return thread.leaning(request, router.sticky, messages, models=models, prices=prices or {}), thread


def call_of(
    model: Any, given: Any, messages: Sequence[BaseMessage], config: RunnableConfig, kwargs: dict[str, Any]
) -> Call:
    """Return a chat model's call, ready to be decided.

    Args:
        model: The routed model.
        given: Its untouched input.
        messages: The conversation in it.
        config: The run's config, complete.
        kwargs: What the child is to be called with, and the caller's binding.
    """
    binding = kwargs.pop(BINDING_KEY, None)
    children = model.children
    request, thread = asked_of(
        model, messages, config, given=given, binding=binding, prices=model.prices, children=children
    )
    models, kwargs = (binding.models, binding.of_call(kwargs)) if binding else (children, kwargs)
    strips = model.signed_reasoning != "send"
    rules = model.call_rules
    return Call(
        given,
        config,
        kwargs,
        models,
        request,
        model.bill,
        thread,
        messages,
        children,
        strips,
        binding,
        rules=rules,
        # what a budget allows must be asked first, perhaps of a database
        asked=None if rules is None or rules.budgets is not None else rules.ask(request),
    )


def with_own_settings(model: Any, config: RunnableConfig) -> RunnableConfig:
    """Add what was set on a routed model to a run that is not its own."""
    # every model has lc_versions in its metadata; a run must say those of the model that answers
    metadata = model.metadata or {}
    if not (model.tags or model.callbacks or len(metadata) > ("lc_versions" in metadata)):
        return config
    metadata = {key: value for key, value in metadata.items() if key != "lc_versions"}
    own = {"callbacks": model.callbacks, "tags": model.tags, "metadata": metadata}
    return merge_configs(cast("RunnableConfig", own), config)
