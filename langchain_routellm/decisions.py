"""`RouteLLMDecisionModel`: a router for LangChain's own `ModelRouterMiddleware` (langchain-core >= 1.8).

That middleware asks a decision model to choose among named models; this one answers with a router's win
probability instead of a prompt to a large model. `RouteLLMMiddleware` is the one to prefer elsewhere: it
also has a threshold for one call, stickiness, and a rule for routers that fail.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import PrivateAttr

from langchain_routellm.decision_types import (
    BaseDecisionModel,
    asked,
    choice_answer,
    is_probability,
    labels,
    probability_answer,
    response,
)
from langchain_routellm.routers import RouteLLMRouter
from shared_router import (
    ROUTER_TIMEOUT_S,
    GivenThreshold,
    Guard,
    InvalidInputError,
    OnRouterError,
    Router,
    RoutingDecision,
    Tier,
)


class RouteLLMDecisionModel(BaseDecisionModel):
    """Answer `Choice` questions between a strong and a weak model, and `Noul` questions for the strong one.

    A `Choice` gets the model's label that the policy names and both probabilities; with a threshold other
    than 0.5 the label need not be the likelier one. A `Noul` gets the win probability.

    Args:
        strong: The label of the strong model in the middleware's `choices`.
        weak: The label of the weak model.
        router: A router, the name or folder of one, or None for the one that ships.
        threshold: The cost threshold, in [0, 1]; higher is cheaper. None takes the router's own.
        strong_fraction: In place of a threshold, the share of questions to send strong, in [0, 1], by the
            router's `score_quantiles_`.
        router_timeout: How long a router that blocks may take, in seconds, or None; see `RoutingPolicy`.
        on_router_error: Where a request goes whose router fails: `"strong"`, `"weak"` or `"raise"`.
        on_no_query: Where a request without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of; see `RoutingPolicy`.
        expected_sha256: The hash that pins a router given by name or folder; see `Router.save`.
        guard: What may veto a route, as in `RoutedChatModel`.
        on_guard_error: Where a request goes that the guard fails on.

    Raises:
        InvalidInputError: If an argument breaks its rule.
        UnknownNameError: If no router has that name.
    """

    model: str = "routellm"
    strong: str = "strong"
    weak: str = "weak"

    _router: RouteLLMRouter = PrivateAttr()

    def __init__(
        self,
        *,
        strong: str = "strong",
        weak: str = "weak",
        router: str | Router | None = None,
        threshold: GivenThreshold | None = None,
        strong_fraction: float | None = None,
        router_timeout: float | None = ROUTER_TIMEOUT_S,
        on_router_error: OnRouterError = "strong",
        on_no_query: Tier = "strong",
        on_no_coverage: str = "score",
        expected_sha256: str | None = None,
        guard: Guard | None = None,
        on_guard_error: str = "strong",
    ) -> None:
        labels: dict[str, Any] = {"strong": strong, "weak": weak}
        super().__init__(**labels)  # by name, a type checker looks for them in the base's own __init__
        self._router = RouteLLMRouter(
            router=router,
            threshold=threshold,
            strong_fraction=strong_fraction,
            router_timeout=router_timeout,
            on_router_error=on_router_error,
            on_no_query=on_no_query,
            on_no_coverage=on_no_coverage,
            expected_sha256=expected_sha256,
            guard=guard,
            on_guard_error=on_guard_error,
        )

    @property
    def _provider(self) -> str:
        return "routellm"

    def _classify(self, state: Any, questions: dict[str, Any]) -> Any:
        return self._answered(self._router.decide(state, {}), questions)

    async def _aclassify(self, state: Any, questions: dict[str, Any]) -> Any:
        return self._answered(await self._router.adecide(state, {}), questions)

    # what langchain-core's next release calls instead of the two above
    def _decide(self, request: Mapping[str, Any]) -> Any:
        return self._classify(*asked(request))

    async def _adecide(self, request: Mapping[str, Any]) -> Any:
        return await self._aclassify(*asked(request))

    def _answered(self, decision: RoutingDecision, questions: dict[str, Any]) -> Any:
        strong = decision.win_probability
        if strong is None:  # nothing was scored, so a rule decided, for certain
            strong = float(decision.model == "strong")
        answers = {name: self._answer(question, decision, strong) for name, question in questions.items()}
        return response(answers, self.model)

    def _answer(self, question: Any, decision: RoutingDecision, strong: float) -> dict[str, Any]:
        if is_probability(question):
            return probability_answer(question, strong)
        names = labels(question)
        if not {self.strong, self.weak} <= set(names):
            raise InvalidInputError(
                f"a question must be a Noul or a Choice with the labels {self.strong!r} and {self.weak!r}, "
                f"got a {question.type}; give RouteLLMDecisionModel(strong=..., weak=...) its labels"
            )
        probabilities = {label: 0.0 for label in names}
        probabilities |= {self.strong: strong, self.weak: 1.0 - strong}
        return choice_answer(self.strong if decision.model == "strong" else self.weak, probabilities)
