"""`CascadedChatModel`: the weak model answers first, and the strong one where that answer will not do."""

from __future__ import annotations

import builtins
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from langchain_core.runnables import RunnableConfig
from pydantic import PrivateAttr, SkipValidation
from typing_extensions import override

from langchain_routellm.calls import Call
from langchain_routellm.cascading import Cascading, without_threshold
from langchain_routellm.chat_models import RoutedChatModel
from langchain_routellm.children import UNNAMED, Child, name_of
from langchain_routellm.policies import RULES, made_policy
from shared_router import (
    SCORER_TIMEOUT_S,
    Cascade,
    InvalidInputError,
    Judging,
    OnScorerError,
    OnStream,
    OnToolCalls,
    RoutingPolicy,
    Scorer,
    WeakFirst,
    made_cascade,
)

_RULES = (
    "scorer",
    "threshold",
    "on_tool_calls",
    "on_stream",
    "on_scorer_error",
    "scorer_timeout",
    "deadline",
)
"""The fields that a cascade is made from."""


class CascadedChatModel(Cascading, RoutedChatModel):
    """A chat model whose weak model answers first; the strong one is asked iff that answer will not do.

    It is used as a `RoutedChatModel` is: alone, in a chain, in an agent, streaming, in batches, with tools
    and with structured output. The answer is one model's, unchanged. `response_metadata["routellm"]` holds
    the `model` that gave it, the `reason`, the `dollars` of all calls where prices are given, and `calls`, a
    list of `{model, score, dollars}` in order. Each call is one run, and no run stands around them.

    A weak answer is rejected iff `1 - P(good enough) >= threshold`. One that failed, is empty, was cut short,
    withheld or refuses is rejected unread. `{"routellm_threshold": 0.8}` in `config["configurable"]` is one
    call's own threshold, and `{"routellm_route": "strong"}` asks that model alone.

    Args:
        strong: The model whose answers are better, as in `RoutedChatModel`.
        weak: The model whose answers are cheaper, likewise.
        scorer: A `Scorer`, or a function `(question, answer) -> P(good enough)`.
        threshold: The cost threshold of the weak answer, in [0, 1]; higher is cheaper.
        router: What sends hard questions to the strong model without a weak call, as in `RoutedChatModel`;
            None asks the weak model first, always.
        router_threshold: The router's cost threshold, in [0, 1]; None takes the router's own.
        on_tool_calls: Whether a weak answer that calls tools is good enough if its calls fit the tools'
            schemas (`"score"`) or always (`"pass"`).
        on_stream: What streams: `"buffer"` has the weak answer judged before any of it is read, and then
            passes it on as one piece, or the strong one as it is written; `"route"` streams the router's
            choice alone, which nothing judges.
        on_scorer_error: Which answer is used where the scorer fails, is late, or cannot read the question,
            such as an image: `"strong"`, `"weak"`, or `"raise"`.
        scorer_timeout: How long a scorer that blocks may take over one answer, in seconds, or None.
        deadline: How long all calls of one request may take together, in seconds, or None. When it passes,
            a weak answer that can be used is used; under a deadline the strong answer is not streamed.
        others: The other arguments of `RoutedChatModel`, but for `models` and `strong_fraction`.

    Raises:
        InvalidInputError: If an argument is outside its rule, or the scorer judges another model's answers.
        UnknownNameError: If no router has that name.
    """

    scorer: SkipValidation[Any] = None
    router_threshold: float | None = None
    on_tool_calls: OnToolCalls = "score"
    on_stream: OnStream = "buffer"
    on_scorer_error: OnScorerError = "strong"
    scorer_timeout: float | None = SCORER_TIMEOUT_S
    deadline: float | None = None

    _rule_fields: ClassVar[Mapping[str, str]] = {
        **{name: name for name in RULES if name != "strong_fraction"},
        "threshold": "router_threshold",
    }
    _judging: Judging = PrivateAttr()
    _cascade: Cascade = PrivateAttr()

    def __init__(
        self,
        *,
        strong: Child | str | None = None,
        weak: Child | str | None = None,
        scorer: Scorer | Callable[[str, str], float] | None = None,
        threshold: float = 0.5,
        router: Any = None,
        router_threshold: float | None = None,
        on_tool_calls: OnToolCalls = "score",
        on_stream: OnStream = "buffer",
        on_scorer_error: OnScorerError = "strong",
        scorer_timeout: float | None = SCORER_TIMEOUT_S,
        deadline: float | None = None,
        **others: Any,
    ) -> None:
        for name in ("models", "strong_fraction"):
            if others.get(name) is not None:
                raise InvalidInputError(f"a cascade must be of strong and weak, got {name}; leave it out")
        rules: builtins.dict[str, Any] = {"scorer": scorer, "router_threshold": router_threshold}
        rules |= {"on_tool_calls": on_tool_calls, "on_stream": on_stream, "on_scorer_error": on_scorer_error}
        rules |= {"scorer_timeout": scorer_timeout, "deadline": deadline}
        cascade, judging = _cascade_of({**rules, "threshold": threshold, "router": router, **others})
        RoutedChatModel.__init__(
            self, strong=strong, weak=weak, router=router, threshold=threshold, **{**others, **rules}
        )
        self._cascade, self._judging = cascade, judging
        _check_scorer(cascade, self.weak)

    @override
    def __setattr__(self, name: str, value: Any) -> None:
        """Change a field under the rules that the constructor has for it."""
        if name not in _RULES:
            if name == "weak":
                _check_scorer(self._cascade, value)
            super().__setattr__(name, value)
            return
        fields = ("router", "given_policy", *_RULES)
        made = _cascade_of({**{field: getattr(self, field) for field in fields}, name: value})
        _check_scorer(made[0], self.weak)
        super().__setattr__(name, value)
        self._cascade, self._judging = made

    @property
    @override
    def cascade(self) -> Cascade:
        return self._cascade

    @property
    @override
    def judging(self) -> Judging:
        return self._judging

    @property
    @override
    def _identifying_params(self) -> Mapping[str, Any]:
        return {**super()._identifying_params, "cascade": repr(self.cascade)}

    @classmethod
    @override
    def _policy_of(cls, fields: Mapping[str, Any]) -> RoutingPolicy:
        rules = {argument: fields[field] for argument, field in cls._rule_fields.items()}
        if rules["router"] is None and rules["given_policy"] is None:
            rules |= {"router": WeakFirst(), "threshold": 1.0}
        return made_policy(**rules)

    @override
    def _call(
        self, model_input: Any, config: RunnableConfig, stop: list[str] | None, kwargs: dict[str, Any]
    ) -> Call:
        return without_threshold(super()._call(model_input, config, stop, kwargs))

    @override
    def _generate_calls(self, *args: Any) -> list[Call]:
        return [without_threshold(call) for call in super()._generate_calls(*args)]


def _cascade_of(fields: Mapping[str, Any]) -> tuple[Cascade, Judging]:
    """Return the cascade that the values of these fields make, and what asks its scorer."""
    routes = [fields.get(name) for name in ("router", "policy", "given_policy")]
    has_router = any(each is not None for each in routes)
    return made_cascade(**{name: fields[name] for name in _RULES}, has_router=has_router)


def _check_scorer(cascade: Cascade, weak: object) -> None:
    """Check that a scorer that was fitted for one model judges that one.

    Raises:
        InvalidInputError: If the weak model is another.
    """
    if cascade.scorer.model != cascade.weak and (name := name_of(weak)) != UNNAMED:
        cascade.scorer.check_model(name)
