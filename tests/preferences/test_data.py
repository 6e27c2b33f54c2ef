"""preferences.py: what battles must hold, and where they come from and go to."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import DataError, InvalidInputError, PreferenceData, SkippedRowsWarning

ROW = {"query": "q", "model_a": "a", "model_b": "b", "winner": "a"}
TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1).filter(
    str.strip
)
ROWS = st.lists(
    st.fixed_dictionaries(
        {
            "query": TEXT,
            "model_a": st.just("gpt"),
            "model_b": TEXT.filter(lambda name: name != "gpt" and len(name) <= 200),
            "winner": st.sampled_from(["a", "b", "tie"]),
            "weight": st.floats(0.001, 1000),
        }
    ),
    min_size=1,
    max_size=6,
)


def battles(**changes: Any) -> PreferenceData:
    columns = {"queries": ["q1", "q2"], "model_a": ["s", "s"], "model_b": ["w", "w"], "winners": ["a", "tie"]}
    return PreferenceData(**{**columns, **changes})


def test_columns_of_a_shuffled_frame_stay_beside_one_another() -> None:
    """Reversed, the frame's first row is labelled 2: row 0 must be the first, not the one labelled 0."""
    frame = pd.DataFrame({"query": ["q0", "q1", "q2"], "strong": [1, 1, 0], "weak": [0, 1, 1]}).iloc[::-1]
    data = PreferenceData.from_correctness(frame["query"], frame["strong"], frame["weak"])
    assert [(data.queries[i], data.winners[i]) for i in range(3)] == [("q2", "b"), ("q1", "tie"), ("q0", "a")]
    assert data.select([0]).queries == ["q2"]
    part = frame[frame["weak"] == 1]
    kept = PreferenceData.from_correctness(part["query"], part["strong"], part["weak"])
    assert kept.winners == ["b", "tie"]


def test_battles_are_counted_and_hidden_from_the_repr() -> None:
    data = battles(queries=["secret", "q2"])
    assert len(data) == 2
    assert "secret" not in repr(data)


@pytest.mark.parametrize("column", ["model_a", "model_b", "winners", "weights"])
def test_a_column_of_another_length_is_refused(column: str) -> None:
    with pytest.raises(InvalidInputError, match=rf"{column} must have one entry per query \(2\), got 1"):
        battles(**{column: ["a"]})


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("queries", "", "row 1: a query must be text that is not blank"),
        ("queries", " \n", "row 1: a query must be text that is not blank"),
        ("queries", None, "row 1: a query must be text.*NoneType"),
        ("queries", "x\0", "row 1: a query must hold no NUL"),
        ("queries", "\ud800", "row 1: a query must hold no NUL and no lone surrogate"),
        ("model_a", "w", "row 1: a battle needs two models, got 'w' twice"),
        ("model_a", "", "row 1: model_a must be text"),
        ("model_b", 3, "row 1: model_b must be text.*int"),
        ("winners", "c", 'row 1: a winner must be "a", "b" or "tie", got \'c\''),
        ("winners", "a query in their place", "got str$"),
    ],
)
def test_a_row_that_breaks_its_rule_is_named(column: str, value: Any, message: str) -> None:
    kept = {"queries": "q1", "model_a": "s", "model_b": "w", "winners": "a"}[column]
    with pytest.raises(InvalidInputError, match=message):
        battles(**{column: [kept, value]})


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), "1", None])
def test_a_weight_must_be_finite_and_positive(weight: Any) -> None:
    with pytest.raises(InvalidInputError, match="row 1: a weight must be finite and > 0"):
        battles(weights=[1.0, weight])


def test_the_higher_grade_wins_and_equal_grades_tie() -> None:
    data = PreferenceData.from_correctness(["x", "y", "z"], [1, 0, 0.5], [0, 1, 0.5], weak="mixtral")
    assert data.winners == ["a", "b", "tie"]
    assert (data.model_a[0], data.model_b[0]) == ("strong", "mixtral")


def test_numpy_truth_values_are_grades() -> None:
    data = PreferenceData.from_correctness(["x", "y"], np.array([True, False]), np.array([False, False]))  # type: ignore[arg-type]
    assert data.winners == ["a", "tie"]


@pytest.mark.parametrize("grade", [float("nan"), "1", None])
def test_a_grade_that_is_no_number_is_refused(grade: Any) -> None:
    with pytest.raises(InvalidInputError, match="row 1: a grade must be a number"):
        PreferenceData.from_correctness(["x", "y"], [1, grade], [0, 0])


def test_grades_of_another_length_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="one length, got 2, 1 and 2"):
        PreferenceData.from_correctness(["x", "y"], [1], [0, 0])


def test_rows_of_any_iterable_become_battles() -> None:
    data = PreferenceData.from_rows(
        iter([{**ROW, "extra": 1}, {**ROW, "winner": "tie (bothbad)", "weight": 2}])
    )
    assert data == PreferenceData(["q", "q"], ["a", "a"], ["b", "b"], ["a", "tie"], [1.0, 2.0])


