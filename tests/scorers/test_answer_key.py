"""scorers/answer_key.py: two ways of writing one result have one key."""

import pytest

from shared_router.scorers.answer_key import answer_key
from shared_router.testing import HOSTILE_QUERIES

CHOICE = "Which is red?\nA) grass\nB) blood\nC) sky"


@pytest.mark.parametrize(
    ("question", "answers", "key"),
    [
        ("How many?", ["#### 18", "The answer is 18.", "18", "18.0", "So it is $18", "\\boxed{18}"], "18"),
        ("How much?", ["1,200", "1200.00", "The final answer is: **1,200** dollars"], "1200"),
        ("How cold?", ["-3", "\u2212 3", "The answer is -3 degrees."], "-3"),
        (CHOICE, ["B", "(B)", "The answer is B) blood.", "B.", "The correct answer is B"], "B"),
        ("What day?", ["05/01/2021", "Therefore, today's date is 05/01/2021"], "05/01/2021"),
        ("Is it likely?", ["Less likely.", "less likely", "It is less likely"], "less likely"),
        ("As JSON.", ['{"a": 1, "b": [2]}', '{ "b": [2], "a": 1 }'], '{"a": 1, "b": [2]}'),
    ],
)
def test_ways_of_writing_one_answer_have_its_key(question: str, answers: list[str], key: str) -> None:
    assert [answer_key(question, answer) for answer in answers] == [key] * len(answers)


def test_the_result_stands_at_the_end_of_the_reasoning() -> None:
    assert answer_key("How many?", "First 3 + 4 = 7.\nThen 7 * 2 = 14.\n#### 14") == "14"


def test_prose_without_a_result_has_no_key() -> None:
    assert (
        answer_key("Why?", "The sky scatters short waves more than long ones, and so it looks blue.") is None
    )


def test_a_claim_of_being_right_changes_no_key() -> None:
    assert answer_key("How many?", "The answer is 18. I am correct.") == "18"
    assert answer_key("How many?", "#### 18\nThis answer is correct.") == "18"


@pytest.mark.parametrize("text", [*HOSTILE_QUERIES, "{" * 100_000, "answer is " * 90_000, "9" * 5000])
def test_any_text_has_a_key_or_none(text: str) -> None:
    assert answer_key(text, text) is None or isinstance(answer_key(text, text), str)
