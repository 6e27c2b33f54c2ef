"""Ask several models, rank their answers, and use the best or what is made of the best (LLM-Blender).

arXiv 2306.02561, figure 2: PairRanker orders the answers, GenFuser writes one of the first three. What an
answer needs no ranker for goes first: a call that failed, an answer that is empty, cut short, withheld or a
refusal leaves the blend, and calls of tools are judged by the tools' schemas and never fused.
"""

from __future__ import annotations

from collections.abc import Generator, Sequence
from dataclasses import replace
from typing import Any

from shared_router.choices import check_choice, check_texts, shown
from shared_router.errors import CapabilityError, InvalidInputError, ScorerOutputError
from shared_router.plans.protocol import (
    Answer,
    Ask,
    AskAll,
    BlendStep,
    BlendSteps,
    Fuse,
    Judge,
    PlanCall,
    PlanRequest,
    Use,
)
from shared_router.plans.rankers import CheckedRanker, Ranker, Ranking, RankingFunction, ranker_of
from shared_router.plans.route import Route
from shared_router.scorers.unusable import why_unusable

TOP_K = 3
"""LLM-Blender's."""


class Blend:
    """Ask every model at once, and use the best answer, or one that is made of the `top_k` best.

    A request that a policy decided without a score, such as a caller's own choice or a tool loop that keeps
    its model, is asked of that model alone; so is one that a single model can serve.

    The reason of a blend's end is `"ranked"`, or `"fused:..."` with the models whose answers were; where
    nothing was ranked `"only_answer"`, `"same_answer"` (all say the same), `"tool_calls"` (the first whose
    calls fit the tools' schemas) or `"only_unusable:..."` with what is wrong with the first; and where
    `on_scorer_error` decided `"ranker_error:..."`, `"ranker_cannot_read:..."` or `"fuser_error:..."`.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        ranker: Ranker | RankingFunction | CheckedRanker | None = None,
        fuses: bool = False,
        top_k: int = TOP_K,
        on_scorer_error: str = "first",
    ) -> None:
        """Keep the rule.

        Args:
            models: The models' names, two or more, none of them `"first"` or `"raise"`, which
                `on_scorer_error` means otherwise; the first counts where nothing else decides.
            ranker: A ranker, or a function `(question, answers) -> scores`. None keeps the models' order,
                which needs `fuses`.
            fuses: Whether the best answers are made one.
            top_k: How many, >= 1; of one alone nothing is made.
            on_scorer_error: What is used where the ranker or the fuser fails, or the ranker cannot read the
                question, such as an image: `"first"`, the answer of the first model that gave one, a model's
                name, that model's or else the first, or `"raise"`. Where the fuser alone fails, the answer
                that was ranked best is used in any case but `"raise"`; what it wrote fails too where it is
                empty, cut short, withheld or a refusal.

        Raises:
            InvalidInputError: If an argument is outside its rule.
        """
        check_texts("models", models)
        if len(models) < 2 or len(set(models)) < len(models):
            raise InvalidInputError(
                f"a blend must be of two models or more, by names of their own, got {len(set(models))}"
            )
        if not all(name.strip() for name in models) or not {"first", "raise"}.isdisjoint(models):
            raise InvalidInputError(
                'a model of a blend must have a name that is neither blank nor "first" or "raise", which '
                "on_scorer_error means otherwise; rename it"
            )
        if type(top_k) is not int or top_k < 1:
            raise InvalidInputError(f"top_k must be a whole number >= 1, got {shown(top_k)}")
        if ranker is None and not fuses:
            raise InvalidInputError("a blend must have a ranker or a fuser, got neither; give ranker=")
        check_choice("on_scorer_error", on_scorer_error, ("first", "raise", *models))
        self.models = tuple(models)
        self.ranker = None if ranker is None else ranker_of(ranker)
        self.fuses = fuses
        self.top_k = top_k
        self.on_scorer_error = on_scorer_error

    def __repr__(self) -> str:
        """Show the rule."""
        ranker = None if self.ranker is None else self.ranker.name
        return f"Blend({list(self.models)}, ranker={ranker}, fuses={self.fuses}, top_k={self.top_k})"

    def steps(self, request: PlanRequest) -> BlendSteps:
        """Begin the blend for one request.

        Raises:
            PlanTimeoutError: If the deadline passes before any answer has come.
            CapabilityError: If the ranker cannot read the question, with `on_scorer_error="raise"`.
            Exception: What the first model's call raised, where every one did; what the ranker or the fuser
                raised, with `on_scorer_error="raise"`.
        """
        asked = [name for name in self.models if request.candidates is None or name in request.candidates]
        if _is_decided(request) or len(asked) < 2:
            yield from Route().steps(request)
            return
        answers = yield AskAll(tuple(Ask(name, reason="blend") for name in asked))
        left, end = _left(answers)
        if end is not None:
            yield end
            return
        order, calls, reason = yield from self._ordered(request, answers, left)
        best = left[order[0]]
        if not (self.fuses and self.top_k > 1 and request.in_words and reason == "ranked"):
            yield Use(best, reason, calls)
            return
        yield from self._fused(request, [left[place] for place in order[: self.top_k]], calls)

    def _ordered(
        self, request: PlanRequest, answers: Sequence[Answer], left: Sequence[Answer]
    ) -> Generator[BlendStep, Any, tuple[tuple[int, ...], tuple[PlanCall, ...], str]]:
        """Return the places of the answers that are left, best first, the calls, and why that order."""
        calls = _calls(answers)
        as_given = tuple(range(len(left)))
        if self.ranker is None:
            return as_given, calls, "ranked"
        if request.holds:  # a ranker reads words alone
            held = ", ".join(sorted(request.holds))
            if self.on_scorer_error == "raise":
                raise CapabilityError(f"a ranker must read the question: {self.ranker.name} cannot: {held}")
            return self._otherwise(left), calls, f"ranker_cannot_read:{held}"
        outcome = yield Judge(request.question or "", tuple(_named(each) for each in left))
        if isinstance(outcome, Exception):
            if self.on_scorer_error == "raise":
                raise outcome
            return self._otherwise(left), calls, f"ranker_error:{type(outcome).__name__}"
        ranking: Ranking = outcome
        return ranking.order, _calls(answers, left, ranking.scores), "ranked"

    def _otherwise(self, left: Sequence[Answer]) -> tuple[int, ...]:
        """Return the places of the answers as they count where nothing ranks them."""
        return tuple(sorted(range(len(left)), key=lambda place: left[place].model != self.on_scorer_error))

    def _fused(self, request: PlanRequest, best: Sequence[Answer], calls: tuple[PlanCall, ...]) -> BlendSteps:
        """Make the best answers one; the best of them is used where that cannot be."""
        fused: Answer = yield Fuse(request.question or "", tuple(_named(each) for each in best), calls)
        error = fused.error
        if error is None:
            calls = (*calls, PlanCall(fused.model, dollars=fused.dollars))
            unusable = why_unusable(fused.given)
            if unusable:
                error = ScorerOutputError(
                    f"a fuser must write an answer, got one that is {unusable} from {fused.model}"
                )
        if error is not None:
            if self.on_scorer_error == "raise":
                raise error
            yield Use(best[0], f"fuser_error:{type(error).__name__}", calls)
            return
        yield Use(fused, f"fused:{','.join(each.model for each in best)}", calls)


def _is_decided(request: PlanRequest) -> bool:
    """Tell whether a policy chose one model by a rule, or there is no question to rank answers by."""
    decision = request.decision
    return decision is not None and (decision.reason not in ("score", "explore") or not request.question)


def _left(answers: Sequence[Answer]) -> tuple[list[Answer], Use | None]:
    """Return the answers that are to be ranked, or the end where nothing is."""
    came = [each for each in answers if each.error is None]
    if not came:
        raise next(each.error for each in answers if each.error is not None)
    calling = [each for each in came if each.valid_tool_calls is not None]
    valid = [each for each in calling if each.valid_tool_calls]
    if valid:
        return [], Use(valid[0], "tool_calls", _calls(answers, calling, [float(e in valid) for e in calling]))
    left = [each for each in came if each not in calling and not why_unusable(each.given)]
    if not left:
        why = "tool_calls" if came[0] in calling else why_unusable(came[0].given).replace(" ", "_")
        return [], Use(came[0], f"only_unusable:{why}", _calls(answers))
    if len(left) == 1:
        return left, Use(left[0], "only_answer", _calls(answers))
    if len({each.given.text.strip() for each in left}) == 1:
        return left, Use(left[0], "same_answer", _calls(answers))
    return left, None


def _named(answer: Answer) -> Any:
    return replace(answer.given, model=answer.model)


def _calls(
    answers: Sequence[Answer], scored: Sequence[Answer] = (), scores: Sequence[float] = ()
) -> tuple[PlanCall, ...]:
    by_model = {each.model: score for each, score in zip(scored, scores, strict=True)}
    return tuple(PlanCall(each.model, by_model.get(each.model), each.dollars) for each in answers)