def test_the_rows_of_a_pandas_frame_become_battles() -> None:
    frame = pd.DataFrame({"prompt": ["x"], "model_a": ["a"], "model_b": ["b"], "winner": ["model_b"]})
    data = PreferenceData.from_rows(frame.to_dict("records"), columns={"query": "prompt"})
    assert data == PreferenceData(["x"], ["a"], ["b"], ["b"])


BAD_ROWS: list[tuple[Any, str]] = [
    ({**ROW, "query": " "}, "a query must be text that is not blank"),
    ({**ROW, "query": float("nan")}, "a query must be text that is not blank, got float"),
    ({**ROW, "query": "\udfff"}, ".*no lone surrogate"),
    ({**ROW, "query": "x" * (1024 * 1024 + 1)}, "a query must be at most 1048576 characters, got 1048577"),
    ({**ROW, "model_b": "a"}, "a battle needs two models"),
    ({**ROW, "model_b": "m" * 201}, "model_b must be at most 200 characters"),
    ({**ROW, "model_a": None}, "model_a must be text"),
    ({**ROW, "winner": "c"}, "a winner must be one of .* got 'c'"),
    ({**ROW, "winner": float("nan")}, "a winner must be one of .* got float"),
    ({**ROW, "winner": ["a"]}, "a winner must be one of .* got list"),
    ({**ROW, "winner": "s" * 30}, "a winner must be one of .* got str"),
    ({**ROW, "weight": pd.NA}, "a weight must be finite and > 0, got NAType"),
    ({**ROW, "weight": np.ones(2)}, "a weight must be finite and > 0, got ndarray"),
    ({**ROW, "weight": 0}, "a weight must be finite and > 0"),
    ({**ROW, "weight": "1e999"}, "a weight must be finite and > 0"),
    ({**ROW, "weight": "heavy"}, "a weight must be finite and > 0"),
    ({**ROW, "weight": 10**400}, "a weight must be finite and > 0"),
    ({**ROW, "weight": True}, "a weight must be finite and > 0"),
    ({"query": "q", "model_a": "a", "model_b": "b"}, "a row must have 'winner'"),
    ("a string", "a row must be a mapping, got str"),
]


@pytest.mark.parametrize(("row", "message"), BAD_ROWS, ids=[str(i) for i in range(len(BAD_ROWS))])
def test_a_bad_row_is_refused_with_its_place(row: Any, message: str) -> None:
    with pytest.raises(DataError, match=f"row 1: {message}"):
        PreferenceData.from_rows([ROW, row])


def test_bad_rows_can_be_skipped_and_are_counted() -> None:
    rows = [ROW, {**ROW, "winner": "c"}, ROW, {**ROW, "query": ""}]
    with pytest.warns(SkippedRowsWarning, match=r"skipped 2 of 4 rows; the first is row 1: a winner"):
        data = PreferenceData.from_rows(rows, on_bad_rows="skip", max_bad_fraction=0.5)
    assert len(data) == 2


def test_too_many_bad_rows_are_refused_where_they_may_be_skipped() -> None:
    """One of 50 rows is a fraction of .02, and the default allows .01."""
    with pytest.raises(DataError, match=r"a fraction 0\.01 of the rows may be bad, got 1 of 50"):
        PreferenceData.from_rows([ROW] * 49 + [{}], on_bad_rows="skip")


def test_no_battle_at_all_is_refused() -> None:
    with pytest.raises(DataError, match="at least one battle, got none in 0 rows"):
        PreferenceData.from_rows([])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"on_bad_rows": "drop"}, "on_bad_rows must be one of"),
        ({"max_bad_fraction": 1.5}, r"max_bad_fraction must be in \[0, 1\]"),
        ({"columns": {"prompt": "query"}}, r"columns must be among .* got \['prompt'\]"),
    ],
)
def test_an_option_outside_its_rule_is_refused(options: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        PreferenceData.from_rows([ROW], **options)


def test_battles_are_selected_by_their_place() -> None:
    data = battles(weights=[1.0, 2.0]).select([1, 1, 0])
    assert (data.queries, data.winners, data.weights) == (
        ["q2", "q2", "q1"],
        ["tie", "tie", "a"],
        [2.0, 2.0, 1.0],
    )


@given(ROWS)
def test_what_is_written_as_jsonl_comes_back(tmp_path_factory: Any, rows: list[dict[str, Any]]) -> None:
    path = tmp_path_factory.mktemp("round") / "battles.jsonl"
    data = PreferenceData.from_rows(rows)
    data.to_jsonl(path)
    assert PreferenceData.from_file(path) == data


def test_a_missing_file_is_not_found(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        PreferenceData.from_file(tmp_path / "none.jsonl")
