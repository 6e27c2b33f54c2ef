"""Ask the weak model first, and the strong one where the weak answer will not do.

As in FrugalGPT (arXiv 2305.05176, section 3, "LLM cascade") and AutoMix, of two models: the answer of the
first is used iff a scorer finds it good enough. What no scorer need read goes on at once: a call that failed,
an answer that is empty, cut short, withheld or a refusal. Lists of more models and their thresholds are
`frugal`'s.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from shared_router.choices import check_choice
from shared_router.decisions import check_threshold
from shared_router.errors import CapabilityError, PlanTimeoutError
from shared_router.plans.protocol import Answer, Ask, Judge, PlanCall, PlanRequest, Step, Steps, Use
from shared_router.plans.route import Route, ask_last
from shared_router.scorers.checked import CheckedScorer, scorer_of
from shared_router.scorers.protocol import Score, Scorer
from shared_router.scorers.unusable import why_unusable

OnScorerError = Literal["strong", "weak", "raise"]
"""Which answer is used where the scorer fails: the strong model's, the weak one's, or none."""

OnToolCalls = Literal["score", "pass"]
"""Whether a weak answer that calls tools is good enough by its calls' schemas, or always."""

DEFAULT_RISK = 0.5

_LOG_PROBABILITIES = {"logprobs": True, "top_logprobs": 2}
"""How a model of OpenAI's chat form is asked for them, and for the likeliest other token's."""


@dataclass(frozen=True, slots=True)
class _Found:
    """What the weak model's answers came to.

    Attributes:
        best: The answer that would be used; None where none can be.
        reason: Why it will do or will not.
        calls: The calls made.
        will_do: Whether it is used.
    """

    best: Answer | None
    reason: str
    calls: tuple[PlanCall, ...]
    will_do: bool


