"""`RoutedLLM`: a strong and a weak LLM as one, each question answered by the one worth its price.

Its constructor stands here. Every method stands with its kind, in `fields`, `steering`, `chat`, `predict`,
`tools` and `self_description`, asynchronous ones beside their twins.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.callbacks import CallbackManager
from llama_index.core.llms import LLM
from pydantic import BaseModel

from llamaindex_routellm.capabilities import ContextWindow
from llamaindex_routellm.chat import RoutedChat
from llamaindex_routellm.children import NOT_GIVEN, NotGiven, refuse_own_fields
from llamaindex_routellm.fields import RoutedFields
from llamaindex_routellm.predict import RoutedPredict
from llamaindex_routellm.query import QUERY_KEYS, QueryExtractor
from llamaindex_routellm.reasoning import SignedReasoning
from llamaindex_routellm.settings import Settings
from llamaindex_routellm.structured import RoutedStructuredLLM
from llamaindex_routellm.tools import RoutedTools
from shared_router import (
    ROUTER_TIMEOUT_S,
    GivenExploration,
    GivenThreshold,
    Guard,
    Router,
    RoutingPolicy,
    Sticky,
    TokenPrices,
    seeded_exploration,
)

if TYPE_CHECKING:
    from shared_router import Budget, GivenPolicies, Observer, Resilience, Shadow


class RoutedLLM(RoutedFields, RoutedChat, RoutedPredict, RoutedTools):
    """Route every question to a strong or a weak LLM.

    It takes the place of an LLM anywhere in LlamaIndex: `Settings.llm = RoutedLLM(strong=..., weak=...)`.
    What is scored is the user's question, never the documents around it; the chosen model gets the
    untouched call. The decision is on each response's `additional_kwargs["routellm"]`, on the
    instrumentation's `RoutingDecisionEvent`, and in `with routed.capture() as decisions`.

    Args:
        strong: The model worth its price on hard questions.
        weak: The model that does for the others.
        models: More models, by name, in the place of both, with a `policy` that decides between them.
        router: What tells them apart: a router, the name or folder of one, or None for the shipped one.
        threshold: The cost threshold, in [0, 1]: strong iff the win probability reaches it, so higher is
            cheaper. None takes the router's recommended one.
        strong_fraction: In place of a threshold, the share of questions to send strong, in [0, 1], by the
            router's `score_quantiles_`.
        router_timeout: How long a router that blocks may take, in seconds, or None; see `RoutingPolicy`.
        policy: A rule of your own or the path of a policy file (see `RoutingPolicy.save`), in the place of
            `router`, `threshold`, `strong_fraction`, `router_timeout` and the rules from `on_no_query` on.
        query_keys: Template variables that hold a question, best first.
        query_extractor: A way of your own to find the question, asked first: from the call to its text, or
            None to go on looking. What it raises reaches the caller.
        strip: A function that takes a user's text and returns what the user wrote of it, for what your
            program puts around it; what well-known ones put there is taken out as it is.
        follow_ups: Whether "why?" or "yes, do it" is routed on with the question that it follows.
        on_no_query: Where a call without a question goes; None is `"strong"`, with a warning where an
            ingestion step, an evaluator or a template's many variables are why.
        on_ingestion: Where the calls of ingestion and of building an index go, in the place of `on_no_query`.
        on_evaluation: Where evaluators' calls go, in the place of `on_no_query`.
        on_router_error: Where a call goes whose router fails, or `"raise"`.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash, of `save`, that pins a router given by name or folder, or a policy file.
        explore: The share of decisions by score that are drawn by lot, in [0, 0.05]; see `RoutingPolicy`.
        explore_seed: Draws the same lots in the same order.
        guard: A function from the question to None, the name of the model that must answer, or an error that
            refuses the call; it goes before all else but what a model cannot do. See `RoutingPolicy`.
        on_guard_error: Where a call goes that the guard fails on, or `"score"`, or `"raise"`.
        sticky: Whether a model is kept: `"tool_loop"` until its tools are answered, `"conversation"`,
            `"upward"`, `"priced"` or a `Stickiness` of either, False.
        signed_reasoning: What to do with what another model signed: `"strip"`, `"keep_model"` or `"send"` it.
        capabilities: What a model can read beside text, by its name: some of `"images"`, `"documents"`,
            `"audio"` and `"video"`. A model that is not named is taken to read all.
        context_window: What `metadata` says the window is: `"min"` of all, the `"strong"` model's, or a
            number of tokens. A larger one packs more, and calls that the weak model cannot hold go strong.
        track_query_spans: Whether to look for the question in enclosing LlamaIndex calls.
        cache_size: How many questions' scores to remember, so that the calls of one question are decided
            once; 0 remembers none.
        prices: What `"strong"` and `"weak"` cost; a decision then says its answer's `dollars` too, where the
            provider reports tokens.
        resilience: When another model is asked in the place of one that does not answer; None never asks one.
            The decision then says `"fallback:strong->weak:RateLimitError"`, and who answered.
        budget: What the calls may cost, or several budgets that must all be kept; it needs `prices`.
        observers: Who is told of each decision and of each call's end. A path is a `DecisionLog` there.
        shadow: Which share of the calls is also asked of the other model, where nobody waits for it, so that
            `routellm savings` can prove what routing saves; it needs a `DecisionLog` among the observers.
        would: A policy, or several by name, that each call is shown to where nobody waits: it goes where it
            goes, and the log says where they would have sent it.
        callback_manager: Handed to all models, as whatever LlamaIndex assigns later is.
        system_prompt: Given to a model that has none of its own.
        **refused: Fields of an LLM that belong on the children.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        UnknownNameError: If no router or model has that name.
    """

    def __init__(
        self,
        *,
        strong: LLM | NotGiven = NOT_GIVEN,
        weak: LLM | NotGiven = NOT_GIVEN,
        models: Mapping[str, LLM] | None = None,
        router: Router | str | Path | None = None,
        threshold: GivenThreshold | None = None,
        strong_fraction: float | None = None,
        router_timeout: float | None = ROUTER_TIMEOUT_S,
        policy: RoutingPolicy | str | Path | None = None,
        query_keys: Sequence[str] = QUERY_KEYS,
        query_extractor: QueryExtractor | None = None,
        strip: Callable[[str], str] | None = None,
        follow_ups: bool = True,
        on_no_query: str | None = None,
        on_ingestion: str | None = None,
        on_evaluation: str | None = None,
        on_router_error: str = "strong",
        on_no_coverage: str = "score",
        expected_sha256: str | None = None,
        explore: GivenExploration = 0.0,
        explore_seed: int | None = None,
        sticky: Sticky = "tool_loop",
        signed_reasoning: SignedReasoning = "strip",
        capabilities: Mapping[str, Collection[str]] | None = None,
        context_window: ContextWindow = "min",
        track_query_spans: bool = True,
        cache_size: int = 1024,
        prices: Mapping[str, TokenPrices] | None = None,
        guard: Guard | None = None,
        on_guard_error: str = "strong",
        resilience: Resilience | None = None,
        budget: Budget | Sequence[Budget] | None = None,
        observers: Sequence[Observer | str | Path] = (),
        shadow: Shadow | None = None,
        would: GivenPolicies | None = None,
        callback_manager: CallbackManager | None = None,
        system_prompt: str | None = None,
        **refused: Any,
    ) -> None:
        refuse_own_fields(refused, type(self).__init__)
        settings = Settings(
            router=router,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            policy=policy,
            query_keys=query_keys,
            query_extractor=query_extractor,
            strip=strip,
            follow_ups=follow_ups,
            on_no_query=on_no_query,
            on_ingestion=on_ingestion,
            on_evaluation=on_evaluation,
            on_router_error=on_router_error,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            explore=seeded_exploration(explore, explore_seed),
            sticky=sticky,
            signed_reasoning=signed_reasoning,
            capabilities=capabilities,
            context_window=context_window,
            track_query_spans=track_query_spans,
            cache_size=cache_size,
            prices=prices,
            guard=guard,
            on_guard_error=on_guard_error,
            resilience=resilience,
            budget=budget,
            observers=observers,
            shadow=shadow,
            would=would,
        )
        self._made_of(settings, strong, weak, models, callback_manager, system_prompt)

    @classmethod
    def class_name(cls) -> str:
        """Name the class, as LlamaIndex serialises it."""
        return "RoutedLLM"

    def as_structured_llm(self, output_cls: type[BaseModel], **kwargs: Any) -> RoutedStructuredLLM:
        """Return an LLM that answers with objects of a class, routed as this one.

        Args:
            output_cls: The class of the answers.
            **kwargs: Fields of a `StructuredLLM`.
        """
        return RoutedStructuredLLM(llm=self, output_cls=output_cls, **kwargs)
