"""Several answers' qualities from outcomes: grades that are there, or a function over the answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from shared_router import DataError, InvalidInputError, Outcomes, UnknownNameError
from shared_router.labels.grading import grader
from shared_router.labels.hybrid import Floats
from shared_router.labels.qualities import sampled_qualities

GRADED = Outcomes.from_columns(
    ["a", "b", "c", "d"],
    {"big": [1.0, 0.5, 1.0, None]},
    sample_scores={"small": [[0, 1, 1], [0.5, 0], [1], [1, 1]]},
)
ANSWERED = Outcomes.from_columns(
    ["1+1?", "2+2?"],
    answers={"big": ["It is 2.", "4"], "small": ["2", "5"]},
    samples={"small": [["3", "2"], ["4", "4", "6"]]},
)


def test_grades_are_taken_in_order_and_prompts_with_fewer_are_left_out() -> None:
    """d has no grade of big, c one of small: two samples leave a and b."""
    found = sampled_qualities(GRADED, strong="big", weak="small", samples=(1, 2))
    assert found.queries == ["a", "b"]
    assert found.strong.tolist() == [[1.0], [0.5]]
    assert found.weak.tolist() == [[0.0, 1.0], [0.5, 0.0]]
    assert (found.rows.tolist(), found.left_out) == ([0, 1], 2)


def test_as_many_answers_are_taken_as_every_answered_prompt_has() -> None:
    """c has one grade of small, so one is taken of each; d is left out for want of any of big."""
    found = sampled_qualities(GRADED, strong="big", weak="small")
    assert found.weak.tolist() == [[0.0], [0.5], [1.0]]


def test_a_grader_judges_every_answer_the_first_and_the_further_ones() -> None:
    found = sampled_qualities(
        ANSWERED, strong="big", weak="small", quality=grader("number"), references=["2", "4"]
    )
    assert found.strong.tolist() == [[1.0], [1.0]]
    assert found.weak.tolist() == [[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]]


def test_labels_come_of_the_qualities() -> None:
    """Both right answers of big; small is wrong in one of three samples of each prompt."""
    found = sampled_qualities(
        ANSWERED, strong="big", weak="small", quality=grader("number"), references=["2", "4"]
    )
    assert found.labels("prob").labels == pytest.approx(np.array([1 / 3, 1 / 3]))
    assert found.labels("det").labels.tolist() == [0.0, 1.0]


def test_what_judges_many_answers_at_once_is_asked_once_a_model() -> None:
    asked = []

    class Lengths:
        def qualities(
            self, prompts: Sequence[str], answers: Sequence[str], references: Sequence[str | None]
        ) -> Floats:
            asked.append((list(prompts), list(references)))
            return np.array([-float(len(answer)) for answer in answers])

    found = sampled_qualities(ANSWERED, strong="big", weak="small", quality=Lengths(), samples=(1, 2))
    assert found.strong.tolist() == [[-8.0], [-1.0]]
    assert found.weak.tolist() == [[-1.0, -1.0], [-1.0, -1.0]]
    assert asked[1] == (["1+1?", "1+1?", "2+2?", "2+2?"], [None] * 4)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        (
            {"samples": (1, 4)},
            DataError,
            "no prompt has 1 answers of 'big' and 4 of 'small', got at most 1 and 3",
        ),
        ({"samples": 0}, InvalidInputError, "samples must be a whole number >= 1, or two, got 0"),
        ({"samples": (1, 2, 3)}, InvalidInputError, "samples must be a whole number >= 1, or two"),
        ({"weak": "tiny"}, UnknownNameError, "a model must be one of"),
        ({"quality": "exact"}, InvalidInputError, "labels.grading.grader\\(name\\)"),
        (
            {"references": ["2"]},
            InvalidInputError,
            "references must have one entry per prompt \\(4\\), got 1",
        ),
        ({"quality": lambda *_: 1.0}, DataError, "got none with an answer of both"),
    ],
)
def test_what_cannot_be_gathered_is_refused(
    options: dict[str, Any], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        sampled_qualities(GRADED, **{"strong": "big", "weak": "small", **options})


@pytest.mark.parametrize(
    ("quality", "message"),
    [
        (lambda *_: float("nan"), "a quality must be a finite number, got NaN or infinity for prompt 0"),
        (lambda *_: "good", "a quality must be a number, got str"),
    ],
)
def test_a_quality_that_is_no_number_is_refused(quality: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        sampled_qualities(ANSWERED, strong="big", weak="small", quality=quality)


def test_qualities_of_another_number_of_answers_are_refused() -> None:
    class One:
        def qualities(self, *_: object) -> Floats:
            return np.zeros(1)

    with pytest.raises(DataError, match="qualities must be one number an answer \\(2\\), got \\(1,\\)"):
        sampled_qualities(ANSWERED, strong="big", weak="small", quality=One())
