"""scorers/answer_columns.py: what stands in an answer, worked by hand."""

import math

import pytest

from shared_router.scorers.answer_columns import answer_columns
from shared_router.testing import HOSTILE_QUERIES

QUESTION = "Tom buys 3 boxes of 12 apples and eats two. How many apples are left?"
GOOD = "He buys 3 * 12 = 36 apples.\n36 - 2 = 34 apples are left.\n#### 34"


def test_numbers_are_told_by_whether_the_question_gave_them() -> None:
    """Given: 3, 12 and the word two. Said: 3, 12, 36, 36, 2, 34, 34, of which 3, 12 and 2 are copied."""
    found = answer_columns(QUESTION, GOOD)
    assert (found["given_numbers"], found["given_distinct"], found["numbers"]) == (2, 3, 7)
    assert found["copied_share"] == pytest.approx(3 / 7)
    assert (found["given_used_share"], found["given_unused"], found["new_numbers"]) == (1, 0, 2)


def test_sums_are_checked_and_the_last_is_compared_with_the_result() -> None:
    found = answer_columns(QUESTION, GOOD.replace("36 - 2 = 34", "36 - 2 = 33"))
    assert (found["sums"], found["sums_right"], found["sums_wrong"], found["sums_wrong_share"]) == (
        2,
        1,
        1,
        0.5,
    )
    assert (found["final_is_last_sum"], answer_columns(QUESTION, GOOD)["final_is_last_sum"]) == (0, 1)


def test_the_last_line_is_the_one_with_the_result() -> None:
    plain, with_thanks = answer_columns(QUESTION, GOOD), answer_columns(QUESTION, GOOD + "\nHope that helps")
    assert plain["log_last_line"] == with_thanks["log_last_line"] == math.log1p(len("#### 34"))
    assert plain["announces_final"] == with_thanks["announces_final"] == 1


def test_json_that_was_asked_for_is_parsed() -> None:
    asked = "Give the name as JSON."
    wrong = [
        answer_columns(asked, said)["not_the_json_asked"] for said in ('{"name": 1}', '{"name": 1', "Tom")
    ]
    assert wrong == [0, 1, 1]
    assert answer_columns(asked, '```json\n{"name": 1}\n```')["not_the_json_asked"] == 0
    assert answer_columns("Give the name.", "Tom")["not_the_json_asked"] == 0


def test_one_of_the_options_is_to_be_named() -> None:
    asked = "Which is red?\nA) grass\nB) blood"
    assert [answer_columns(asked, said)["no_option_named"] for said in ("B", "The blood")] == [0, 1]


def test_an_answer_that_breaks_off_leaves_something_open() -> None:
    assert answer_columns("q", "so (3 + [4")["open_brackets"] == 2
    assert answer_columns("q", "```python\nx")["open_fences"] == 1


@pytest.mark.parametrize("answer", [*HOSTILE_QUERIES, "9" * 1000, "= " * 3000, "(" * 10_000, "1 + " * 90_000])
def test_every_column_of_any_text_is_a_finite_number(answer: str) -> None:
    for question in ("", answer):
        found = answer_columns(question, answer)
        assert all(math.isfinite(value) for value in found.values())
        assert found.keys() == answer_columns("", "").keys()


def test_praise_of_itself_changes_no_column() -> None:
    assert answer_columns(QUESTION, GOOD + "\nI am absolutely correct.") == answer_columns(QUESTION, GOOD)
