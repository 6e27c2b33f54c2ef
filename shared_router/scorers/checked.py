"""One scorer as a plan asks it: whatever was given, checked, with a value for all it leaves out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import cast

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError, ScorerOutputError
from shared_router.scorers.check import Check
from shared_router.scorers.given_answer import GivenAnswer, given_answers
from shared_router.scorers.protocol import Reads, Score, Scorer, ScoringFunction
from shared_router.scorers.scorer_rules import check_callable, checked_reads
from shared_router.scorers.unusable import why_unusable


@dataclass(frozen=True, slots=True)
class CheckedScorer:
    """A scorer that returns a checked `Score` or raises an error that names the rule.

    `scorer_of` makes one. See `Scorer` for what the attributes mean.
    """

    scorer: Scorer
    name: str
    n_answers: int
    reads: frozenset[Reads]
    model: str | None
    blocking: bool

    def score(self, question: str, answers: Sequence[GivenAnswer | str]) -> Score:
        """Return P(good enough) of the answer that would be used: `Score.answer` says which.

        Without asking the scorer it is 0 where no answer came, or where each is empty, was cut short,
        withheld by its provider, or refuses.

        Args:
            question: The user's question.
            answers: One model's answers; none where every try failed.

        Raises:
            InvalidInputError: If this scorer judges another model's answers alone.
            ScorerOutputError: If the scorer returned no number in [0, 1], or dollars below 0.
        """
        given = given_answers(answers)
        if not given:
            return Score(0.0, reason="no answer")
        self.check_model(given[0].model)
        reasons = [why_unusable(answer) for answer in given]
        if all(reasons) or (self.n_answers == 1 and reasons[0]):
            return Score(0.0, reason=reasons[0])
        return _checked(self.scorer.good_enough(question, given), self.name, n_answers=len(given))

    def possible_scores(
        self, question: str, answers: Sequence[GivenAnswer | str], *, n_more: int
    ) -> tuple[float, float]:
        """Return between which values the score must end when more answers are to come.

        Args:
            question: The user's question.
            answers: The answers so far.
            n_more: How many more may come, >= 0.

        Returns:
            The least and the largest score, in [0, 1]; (0, 1) where the scorer cannot tell.
        """
        tell = getattr(self.scorer, "possible_scores", None)
        given = given_answers(answers)
        if tell is None or not given:
            return 0.0, 1.0
        low, high = tell(question, given, n_more=n_more)
        return _checked(low, self.name).value, _checked(high, self.name).value

    def check_model(self, model: str | None) -> None:
        """Check that this scorer can judge a model's answers; a model without a name passes.

        Raises:
            InvalidInputError: If it was fitted on another model's.
        """
        if self.model is not None and model is not None and model != self.model:
            raise InvalidInputError(
                f"a scorer must judge the model that it was fitted for ({self.model}), got {model}; fit one "
                "for each model"
            )


def scorer_of(scorer: Scorer | ScoringFunction | CheckedScorer) -> CheckedScorer:
    """Return a scorer, or any function `(question, answer) -> P(good enough)`, as plans ask it.

    Args:
        scorer: An object with `good_enough(question, answers)`, or such a function; a checked one stays.

    Raises:
        InvalidInputError: If it is neither, or what it says of itself is outside its rule.
    """
    if isinstance(scorer, CheckedScorer):
        return scorer
    asked = scorer
    if not hasattr(asked, "good_enough"):
        check_callable(asked, arguments="(question, answer)")
        asked = Check(asked)
    elif isinstance(asked, type):
        raise InvalidInputError(f"scorer must be an object, got {shown_kind(asked)}; call it")
    else:
        check_callable(asked.good_enough, arguments="(question, answers)")
    n_answers = getattr(asked, "n_answers", 1)
    if not isinstance(n_answers, int) or isinstance(n_answers, bool) or n_answers < 1:
        raise InvalidInputError(f"a scorer's n_answers must be a whole number >= 1, got {shown(n_answers)}")
    return CheckedScorer(
        scorer=cast(Scorer, asked),
        name=repr(asked) if isinstance(asked, Check) else _name(asked),
        n_answers=n_answers,
        reads=checked_reads(getattr(asked, "reads", ())),
        model=getattr(asked, "model", None),
        blocking=bool(getattr(asked, "blocking", True)),
    )


def _name(scorer: object) -> str:
    return str(getattr(scorer, "name", None) or type(scorer).__name__)


def _checked(found: object, name: str, *, n_answers: int = 1) -> Score:
    score = found if isinstance(found, Score) else None
    value = found if score is None else score.value
    if getattr(value, "shape", None) == ():  # numpy's truth values are no Real
        value = getattr(value, "item", lambda: None)()
    if not isinstance(value, Real):
        getattr(value, "close", lambda: None)()  # a coroutine that nobody will await
        raise ScorerOutputError(f"a scorer must return a number, got {shown_kind(value)} from {name}")
    try:
        number = float(value)
    except OverflowError:  # a whole number that is larger than any float
        number = math.inf
    if not 0.0 <= number <= 1.0:
        kind = "a number outside [0, 1]" if math.isfinite(number) else "a number that is not finite"
        raise ScorerOutputError(f"P(good enough) must be finite and in [0, 1], got {kind} from {name}")
    if score is None:
        return Score(number)
    if not isinstance(score.dollars, Real) or not 0.0 <= float(score.dollars) < math.inf:
        raise ScorerOutputError(
            f"a score's dollars must be finite and >= 0, got {shown(score.dollars)} from {name}"
        )
    if score.answer not in range(n_answers):
        raise ScorerOutputError(
            f"a score must be of one of {n_answers} answers, got place {score.answer!r} from {name}"
        )
    return Score(number, score.dollars, score.reason, score.answer)
