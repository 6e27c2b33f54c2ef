"""Graders by comparison: what each takes for right."""

import pytest

from shared_router import DataError, InvalidInputError
from shared_router.labels.grading import GraderName, grader, pattern_grader


@pytest.mark.parametrize(
    ("name", "answer", "reference", "grade"),
    [
        ("exact", "The Eiffel Tower.", "eiffel tower", 1.0),
        ("exact", "It is the Eiffel Tower", "eiffel tower", 0.0),
        ("contains", "It is the Eiffel Tower, built in 1889.", "Eiffel tower", 1.0),
        ("contains", "categories", "cat", 0.0),
        ("number", "She pays 3 * 400 = $1,200.00 in all.", "1200", 1.0),
        ("number", "First 1200, then 1300", "1200", 0.0),
        ("number", "none", "#### 5", 0.0),
        ("number", "-0.5", "-0.5", 1.0),
        ("choice", "The answer is (B).", "B", 1.0),
        ("choice", "A is wrong because ...\nAnswer: C", "C", 1.0),
        ("choice", "B", "b)", 1.0),
        ("choice", "B. because it is cold", "B", 1.0),
        ("choice", "I do not know", "I", 0.0),
        ("choice", "The answer is B, no, the answer is D", "D", 1.0),
    ],
)
def test_a_grader_tells_right_from_wrong(name: GraderName, answer: str, reference: str, grade: float) -> None:
    assert grader(name)("q", answer, reference) == grade


def test_a_pattern_may_hold_the_reference_as_text() -> None:
    grade = pattern_grader(r"(?i)final answer:\s*{reference}\b")
    assert grade("q", "Final answer: 4.5", "4.5") == 1.0
    assert grade("q", "Final answer: 4x5", "4.5") == 0.0


def test_a_pattern_without_a_reference_needs_none() -> None:
    assert pattern_grader("^yes")("q", "yes, it is", None) == 1.0


@pytest.mark.parametrize("name", ["exact", "contains", "number", "choice"])
def test_a_prompt_without_a_reference_is_refused(name: GraderName) -> None:
    with pytest.raises(DataError, match="compares with a reference"):
        grader(name)("q", "a", None)


@pytest.mark.parametrize(
    ("name", "reference", "message"), [("number", "five", "hold a number"), ("choice", "Paris", "one letter")]
)
def test_a_reference_of_another_kind_is_refused(name: GraderName, reference: str, message: str) -> None:
    with pytest.raises(DataError, match=message):
        grader(name)("q", "5", reference)


def test_unknown_graders_and_broken_patterns_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="a grader must be one of"):
        grader("bleu")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="must be a regular expression"):
        pattern_grader("(")
