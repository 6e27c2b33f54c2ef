"""The settings of a routed LLM, checked where they are given, and the routing that they make."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from llama_index.core.llms import LLM

from llamaindex_routellm.answers import fallbacks_of
from llamaindex_routellm.capabilities import ContextWindow, check_capabilities, check_context_window
from llamaindex_routellm.kept_conversations import KeptConversations
from llamaindex_routellm.memory import DecisionMemory
from llamaindex_routellm.no_question import NoQuestionRules
from llamaindex_routellm.query import QUERY_KEYS, QueryExtractor, QuestionFinder
from llamaindex_routellm.reasoning import ReasoningWriters, SignedReasoning, check_signed_reasoning
from llamaindex_routellm.routing import Routing
from llamaindex_routellm.rules import rules_of
from llamaindex_routellm.spans import OpenSpans
from shared_router import (
    ROUTER_TIMEOUT_S,
    Bill,
    GivenExploration,
    GivenThreshold,
    Guard,
    InvalidInputError,
    Router,
    RoutingPolicy,
    Sticky,
    TokenPrices,
    UnknownNameError,
    check_sticky,
)

_OF_A_FILE = ("expected_sha256", "guard")
"""What may stand beside the path of a policy's file."""
if TYPE_CHECKING:
    from shared_router import Budget, GivenPolicies, Observer, Resilience, Shadow


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a `RoutedLLM` is told beside its models; see there."""

    router: Router | str | Path | None = None
    threshold: GivenThreshold | None = None
    strong_fraction: float | None = None
    router_timeout: float | None = ROUTER_TIMEOUT_S
    policy: RoutingPolicy | str | Path | None = None
    query_keys: Sequence[str] = QUERY_KEYS
    query_extractor: QueryExtractor | None = None
    strip: Callable[[str], str] | None = None
    follow_ups: bool = True
    on_no_query: str | None = None
    on_ingestion: str | None = None
    on_evaluation: str | None = None
    on_router_error: str = "strong"
    on_no_coverage: str = "score"
    expected_sha256: str | None = None
    explore: GivenExploration = 0.0
    sticky: Sticky = "tool_loop"
    signed_reasoning: SignedReasoning = "strip"
    capabilities: Mapping[str, Collection[str]] | None = None
    context_window: ContextWindow = "min"
    track_query_spans: bool = True
    cache_size: int = 1024
    prices: Mapping[str, TokenPrices] | None = None
    guard: Guard | None = None
    on_guard_error: str = "strong"
    resilience: Resilience | None = None
    budget: Budget | Sequence[Budget] | None = None
    observers: Sequence[Observer | str | Path] = ()
    shadow: Shadow | None = None
    would: GivenPolicies | None = None

    def __post_init__(self) -> None:
        """Refuse what no routed LLM can be told."""
        check_sticky(self.sticky, prices=self.prices)
        check_signed_reasoning(self.signed_reasoning)
        check_context_window(self.context_window)

    def as_arguments(self) -> dict[str, Any]:
        """Return the settings as they were given, by name."""
        return {each.name: getattr(self, each.name) for each in fields(self) if each.init}

    def rule(self) -> RoutingPolicy:
        """Return the rule that decides: the one that is given, or one made of a router and its settings.

        Raises:
            InvalidInputError: If it is no policy, or the rule says something beside a policy.
            ArtifactError: If the policy's file is damaged, or not of the router that is there.
            UnknownNameError: If no router has that name.
        """
        given = self._rules()
        if self.policy is None:
            router = given["router"]
            return RoutingPolicy(**{**given, "router": str(router) if isinstance(router, Path) else router})
        if not isinstance(self.policy, RoutingPolicy | str | Path):
            raise InvalidInputError(
                f"policy must be a RoutingPolicy or the path of its file, got {type(self.policy).__name__}"
            )
        pinned = {} if isinstance(self.policy, RoutingPolicy) else {n: given.pop(n) for n in _OF_A_FILE}
        for name, value in given.items():
            default = {"on_no_coverage": "score", "explore": 0}.get(name, "strong")
            if value not in (None, default, ROUTER_TIMEOUT_S):
                raise InvalidInputError(f"{name} must be left to the policy where one is given; set it there")
        if isinstance(self.policy, RoutingPolicy):
            return self.policy
        return RoutingPolicy.load(self.policy, **pinned)

    def _rules(self) -> dict[str, Any]:
        """Return the arguments of the rule."""
        return {
            "router": self.router,
            "threshold": self.threshold,
            "strong_fraction": self.strong_fraction,
            "router_timeout": self.router_timeout,
            "on_no_query": self.on_no_query or "strong",
            "on_router_error": self.on_router_error,
            "on_no_coverage": self.on_no_coverage,
            "expected_sha256": self.expected_sha256,
            "explore": self.explore,
            "guard": self.guard,
            "on_guard_error": self.on_guard_error,
        }

    def routing(self, policy: RoutingPolicy, children: Mapping[str, LLM]) -> Routing:
        """Return the way of a call that these settings make.

        Args:
            policy: The rule that decides.
            children: The models by name.

        Raises:
            InvalidInputError: If a setting is outside its rule.
            UnknownNameError: If a setting names a model that the policy does not have.
        """
        check_capabilities(self.capabilities, policy.models)
        open_spans = OpenSpans.watch() if self.track_query_spans else None
        run = None if open_spans is None else open_spans.outermost
        memory = DecisionMemory(policy, self.cache_size, run, keep_runs=self.sticky is not False)
        size, first_turn_model = memory.size, memory.model_of
        conversations = KeptConversations.by(self.sticky, self.prices, size, first_turn_model)
        bill = Bill(self.prices, policy.models, self.others(children))
        return Routing(
            policy=policy,
            finder=QuestionFinder(
                self.query_keys, self.query_extractor, open_spans, self.follow_ups, self.strip
            ),
            memory=memory,
            conversations=conversations,
            no_question=self._no_question(policy),
            reasoning=ReasoningWriters(self.signed_reasoning),
            capabilities=dict(self.capabilities or {}),
            bill=bill,
            rules=rules_of(self, policy, children, bill),
        )

    def others(self, children: Mapping[str, LLM]) -> set[str]:
        """Return the names of models that may answer beside the children, for their prices."""
        return set(fallbacks_of(children))

    def _no_question(self, policy: RoutingPolicy) -> NoQuestionRules:
        # as the policy's own rules have it: the best of any models, and the last of them
        known = {
            "strong": policy.models[0],
            "weak": policy.models[-1],
            **{name: name for name in policy.models},
        }
        for kind, model in {"ingestion": self.on_ingestion, "evaluation": self.on_evaluation}.items():
            if model is not None and model not in known:
                raise UnknownNameError(f"on_{kind} must be one of {list(policy.models)}, got {model!r}")
        given = {"ingestion": self.on_ingestion, "index": self.on_ingestion, "evaluation": self.on_evaluation}
        models = {kind: known[model] for kind, model in given.items() if model is not None}
        return NoQuestionRules(models, explicit=self.on_no_query is not None or self.policy is not None)
