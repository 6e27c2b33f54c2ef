"""A cascade over more than two models: ask down a list until an answer will do.

Whatever goes wrong with one model or its scorer, the next is asked: a call that failed, an answer that is
empty, cut short or a refusal, a scorer that raised. The last model's answer is used whatever it is.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import replace
from typing import Any

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError, PlanTimeoutError
from shared_router.plans.frugal import FrugalList
from shared_router.plans.protocol import Answer, Ask, Judge, PlanCall, PlanRequest, Step, Steps, Use
from shared_router.plans.route import ask_last
from shared_router.scorers.by_model import ScorerByModel
from shared_router.scorers.checked import CheckedScorer, scorer_of
from shared_router.scorers.protocol import Score, Scorer, ScoringFunction
from shared_router.scorers.unusable import why_unusable


class ListCascade:
    """Ask the models of a list in order, and use the first answer whose risk is below its threshold.

    Args:
        models: The list, by hand or from `frugal_list`.
        scorers: A scorer for each model but the last, by its name.

    Attributes:
        scorer: What a driver asks: the scorer of the model that answered.

    Raises:
        InvalidInputError: If a model but the last has no scorer, or a scorer judges another model's answers.
    """

    def __init__(
        self, models: FrugalList, scorers: Mapping[str, Scorer | ScoringFunction | CheckedScorer]
    ) -> None:
        if not isinstance(models, FrugalList):
            raise InvalidInputError(f"models must be a FrugalList, got {shown(models)}")
        if not isinstance(scorers, Mapping):
            raise InvalidInputError(f"scorers must be by model's name, got {shown_kind(scorers)}")
        missing = [model for model in models.models[:-1] if model not in scorers]
        if missing:
            raise InvalidInputError(f"each model but the last must have a scorer, and {missing} have none")
        self.models = models
        used = {model: scorers[model] for model in models.models[:-1]}
        self.scorer = scorer_of(ScorerByModel(used) if used else (lambda _question, _answer: 1.0))

    def __repr__(self) -> str:
        """Show the order and the thresholds."""
        return f"ListCascade({list(self.models.models)}, thresholds={list(self.models.thresholds)})"

    def steps(self, request: PlanRequest) -> Steps:
        """Begin the list for one request; of its candidates, where it names some.

        Raises:
            InvalidInputError: If none of the list's models can serve the request.
            PlanTimeoutError: If the deadline passes before any answer can be used.
            Exception: What the last model's call raised.
        """
        order = [
            (model, threshold)
            for model, threshold in zip(self.models.models, (*self.models.thresholds, None), strict=True)
            if request.candidates is None or model in request.candidates
        ]
        if not order:
            raise InvalidInputError("one of the list's models must be able to serve the request, and none is")
        calls: tuple[PlanCall, ...] = ()
        kept: Answer | None = None
        reason = "list"
        for model, threshold in order[:-1]:
            if request.deadline.passed:
                break
            (answer,) = yield Ask(model, reason=reason, calls=calls)
            score, reason = yield from self._judged(request, answer)
            calls = (*calls, PlanCall(answer.model, score, answer.dollars))
            if score is None:
                continue
            kept = answer
            if threshold is not None and 1.0 - score < threshold:
                yield Use(answer, "score", calls)
                return
        if not request.deadline.passed:
            yield from ask_last(order[-1][0], reason, calls)
            return
        if kept is None:
            raise PlanTimeoutError(
                f"a plan must end within its deadline ({request.deadline.seconds:g} s), and no answer that "
                "can be used had come by then; give it a longer deadline"
            )
        yield Use(kept, "deadline", calls)

    def _judged(self, request: PlanRequest, answer: Answer) -> Generator[Step, Any, tuple[float | None, str]]:
        """Return an answer's score and why the next model would be asked; None where it cannot be used."""
        if answer.error is not None:
            return None, f"escalated:error:{type(answer.error).__name__}"
        if answer.valid_tool_calls is not None:
            return float(answer.valid_tool_calls), "escalated:tool_calls"
        why = why_unusable(answer.given)
        if why:
            return None, f"escalated:{why.replace(' ', '_')}"
        unread = request.holds - self.scorer.reads
        if unread:
            return None, f"escalated:scorer_cannot_read:{', '.join(sorted(unread))}"
        outcome = yield Judge(request.question or "", (replace(answer.given, model=answer.model),))
        if isinstance(outcome, Score):
            return outcome.value, "escalated:score"
        return None, f"escalated:scorer_error:{type(outcome).__name__}"
