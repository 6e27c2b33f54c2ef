from typing import Any

import numpy as np
import pytest

from shared_router import DataError, InvalidInputError, PreferenceData
from shared_router.labels import HybridLabels
from shared_router.training.win_labels import graded, scored, side, side_labels, soft_labels

BATTLES = PreferenceData(
    ["q0", "q1", "q2", "q3", "q4"],
    ["gpt", "llama", "gpt", "gpt", "llama"],
    ["llama", "gpt", "llama", "claude", "vicuna"],
    ["a", "a", "tie", "a", "a"],
    [1.0, 2.0, 3.0, 4.0, 5.0],
)


def test_only_battles_between_the_two_sides_teach() -> None:
    """q3 is within the strong side and q4 within the weak one; in q1 the weak model stands first."""
    data = side_labels(BATTLES, strong=("gpt", "claude"), weak=("llama", "vicuna"), ties="class")
    assert data.queries == ["q0", "q1", "q2"]
    assert data.shares.tolist() == [[1, 0, 0], [0, 0, 1], [0, 1, 0]]
    assert data.weights.tolist() == [1, 2, 3]


def test_a_tie_counts_half_for_each_side_or_for_the_weak_or_not_at_all() -> None:
    sides = {"strong": ("gpt",), "weak": ("llama",)}
    assert side_labels(BATTLES, **sides, ties="half").shares.tolist() == [[1, 0, 0], [0, 0, 1], [0.5, 0, 0.5]]
    assert side_labels(BATTLES, **sides, ties="weak").shares.tolist() == [[1, 0, 0], [0, 0, 1], [0, 0, 1]]
    assert side_labels(BATTLES, **sides, ties="drop").queries == ["q0", "q1"]


def test_rows_without_weights_count_once() -> None:
    data = PreferenceData.from_correctness(["a", "b"], [1, 0], [0, 1])
    assert side_labels(data, strong=("strong",), weak=("weak",), ties="class").weights.tolist() == [1, 1]


def test_a_pair_that_never_met_is_refused_and_the_models_are_named() -> None:
    with pytest.raises(InvalidInputError, match=r"got none among the models \['claude', 'gpt'"):
        side_labels(BATTLES, strong=("gemini",), weak=("llama",), ties="class")


def test_ties_alone_are_refused() -> None:
    data = PreferenceData.from_correctness(["a", "b"], [1, 0], [1, 0])
    for ties in ("class", "half", "weak", "drop"):
        with pytest.raises(DataError, match="got ties alone"):
            side_labels(data, strong=("strong",), weak=("weak",), ties=ties)


def test_one_class_is_refused() -> None:
    data = PreferenceData.from_correctness(["a", "b"], [1, 1], [0, 0])
    with pytest.raises(DataError, match="more than one outcome, got 2 of one"):
        side_labels(data, strong=("strong",), weak=("weak",), ties="class")


def test_one_class_that_is_left_once_ties_are_dropped_is_refused() -> None:
    data = PreferenceData.from_correctness(["a", "b"], [1, 1], [0, 1])
    with pytest.raises(DataError, match="more than one outcome, got 1 of one"):
        side_labels(data, strong=("strong",), weak=("weak",), ties="drop")


def test_a_model_on_both_sides_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"may be strong and weak, got \['gpt'\]"):
        side_labels(BATTLES, strong=("gpt", "claude"), weak=("gpt",), ties="class")


def test_a_side_is_one_model_or_several() -> None:
    assert side("gpt") == ("gpt",)
    assert side({"b", "a"}) == ("a", "b")


def test_grades_stand_side_by_side() -> None:
    grades, weights = graded(["a", "b"], [1, 0.5], [0, 0.25], None)
    assert grades.tolist() == [[1, 0], [0.5, 0.25]]
    assert weights.tolist() == [1, 1]
    assert grades.dtype == np.float32


