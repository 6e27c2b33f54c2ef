"""scorers/checked.py: a plan gets a checked score from any scorer or function, or an error with the rule."""

import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import pytest

from shared_router import (
    Check,
    GivenAnswer,
    InvalidInputError,
    Score,
    Scorer,
    ScorerOutputError,
    SelfCheck,
    TokenConfidence,
    scorer_of,
)


class OfMixtral:
    """Judge Mixtral's answers alone, by how many there are."""

    model = "mixtral"
    name = "count"
    n_answers = 3
    blocking = False
    reads = ("finish_reason",)

    def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> Score:
        return Score(len(answers) / 4, dollars=0.25, reason=question)

    def possible_scores(
        self, question: str, answers: Sequence[GivenAnswer], *, n_more: int
    ) -> tuple[float, float]:
        return len(answers) / 4, (len(answers) + n_more) / 4


def test_a_plain_function_of_question_and_answer_is_a_scorer() -> None:
    scorer = scorer_of(lambda question, answer: 0.75 if question == "2+2?" and answer == "4" else 0.0)
    assert scorer.score("2+2?", ["4"]) == Score(0.75)


@pytest.mark.parametrize("verdict", [True, 1, 1.0, np.float32(1), np.bool_(True), np.float64(1)])
def test_a_verdict_may_be_any_kind_of_number(verdict: float) -> None:
    assert scorer_of(lambda _, __: verdict).score("q", ["a"]).value == 1.0


def test_a_scorer_keeps_what_it_says_of_itself() -> None:
    scorer = scorer_of(OfMixtral())
    assert (scorer.name, scorer.model, scorer.n_answers, scorer.blocking) == ("count", "mixtral", 3, False)
    assert scorer.reads == {"finish_reason"}


def test_a_function_is_asked_for_one_answer_of_anybody_and_may_block() -> None:
    scorer = scorer_of(lambda _, __: 1.0)
    assert (scorer.model, scorer.n_answers, scorer.blocking, scorer.reads) == (None, 1, True, frozenset())


def test_a_score_keeps_its_dollars_and_its_reason() -> None:
    assert scorer_of(OfMixtral()).score("why", ["a", "b"]) == Score(0.5, dollars=0.25, reason="why")


@pytest.mark.parametrize("wrong", [math.nan, math.inf, -0.01, 1.01, 10**400])
def test_a_number_that_is_no_probability_is_refused(wrong: float) -> None:
    with pytest.raises(ScorerOutputError, match=r"must be finite and in \[0, 1\], got a number"):
        scorer_of(lambda _, __: wrong).score("q", ["a"])


@pytest.mark.parametrize("wrong", [None, "0.9", [0.9], np.ones(2)])
def test_what_is_no_number_is_refused(wrong: object) -> None:
    with pytest.raises(ScorerOutputError, match="must return a number, got"):
        scorer_of(lambda _, __: wrong).score("q", ["a"])  # type: ignore[arg-type, return-value]


@pytest.mark.parametrize("dollars", [-1.0, math.nan, math.inf, None, "1"])
def test_dollars_that_are_no_sum_are_refused(dollars: Any) -> None:
    class Paid:
        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> Score:
            return Score(0.5, dollars=dollars)

    with pytest.raises(ScorerOutputError, match="dollars must be finite and >= 0"):
        scorer_of(Paid()).score("q", ["a"])


def test_an_error_of_a_scorer_holds_no_word_of_the_answer() -> None:
    with pytest.raises(ScorerOutputError) as caught:
        scorer_of(lambda _, answer: answer).score("my secret", ["sk-secret"])  # type: ignore[arg-type, return-value]
    assert "secret" not in str(caught.value)


def test_a_scorer_refuses_another_models_answers() -> None:
    with pytest.raises(InvalidInputError, match=r"fitted for \(mixtral\), got llama"):
        scorer_of(OfMixtral()).score("q", [GivenAnswer("a", model="llama")])
    assert scorer_of(OfMixtral()).score("q", [GivenAnswer("a", model="mixtral")]).value == 0.25


def never(question: str, answer: str) -> float:
    raise AssertionError