class Cascade:
    """Use the weak answer unless `1 - P(good enough) >= threshold`; then ask the strong model.

    A higher threshold is cheaper: at 0 every weak answer is rejected, at 1 only those that cannot be good.

    A request that the policy sends strong is asked of the strong model alone, so that a router may stand
    before: see `RouteThenCascade`. One that the weak model alone may answer is not scored either.
    """

    def __init__(
        self,
        scorer: Scorer | Callable[[str, str], float] | CheckedScorer,
        *,
        threshold: float = DEFAULT_RISK,
        strong: str = "strong",
        weak: str = "weak",
        on_scorer_error: OnScorerError = "strong",
        on_tool_calls: OnToolCalls = "score",
    ) -> None:
        """Keep the rule.

        Args:
            scorer: A scorer, or a function `(question, answer) -> P(good enough)`.
            threshold: The cost threshold, in [0, 1].
            strong: What the strong model is called.
            weak: What the weak model is called.
            on_scorer_error: Which answer is used where the scorer fails, or cannot read the question.
            on_tool_calls: Whether a weak answer that calls tools is scored by their schemas or passes.

        Raises:
            InvalidInputError: If an argument is outside its rule.
        """
        check_threshold(threshold)
        check_choice("on_scorer_error", on_scorer_error, get_args(OnScorerError))
        check_choice("on_tool_calls", on_tool_calls, get_args(OnToolCalls))
        self.scorer = scorer_of(scorer)
        self.threshold = float(threshold)
        self.strong = strong
        self.weak = weak
        self.on_scorer_error = on_scorer_error
        self.on_tool_calls = on_tool_calls

    def __repr__(self) -> str:
        """Show the rule."""
        return f"Cascade({self.scorer.name}, threshold={self.threshold!r})"

    def steps(self, request: PlanRequest) -> Steps:
        """Begin the cascade for one request.

        Raises:
            InvalidInputError: If the request's own threshold is outside its rule.
            PlanTimeoutError: If the deadline passes before any answer can be used.
            Exception: What the strong model's call raised, or the scorer with `on_scorer_error="raise"`.
        """
        if request.threshold is not None:
            check_threshold(request.threshold)
        if not self._cascades(request):
            yield from Route().steps(request)
            return
        unread = request.holds - self.scorer.reads
        if unread and self.on_scorer_error != "weak":
            yield from self._unjudged(", ".join(sorted(unread)))
            return
        found = yield from self._weak_answers(request, unread)
        if found.will_do and found.best is not None:
            yield Use(found.best, found.reason, found.calls)
            return
        yield from self._strong_answer(request, found)

    def _cascades(self, request: PlanRequest) -> bool:
        """Tell whether both models may answer, and there is a question to judge an answer by."""
        if request.decision is None:
            return True
        reason = request.decision.reason
        is_rule = reason not in ("score", "explore", "sticky") and not reason.startswith("router_error")
        both = request.candidates is None or {self.strong, self.weak} <= set(request.candidates)
        return request.decision.model == self.weak and both and not is_rule and bool(request.question)

    def _unjudged(self, unread: str) -> Steps:
        """Go past a weak answer that nothing could judge."""
        if self.on_scorer_error == "raise":
            raise CapabilityError(f"a scorer must read the question, and {self.scorer.name} cannot: {unread}")
        yield from ask_last(self.strong, f"scorer_cannot_read:{unread}")

    def _weak_answers(self, request: PlanRequest, unread: frozenset[str]) -> Generator[Step, Any, _Found]:
        """Ask for as many answers as the scorer wants, and no more than can matter to it."""
        wanted = 1 if unread else self.scorer.n_answers
        settings = _LOG_PROBABILITIES if "token_log_probabilities" in self.scorer.reads else {}
        answers: list[Answer] = []
        while len(answers) < wanted:
            n = min(2, wanted) if not answers else 1
            answers += yield Ask(self.weak, n=n, settings=settings, reason="cascade", calls=_calls(answers))
            early = self._settled_without_scorer(answers, unread)
            if early is not None:
                return early
            if self._cannot_matter(request, answers, wanted - len(answers)):
                break
        outcome = yield Judge(request.question or "", tuple(each.given for each in _usable(answers)))
        return self._judged(request, answers, outcome)

    def _settled_without_scorer(self, answers: list[Answer], unread: frozenset[str]) -> _Found | None:
        """Return what answers come to that are not for the scorer; None where it must be asked."""
        usable = _usable(answers)
        if not usable:
            errors = [each.error for each in answers if each.error is not None]
            why = f"error:{type(errors[0]).__name__}" if errors else "no_answer"
            return _Found(None, why, _calls(answers), will_do=False)
        best = usable[0]
        if best.valid_tool_calls is not None:
            if self.on_tool_calls == "pass":
                return _Found(best, "tool_calls", _calls(answers), will_do=True)
            calls = _calls(answers, best, Score(float(best.valid_tool_calls)))
            return _Found(best, "tool_calls", calls, will_do=best.valid_tool_calls)
        reasons = [why_unusable(each.given) for each in usable]
        if all(reasons):  # of several samples one that can be used is enough
            why = reasons[0].replace(" ", "_")
            return _Found(None, why, _calls(answers, best, Score(0.0)), will_do=False)
        if unread:
            return _Found(best, f"scorer_cannot_read:{', '.join(sorted(unread))}", _calls(answers), True)
        return None

    def _cannot_matter(self, request: PlanRequest, answers: list[Answer], n_more: int) -> bool:
        """Tell whether the answers still to come cannot change what is decided."""
        if not n_more:
            return True
        given = [each.given for each in _usable(answers)]
        low, high = self.scorer.possible_scores(request.question or "", given, n_more=n_more)
        return self._is_rejected(request, high) or not self._is_rejected(request, low)

    def _is_rejected(self, request: PlanRequest, score: float) -> bool:
        threshold = self.threshold if request.threshold is None else float(request.threshold)
        return 1.0 - score >= threshold

    def _judged(self, request: PlanRequest, answers: list[Answer], outcome: Score | Exception) -> _Found:
        usable = _usable(answers)
        if isinstance(outcome, Exception):
            if self.on_scorer_error == "raise":
                raise outcome
            why = f"scorer_error:{type(outcome).__name__}"
            best = next(each for each in usable if not why_unusable(each.given))
            return _Found(best, why, _calls(answers), will_do=self.on_scorer_error == "weak")
        best = usable[outcome.answer]
        calls = _calls(answers, best, outcome)
        if outcome.dollars:  # what scores by a paid call
            calls = (*calls, PlanCall(self.scorer.name, dollars=outcome.dollars))
        return _Found(best, "score", calls, will_do=not self._is_rejected(request, outcome.value))

    def _strong_answer(self, request: PlanRequest, found: _Found) -> Steps:
        """Ask the strong model, unless no time is left for it."""
        reason = f"escalated:{found.reason}"
        calls = found.calls
        if not request.deadline.passed:
            ask = Ask(self.strong, last=True, reason=reason, calls=calls)
            (answer,) = yield ask
            calls = (*calls, PlanCall(answer.model, dollars=answer.dollars))
            if answer.error is None:
                yield Use(answer, reason, calls)
                return
            if not isinstance(answer.error, PlanTimeoutError):
                raise answer.error
        if found.best is None:
            raise PlanTimeoutError(
                f"a plan must end within its deadline ({request.deadline.seconds:g} s), and no answer that "
                "can be used had come by then; give it a longer deadline"
            )
        yield Use(found.best, "deadline", calls)


def _usable(answers: Sequence[Answer]) -> list[Answer]:
    return [answer for answer in answers if answer.error is None]


def _calls(
    answers: Sequence[Answer], scored: Answer | None = None, score: Score | None = None
) -> tuple[PlanCall, ...]:
    return tuple(
        PlanCall(each.model, score.value if score is not None and each is scored else None, each.dollars)
        for each in answers
    )