@pytest.mark.parametrize(
    ("strong", "weights", "message"),
    [
        ([1], None, "must have one length, got 2, 1 and 2"),
        ([1, float("nan")], None, r"row 1: a grade must be in \[0, 1\]"),
        ([1, 2], None, r"row 1: a grade must be in \[0, 1\]"),
        ([1, None], None, r"row 1: a grade must be in \[0, 1\], got NoneType"),
        ([1, "a query"], None, r"row 1: a grade must be in \[0, 1\], got str"),
        ([1, 0], [1, 0], "row 1: a weight must be finite and > 0, got 0"),
        ([1, 0], [1, "a query"], "row 1: a weight must be finite and > 0, got str"),
        ([1, 0], [1], r"one entry per query \(2\), got 1"),
        ([0, 0], None, "must differ in their grades"),
    ],
)
def test_bad_grades_are_refused_with_their_row(
    strong: list[Any], weights: list[Any] | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        graded(["a", "b"], strong, [0, 0], weights)


def test_a_blank_graded_query_is_refused() -> None:
    with pytest.raises(DataError, match="row 1: a query must be text that is not blank"):
        graded(["a", " "], [1, 0], [0, 1], None)


def test_a_score_is_a_column() -> None:
    targets, weights = scored(["a", "b"], [1, 4], [2.0, 1.0], n_scores=5)
    assert targets.tolist() == [[1, 0, 0, 0, 0], [0, 0, 0, 1, 0]]
    assert weights.tolist() == [2, 1]


@pytest.mark.parametrize(
    ("scores", "message"),
    [
        ([1], "must have one length, got 2 and 1"),
        ([1, 6], "row 1: a score must be a whole number from 1 to 5, got 6"),
        ([0, 1], "row 0: a score must be a whole number from 1 to 5, got 0"),
        ([1, 1.5], "row 1: a score must be a whole number from 1 to 5, got 1.5"),
        ([1, float("nan")], "row 1: a score must be a whole number from 1 to 5, got nan"),
        ([1, "a query"], "row 1: a score must be a whole number from 1 to 5, got str"),
        ([3, 3], "scores must differ"),
    ],
)
def test_bad_scores_are_refused_with_their_row(scores: list[Any], message: str) -> None:
    with pytest.raises(DataError, match=message):
        scored(["a", "b"], scores, None, n_scores=5)


def test_a_soft_label_shares_the_win_and_leaves_no_tie() -> None:
    shares, weights = soft_labels(["a", "b"], np.array([0.25, 1.0]), None)
    assert shares.tolist() == [[0.25, 0.0, 0.75], [1.0, 0.0, 0.0]]
    assert weights.tolist() == [1, 1]


@pytest.mark.parametrize(
    ("queries", "labels", "weights", "message"),
    [
        (["a", "b"], [1.0], None, "queries and labels must have one length, got 2 and 1"),
        (["a", "b"], HybridLabels(np.array([0.0, 1.0]), 0.0), None, "got HybridLabels, which holds t too"),
        (["a", "b"], [1.0, 1.5], None, "row 1: a label must be P\\(strong needed\\) in \\[0, 1\\], got 1.5"),
        (["a", "b"], [1.0, float("nan")], None, "row 1: a label must be"),
        (["a", "b"], [1.0, -0.1], None, "row 1: a label must be"),
        (["a", "b"], [1.0, "secret"], None, "row 1: a label must be .*, got str"),
        (["a", "b"], np.ones((2, 1)), None, "row 0: a label must be .*, got ndarray"),
        (["a", "b"], [0.5, 0.5], None, "labels must differ; .* 2 that are all the same"),
        (["a", " "], [0.5, 1.0], None, "row 1: a query must be text that is not blank"),
        ("ab", [0.5, 1.0], None, "queries must be a list of texts, got one str"),
        (["a", "b"], [0.5, 1.0], [1.0], "weights must have one entry per query"),
        (["a", "b"], [0.5, 1.0], [1.0, 0.0], "row 1: a weight must be"),
    ],
)
def test_unfit_soft_labels_are_refused(queries: Any, labels: Any, weights: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        soft_labels(queries, labels, weights)