@pytest.mark.parametrize(
    ("answers", "reason"),
    [
        ([], "no answer"),
        ([""], "empty"),
        ([" \n"], "empty"),
        ([GivenAnswer("The sum is", finish_reason="length")], "cut short"),
        ([GivenAnswer("The sum is", finish_reason="FinishReason.MAX_TOKENS")], "cut short"),
        ([GivenAnswer("", finish_reason="content_filter")], "withheld"),
        (["I'm sorry, but I can't help with that."], "refused"),
    ],
)
def test_what_cannot_be_good_enough_is_not_put_before_the_scorer(
    answers: list[GivenAnswer | str], reason: str
) -> None:
    assert scorer_of(never).score("q", answers) == Score(0.0, reason=reason)


def test_a_scorer_that_knows_says_between_what_its_score_will_end() -> None:
    assert scorer_of(OfMixtral()).possible_scores("q", ["a"], n_more=2) == (0.25, 0.75)
    assert scorer_of(lambda _, __: 0.5).possible_scores("q", ["a"], n_more=2) == (0.0, 1.0)


@pytest.mark.parametrize("wrong", [None, "scorer", 3, OfMixtral, float])
def test_what_can_score_nothing_is_refused(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="scorer must"):
        scorer_of(wrong)  # type: ignore[arg-type]


async def _asynchronous(question: str, answer: str) -> float:
    raise AssertionError


class _Asynchronous:
    async def __call__(self, question: str, answer: str) -> float:
        raise AssertionError


class _Judging:
    async def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
        raise AssertionError


@pytest.mark.parametrize(
    "wrong", [_asynchronous, _Asynchronous(), _Judging(), partial(_asynchronous, "question")]
)
def test_an_asynchronous_scorer_is_refused_where_it_is_given(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="must be a plain function"):
        scorer_of(wrong)  # type: ignore[arg-type]


class _OfAnswersAlone:
    def good_enough(self, answers: Sequence[GivenAnswer]) -> float:
        raise AssertionError


@pytest.mark.parametrize(
    "wrong",
    [lambda answer: 1.0, lambda question, answer, key: 1.0, lambda *, question: 1.0, _OfAnswersAlone()],
)
def test_a_scorer_that_does_not_take_two_arguments_is_refused_where_it_is_given(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="must take two arguments"):
        scorer_of(wrong)  # type: ignore[arg-type]


def max_of(question: str, answer: str = "", /, *others: str, **named: str) -> float:
    """Take anything."""
    return float(not others and not named)


@pytest.mark.parametrize("right", [lambda *all_: 1.0, lambda question, answer, key=None: 1.0, max_of])
def test_a_scorer_may_take_more_than_it_is_given(right: Callable[[str, str], float]) -> None:
    assert scorer_of(right).score("q", ["a"]).value == 1.0


@pytest.mark.parametrize("wrong", [5, "images", ["image"], [["images"]], None])
def test_a_scorer_reads_what_there_is(wrong: object) -> None:
    scorer = OfMixtral()
    scorer.reads = wrong  # type: ignore[assignment]
    with pytest.raises(InvalidInputError, match="reads must be a list of some of"):
        scorer_of(scorer)


@pytest.mark.parametrize("wrong", [0, -1, 2.0, True, "3"])
def test_a_scorer_wants_a_whole_number_of_answers(wrong: object) -> None:
    scorer = OfMixtral()
    scorer.n_answers = wrong  # type: ignore[assignment]
    with pytest.raises(InvalidInputError, match="n_answers must be a whole number >= 1"):
        scorer_of(scorer)


def test_a_checked_scorer_is_not_wrapped_again() -> None:
    scorer = scorer_of(never)
    assert scorer_of(scorer) is scorer


@pytest.mark.parametrize("scorer", [Check(lambda _, __: 1.0), SelfCheck(lambda _: "yes"), TokenConfidence()])
def test_a_scorer_of_one_answer_must_be_given_one(scorer: Scorer) -> None:
    with pytest.raises(InvalidInputError, match="at least one answer, got none"):
        scorer.good_enough("q", [])


@pytest.mark.parametrize("wrong", ["4", GivenAnswer("4"), [4], [None], None, 4])
def test_answers_are_a_list_of_texts_or_answers(wrong: object) -> None:
    with pytest.raises(InvalidInputError, match="answers must be"):
        scorer_of(never).score("q", wrong)  # type: ignore[arg-type]
