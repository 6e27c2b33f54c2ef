"""judging.py: verdicts in both orders become battles."""

from collections.abc import Callable
from typing import Any

import pytest

from shared_router import (
    InvalidInputError,
    JudgeError,
    PreferenceData,
    SkippedRowsWarning,
    battles_from_judge,
)
from shared_router.preferences.judging import judge_prompt


class Judge:
    """Prefer the answer that a key ranks higher, and keep the prompts."""

    def __init__(self, key: Callable[[str], int]) -> None:
        self.key = key
        self.prompts: list[str] = []

    def __call__(self, prompt: str) -> str:
        self.prompts.append(prompt)
        first, second = (
            self.key(prompt.split(f"<answer_{side}>\n")[1].split(f"\n</answer_{side}>")[0]) for side in "ab"
        )
        return f"Because. [[{'A' if first > second else 'B' if second > first else 'C'}]]"


def decide(judge: Callable[[str], Any], n: int = 1, **options: Any) -> PreferenceData:
    return battles_from_judge(["q"] * n, ["longer"] * n, ["short"] * n, judge, **options)


def test_the_answer_preferred_in_both_orders_wins() -> None:
    judge = Judge(len)
    data = battles_from_judge(["q1", "q2", "q3"], ["longer", "x", "same"], ["short", "xx", "ties"], judge)
    assert data == PreferenceData(["q1", "q2", "q3"], ["strong"] * 3, ["weak"] * 3, ["a", "b", "tie"])
    assert len(judge.prompts) == 6


@pytest.mark.parametrize(
    ("first", "second", "winner"),
    [
        ("A", "B", "a"),
        ("B", "A", "b"),
        ("A", "A", "tie"),
        ("B", "B", "tie"),
        ("C", "C", "tie"),
        ("A", "C", "tie"),
        ("C", "A", "tie"),
    ],
)
def test_a_verdict_that_follows_the_order_is_a_tie(first: str, second: str, winner: str) -> None:
    answers = iter([f"[[{first}]]", f"[[{second}]]"])
    assert decide(lambda prompt: next(answers)).winners == [winner]


def test_both_orders_are_shown() -> None:
    judge = Judge(len)
    decide(judge)
    assert judge.prompts == [judge_prompt("q", "longer", "short"), judge_prompt("q", "short", "longer")]


def test_a_prompt_of_ones_own_is_used() -> None:
    seen: list[str] = []

    def judge(prompt: str) -> str:
        seen.append(prompt)
        return "[[ c ]]"

    decide(judge, prompt=lambda query, first, second: f"{query}: {first} or {second}?")
    assert seen == ["q: longer or short?", "q: short or longer?"]


def test_the_models_are_named() -> None:
    data = decide(Judge(len), model_a="gpt", model_b="mix")
    assert (data.model_a, data.model_b) == (["gpt"], ["mix"])


@pytest.mark.parametrize("answer", ["", "A is better", "[A]", "[[D]]", "[[A]] or rather [[B]]", None, 1])
def test_an_answer_without_one_verdict_is_refused_by_its_row_without_its_text(answer: Any) -> None:
    with pytest.raises(JudgeError, match="row 0: a judge") as caught:
        decide(lambda prompt: answer)
    assert "better" not in str(caught.value)


def test_a_verdict_said_twice_is_one() -> None:
    assert decide(lambda prompt: "[[C]] ... so [[C]]").winners == ["tie"]


def test_unreadable_verdicts_can_be_skipped_and_are_counted() -> None:
    """Three queries, six answers; the third is the second query's first."""
    answers = iter(["[[A]]", "[[B]]", "none", "[[C]]", "[[C]]"])
    with pytest.warns(SkippedRowsWarning, match="skipped 1 of 3 queries; the first is row 1"):
        data = decide(lambda prompt: next(answers), 3, on_unreadable="skip", max_bad_fraction=0.5)
    assert data.winners == ["a", "tie"]


def test_too_many_unreadable_verdicts_are_refused() -> None:
    with pytest.raises(JudgeError, match=r"a fraction 0\.01 of the verdicts may be unreadable, got 2 of 2"):
        decide(lambda prompt: "none", 2, on_unreadable="skip")


def test_what_the_judge_raises_comes_through() -> None:
    def fail(prompt: str) -> str:
        raise ConnectionError("down")

    with pytest.raises(ConnectionError, match="down"):
        decide(fail, on_unreadable="skip", max_bad_fraction=1.0)


def test_another_number_of_answers_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="one length, got 1, 0 and 1"):
        battles_from_judge(["q"], [], ["x"], Judge(len))


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="on_unreadable must be one of"):
        decide(Judge(len), on_unreadable="tie")


@pytest.mark.parametrize("fraction", [-0.1, 1.5, float("nan")])
def test_a_fraction_outside_its_range_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidInputError, match=r"max_bad_fraction must be in \[0, 1\]"):
        decide(lambda prompt: "", on_unreadable="skip", max_bad_fraction=fraction)


@pytest.mark.parametrize(
    ("queries", "model", "message"),
    [
        (["q", " "], "weak", "row 1: a query must be"),
        (["q", "r"], "strong", "row 0: a battle needs two models"),
    ],
)
def test_a_query_or_a_name_that_is_none_is_refused_before_the_judge_is_paid(
    queries: list[str], model: str, message: str
) -> None:
    judge = Judge(len)
    with pytest.raises(InvalidInputError, match=message):
        battles_from_judge(queries, ["a", "b"], ["c", "d"], judge, model_b=model)
    assert judge.prompts == []
