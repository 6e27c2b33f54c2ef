"""What a routed chat model is made of: its fields, and what is kept to be at hand at each call."""

from __future__ import annotations

import builtins
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar, cast

from pydantic import ConfigDict, Field, PrivateAttr, SkipValidation
from typing_extensions import Self, override

from langchain_routellm.answers import fallbacks_of
from langchain_routellm.changes import change
from langchain_routellm.children import Child
from langchain_routellm.memory import Memory
from langchain_routellm.policies import RULES, GivenThreshold, made_policy
from langchain_routellm.prices import Prices
from langchain_routellm.query import QuestionFinder, RouteOn, Strip
from langchain_routellm.reasoning import SignedReasoning
from langchain_routellm.self_description import SelfDescription
from shared_router import (
    ROUTER_TIMEOUT_S,
    Bill,
    Breakers,
    Budget,
    CallHealth,
    CallRules,
    GivenExploration,
    GivenPolicies,
    Guard,
    Observer,
    OnRouterError,
    Resilience,
    Router,
    RoutingPolicy,
    Shadow,
    Sticky,
    Tier,
)


class RoutedFields(SelfDescription):
    """The fields of a `RoutedChatModel`, which says what each of them means."""

    # pydantic's errors quote what was given, which may be a prompt or a key
    model_config = ConfigDict(hide_input_in_errors=True)

    strong: Child
    weak: Child
    models: SkipValidation[Mapping[str, Any] | None] = None
    router: str | Path | Router | None = None
    threshold: SkipValidation[GivenThreshold | None] = None
    strong_fraction: float | None = None
    router_timeout: float | None = ROUTER_TIMEOUT_S
    on_router_error: OnRouterError = "strong"
    on_no_query: Tier = "strong"
    on_no_coverage: str = "score"
    expected_sha256: str | None = None
    explore: SkipValidation[GivenExploration] = 0.0
    route_on: RouteOn = "last_human"
    query_keys: SkipValidation[Sequence[str] | None] = None
    strip: SkipValidation[Strip | None] = None
    follow_ups: bool = True
    sticky: Sticky = "tool_loop"
    signed_reasoning: SignedReasoning = "strip"
    prices: SkipValidation[Prices | None] = None  # checked against the policy's models, with errors of ours
    given_policy: RoutingPolicy | None = None
    guard: SkipValidation[Guard | None] = Field(default=None, exclude=True, repr=False)
    on_guard_error: str = "strong"
    resilience: SkipValidation[Resilience | None] = Field(default=None, exclude=True)
    budget: SkipValidation[Budget | Sequence[Budget] | None] = Field(default=None, exclude=True, repr=False)
    observers: SkipValidation[Sequence[Observer | str | Path]] = Field(default=(), exclude=True, repr=False)
    shadow: SkipValidation[Shadow | None] = Field(default=None, exclude=True, repr=False)
    would: SkipValidation[GivenPolicies | None] = Field(default=None, exclude=True, repr=False)
    breakers: SkipValidation[Breakers] = Field(default_factory=Breakers, exclude=True, repr=False)
    # a field, because `configurable_fields` makes a new model of the fields for each call
    memory: Memory = Field(default_factory=Memory, exclude=True, repr=False)

    _rule_fields: ClassVar[Mapping[str, str]] = {name: name for name in RULES}
    """The field that each argument of a policy is kept in."""

    _bill: Bill = PrivateAttr()
    _finder: QuestionFinder = PrivateAttr()
    _policy: RoutingPolicy = PrivateAttr()
    _call_rules: CallRules | None = PrivateAttr(default=None)

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

    @classmethod
    def _policy_of(cls, fields: Mapping[str, Any]) -> RoutingPolicy:
        """Return the policy that the values of these fields make."""
        return made_policy(**{argument: fields[field] for argument, field in cls._rule_fields.items()})

    def _others(self) -> set[str]:
        """Return the names of models that may answer beside the children, for their prices."""
        return fallbacks_of(self.children)

    @property
    def finder(self) -> QuestionFinder:
        """What finds a request's question."""
        return cast("QuestionFinder", _private(self)["_finder"])

    @property
    def bill(self) -> Bill:
        """What the models cost."""
        return cast("Bill", _private(self)["_bill"])

    @property
    def call_rules(self) -> CallRules | None:
        """What calls are made under beside the policy; None where nothing was given."""
        return cast("CallRules | None", _private(self)["_call_rules"])

    @property
    def call_health(self) -> CallHealth:
        """How the children have done so far: which are left alone, which calls had to be abandoned."""
        return CallHealth() if self.call_rules is None else self.call_rules.health

    @property
    @override
    def children(self) -> builtins.dict[str, Child]:
        return dict(self.models) if self.models else {"strong": self.strong, "weak": self.weak}

    @property
    def policy(self) -> RoutingPolicy:
        """What decides."""
        return cast("RoutingPolicy", _private(self)["_policy"])


def _private(model: Any) -> Any:
    # pydantic looks a private attribute up in five steps, and these are looked up at every call
    return model.__pydantic_private__
