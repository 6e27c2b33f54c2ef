"""`CascadedLLM`: the weak LLM answers first, and the strong one where that answer will not do."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar, cast

from llama_index.core.llms import LLM

from llamaindex_routellm.base import Answer
from llamaindex_routellm.begun_plans import abegun_plan, begun_plan
from llamaindex_routellm.calls import LLMCall
from llamaindex_routellm.cascade_settings import CASCADE_SETTINGS, CascadeSettings
from llamaindex_routellm.changes import SETTINGS
from llamaindex_routellm.children import NOT_GIVEN, NotGiven, refuse_own_fields
from llamaindex_routellm.content import contents_of
from llamaindex_routellm.ended_calls import EndedCalls
from llamaindex_routellm.held_answers import aread_again, asked_now, read_again
from llamaindex_routellm.llm import RoutedLLM
from llamaindex_routellm.planning import PlanAtWork
from llamaindex_routellm.route import Route
from llamaindex_routellm.routing import DecidedCall
from llamaindex_routellm.ruled_plans import RuledPlan
from llamaindex_routellm.scorable import Parts
from llamaindex_routellm.tools import RoutedTools
from shared_router import (
    SCORER_TIMEOUT_S,
    Ask,
    Cascade,
    InvalidInputError,
    Judging,
    OnScorerError,
    OnStream,
    OnToolCalls,
    Router,
    Scorer,
    asettled,
    settled,
)

if TYPE_CHECKING:
    from llama_index.core.chat_engine.types import AgentChatResponse

Plan = TypeVar("Plan", bound=PlanAtWork)


class CascadedLLM(RoutedLLM):
    """Have the weak LLM answer first, and the strong one iff that answer will not do.

    It takes the place of an LLM anywhere in LlamaIndex, as `RoutedLLM` does. The answer is one model's,
    unchanged. A response's `additional_kwargs["routellm"]` holds the `model` that gave it, the `reason`, the
    `dollars` of all calls where prices are given, and `calls`, a list of `{model, score, dollars}` in order.

    A weak answer is rejected iff `1 - P(good enough) >= threshold`. One that failed, is empty, was cut short,
    withheld or refuses is rejected unread. `llm.override(threshold=0.8)` is a block's own threshold, and
    `llm.override(route="strong")` asks that model alone.

    Args:
        strong: The model whose answers are better.
        weak: The model whose answers are cheaper.
        scorer: A `Scorer`, or a function `(question, answer) -> P(good enough)`.
        threshold: The cost threshold of the weak answer, in [0, 1]; higher is cheaper.
        router: What sends hard questions to the strong model without a weak call: a router, or the name or
            folder of one; None asks the weak model first, always.
        router_threshold: The router's cost threshold, in [0, 1]; None takes the router's own.
        on_tool_calls: Whether a weak answer that calls tools is good enough if its calls fit the tools'
            schemas (`"score"`) or always (`"pass"`).
        on_stream: What streams: `"buffer"` has the weak answer judged before any of it is read, and then
            streams it as it came, or the strong one as it is written; `"route"` streams the router's choice
            alone, which nothing judges.
        on_scorer_error: Which answer is used where the scorer fails, is late, or cannot read the question,
            such as an image: `"strong"`, `"weak"`, or `"raise"`.
        scorer_timeout: How long a scorer that blocks may take over one answer, in seconds, or None.
        deadline: How long all calls of one call may take together, in seconds, or None. When it passes, a
            weak answer that can be used is used; under a deadline the strong answer is not streamed.
        **routing: The other arguments of `RoutedLLM`, but for `models` and `strong_fraction`.

    Raises:
        InvalidInputError: If an argument is outside its rule, or the scorer judges another model's answers.
        UnknownNameError: If no router or model has that name.
    """

    _setting_names: ClassVar[frozenset[str]] = SETTINGS | CASCADE_SETTINGS

    def __init__(
        self,
        *,
        strong: LLM | NotGiven = NOT_GIVEN,
        weak: LLM | NotGiven = NOT_GIVEN,
        scorer: Scorer | Callable[[str, str], float] | None = None,
        threshold: float = 0.5,
        router: Router | str | Path | None = None,
        router_threshold: float | None = None,
        on_tool_calls: OnToolCalls = "score",
        on_stream: OnStream = "buffer",
        on_scorer_error: OnScorerError = "strong",
        scorer_timeout: float | None = SCORER_TIMEOUT_S,
        deadline: float | None = None,
        **routing: Any,
    ) -> None:
        for name in ("models", "strong_fraction"):
            if routing.pop(name, None) is not None:
                raise InvalidInputError(f"a cascade must be of strong and weak, got {name}; leave it out")
        manager, prompt = routing.pop("callback_manager", None), routing.pop("system_prompt", None)
        own = {name: routing.pop(name) for name in [*routing] if name not in SETTINGS}
        refuse_own_fields(own, type(self).__init__)
        settings = CascadeSettings(
            scorer=scorer,
            threshold=threshold,
            router=router,
            router_threshold=router_threshold,
            on_tool_calls=on_tool_calls,
            on_stream=on_stream,
            on_scorer_error=on_scorer_error,
            scorer_timeout=scorer_timeout,
            deadline=deadline,
            **routing,
        )
        self._made_of(settings, strong, weak, None, manager, prompt)
        self._cascading.check_scorer(self.weak)
        EndedCalls.watch()

    @classmethod
    def class_name(cls) -> str:
        """Name the class, as LlamaIndex serialises it."""
        return "CascadedLLM"

    @property
    def cascade(self) -> Cascade:
        """What decides by the weak answer."""
        return self._cascading.cascade

    @property
    def threshold(self) -> float:
        """The cost threshold of the weak answer, in [0, 1]."""
        return self.cascade.threshold

    def predict_and_call(self, *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Have a model pick tools, and call them once its picks are accepted."""
        # past RoutedTools: a model's own method would call the tools before its answer is judged
        return super(RoutedTools, self).predict_and_call(*args, **kwargs)

    async def apredict_and_call(self, *args: Any, **kwargs: Any) -> AgentChatResponse:
        """Have a model pick tools, and call them once its picks are accepted."""
        return await super(RoutedTools, self).apredict_and_call(*args, **kwargs)

    def __setattr__(self, name: str, value: Any) -> None:
        """Change what the constructor was given, under its rules."""
        if name == "weak" and isinstance(value, LLM):
            self._cascading.check_scorer(value)
        super().__setattr__(name, value)
        if name == "scorer":
            self._cascading.check_scorer(self.weak)

    def _ask(self, call: LLMCall, ask: Callable[[Route], Answer]) -> Answer:
        if (rules := self._routing.rules) is not None:
            planned, decided = begun_plan(self._routing, rules, self.children, call)
            return planned.of_plan(self._work(call, decided, RuledPlan), self._judging(call)).ask(ask)
        decided = self._routing.decided(self.children, call, by_own_threshold=False)
        work, judging = self._work(call, decided, PlanAtWork), self._judging(call)
        if judging is None:
            found: Any = _alone(decided)
        else:
            found = settled(
                self.cascade.steps(work.request),
                lambda step: work.ask(step, ask),
                judging=judging,
                deadline=work.request.deadline,
            )
        if isinstance(found, Ask):
            with work.last(found) as route:
                return ask(route)
        answer = work.used(found)
        return cast("Answer", read_again(answer) if isinstance(answer, Parts) else answer)

    async def _aask(self, call: LLMCall, ask: Callable[[Route], Awaitable[Answer]]) -> Answer:
        if (rules := self._routing.rules) is not None:
            planned, decided = await abegun_plan(self._routing, rules, self.children, call)
            return await planned.of_plan(self._work(call, decided, RuledPlan), self._judging(call)).aask(ask)
        decided = await self._routing.adecided(self.children, call, by_own_threshold=False)
        work, judging = self._work(call, decided, PlanAtWork), self._judging(call)
        if judging is None:
            found: Any = _alone(decided)
        else:
            found = await asettled(
                self.cascade.steps(work.request),
                lambda step: work.aask(step, ask),
                judging=judging,
                deadline=work.request.deadline,
            )
        if isinstance(found, Ask):
            with work.last(found) as route:
                return await ask(route)
        answer = work.used(found)
        return cast("Answer", aread_again(answer) if isinstance(answer, Parts) else answer)

    def _judging(self, call: LLMCall) -> Judging | None:
        """Return what asks the scorer; None for a stream that is the router's choice alone."""
        alone = call.streams and self._cascading.on_stream == "route"
        return None if alone else self._cascading.judging

    def _work(self, call: LLMCall, decided: DecidedCall, kind: type[Plan]) -> Plan:
        return kind(
            self.cascade,
            self._routing,
            self.children,
            call,
            decided,
            holds=frozenset(contents_of(asked_now(call))),
            seconds=self._cascading.deadline,
        )

    @property
    def _cascading(self) -> CascadeSettings:
        return cast("CascadeSettings", self._given)


def _alone(decided: DecidedCall) -> Ask:
    """Return the one call of a stream that nothing judges."""
    return Ask(decided.decision.model, last=True, reason=decided.decision.reason)
