"""records/outcomes.py: the table of what came of asking models."""

import copy
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    DataError,
    InvalidInputError,
    Outcomes,
    ScaleError,
    TokenPrices,
    UnknownNameError,
    read_outcomes,
)

NAN = math.nan


def small() -> Outcomes:
    """Three prompts; `big` graded on all, `small` on the first and the last."""
    return Outcomes.from_columns(
        ["one", "two", "three"],
        {"big": [1.0, 0.5, 1.0], "small": [0.0, None, 1.0]},
        measures={"dollars": {"big": [0.03, 0.03, NAN], "small": [0.001, NAN, 0.002]}},
        answers={"small": ["1", None, "3"]},
        domains=["math", None, "math"],
        conversations=["c1", "c1", "c2"],
        times=[10.0, 20.0, NAN],
    )


def same(found: Any, expected: list[float]) -> None:
    np.testing.assert_array_equal(found, expected)


def test_a_column_is_dense_and_nan_where_a_model_has_no_value() -> None:
    outcomes = small()
    same(outcomes.scores("small"), [0.0, NAN, 1.0])
    same(outcomes.dollars("big"), [0.03, 0.03, NAN])
    same(outcomes.column("latency_ms", "big"), [NAN, NAN, NAN])
    same(outcomes.matrix("score")[1], [0.5, NAN])
    assert outcomes.answers("small") == ["1", None, "3"]
    assert outcomes.answers("big") == [None] * 3
    assert outcomes.answered("small").tolist() == [True, False, True]


def test_a_prompt_that_no_model_answered_stays() -> None:
    outcomes = Outcomes.from_columns(["asked", "unasked"], {"big": [1, None]})
    assert len(outcomes) == 2
    same(outcomes.scores("big"), [1, NAN])


def test_a_pair_keeps_the_prompts_that_both_models_have_a_grade_on() -> None:
    pair = small().pair("small", "big")
    assert pair.models == ("small", "big")
    assert list(pair.prompts) == ["one", "three"]
    same(pair.scores("small"), [0, 1])
    same(pair.scores("big"), [1, 1])
    assert pair.domains == ["math", "math"]
    assert pair.conversations == ["c1", "c2"]
    assert pair.answers("small") == ["1", "3"]


def test_a_pair_must_be_two_models_with_a_prompt_graded_for_both() -> None:
    with pytest.raises(InvalidInputError, match="must be two models, got 'big' twice"):
        small().pair("big", "big")
    with pytest.raises(UnknownNameError, match=r"must be one of \['big', 'small'\], got 'huge'"):
        small().pair("huge", "big")
    apart = Outcomes.from_columns(["a", "b"], {"big": [1, None], "small": [None, 1]})
    with pytest.raises(DataError, match="none is for both"):
        apart.pair("big", "small")


def test_rows_are_selected_in_the_order_given_and_as_often() -> None:
    outcomes = small().select([2, 0, 2])
    assert list(outcomes.prompts) == ["three", "one", "three"]
    same(outcomes.scores("big"), [1, 1, 1])
    same(outcomes.dollars("small"), [0.002, 0.001, 0.002])
    same(outcomes.times, [NAN, 10, NAN])
    assert outcomes.answers("small") == ["3", "1", "3"]


@pytest.mark.parametrize("rows", [[], [3], [-4]])
def test_a_selection_must_hold_rows_that_are_there(rows: list[int]) -> None:
    with pytest.raises(DataError, match=r"at least one prompt|places must be in \[0, 3\)"):
        small().select(rows)


def test_outcomes_are_equal_by_their_columns() -> None:
    assert small() == small()
    assert small() != small().select([0, 1])
    assert small() != small().select([0, 1, 2], models=["big"])
    assert pickle.loads(pickle.dumps(small())) == small() == copy.deepcopy(small())


def test_columns_cannot_be_written_to() -> None:
    with pytest.raises(ValueError, match="read-only"):
        small().values["score"][0] = 0


def test_the_repr_shows_no_prompt_and_no_answer() -> None:
    outcomes = Outcomes.from_columns(["secret"], {"big": [1]}, answers={"big": ["hidden"]}, domains=["d"])
    assert "secret" not in repr(outcomes)
    assert "hidden" not in repr(outcomes)


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"prompts": ["a"], "scores": {"m": [1, 0]}}, "one entry per prompt \\(1\\), got 2"),
        ({"prompts": [" "], "scores": {"m": [1]}}, "prompt 0 must be text that is not blank"),
        ({"prompts": [None], "scores": {"m": [1]}}, "prompt 0 must be text .* got NoneType"),
        ({"prompts": ["a"], "scores": {"": [1]}}, "a model's name must be text"),
        ({"prompts": ["a"], "scores": {"m": ["good"]}}, "score of 'm' must be numbers"),
        (
            {"prompts": ["a"], "scores": {"m": [1]}, "domains": ["x", "y"]},
            "domains must have 1 entries, got 2",
        ),
        ({"prompts": ["a"], "measures": {"dollars": {"m": [-1.0]}}}, "dollars must be finite and >= 0"),
        ({"prompts": ["a"], "measures": {"latency_ms": {"m": [math.inf]}}}, "latency_ms must be finite"),
        ({"prompts": ["a"], "measures": {"colour": {"m": [1.0]}}}, "a measure must be one of"),
    ],
)
def test_a_column_that_breaks_its_rule_is_refused(arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        Outcomes.from_columns(**arguments)


@pytest.mark.parametrize("scores", [[1, 10], [0, 100], [-1, 1]])
def test_scores_on_another_scale_are_refused_with_the_remedy(scores: list[float]) -> None:
    with pytest.raises(ScaleError, match=rf"must be in \[0, 1\], got {scores[0]} to {scores[1]}.*--scale"):
        Outcomes.from_columns(["a", "b"], {"m": scores})


def test_a_log_without_grades_is_enough_for_shares_and_budgets() -> None:
    log = Outcomes.from_columns(["a"], measures={"dollars": {"m": [0.1]}, "latency_ms": {"m": [10.0]}})
    can = log.can_compute
    assert (can.shares, can.budgets, can.latency, can.quality) == (True, True, True, False)
    assert can.missing == {"quality": "1 model here, and a comparison needs two"}


def test_graded_pairs_put_the_better_model_first_and_count_what_they_share() -> None:
    """On the two prompts that both have, big has 1 + 1 and small 0 + 1."""
    can = small().can_compute
    assert can.quality
    assert can.graded_pairs == (("big", "small", 2),)


def test_two_models_without_a_common_prompt_cannot_be_compared() -> None:
    apart = Outcomes.from_columns(["a", "b"], {"big": [1, None], "small": [None, 1]})
    assert not apart.can_compute.quality
    assert "no prompt has grades of two models" in apart.can_compute.missing["quality"]


def test_tokens_alone_need_prices_for_a_budget() -> None:
    """1,000 x 2.50e-6 + 500 x 10e-6 = .0075; the second answer has its own dollars, the third no tokens."""
    log = Outcomes.from_columns(
        ["a", "b", "c"],
        measures={
            "input_tokens": {"m": [1000, 1000, NAN]},
            "output_tokens": {"m": [500, 500, 1]},
            "dollars": {"m": [NAN, 0.5, NAN]},
        },
    )
    same(log.with_prices({"m": TokenPrices(2.5, 10.0)}).dollars("m"), [0.0075, 0.5, NAN])
    tokens = Outcomes.from_columns(["a"], measures={"input_tokens": {"m": [1]}, "output_tokens": {"m": [1]}})
    assert "--prices" in tokens.can_compute.missing["budgets"]
    assert tokens.with_prices({"m": TokenPrices(1, 1)}).can_compute.budgets


def test_prices_for_no_model_here_or_without_tokens_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="prices must be by model"):
        small().with_prices({"other": TokenPrices(1, 1)})
    with pytest.raises(DataError, match="prices need answers with input and output tokens"):
        Outcomes.from_columns(["a"], {"m": [1]}).with_prices({"m": TokenPrices(1, 1)})


def test_further_answers_of_a_model_are_kept() -> None:
    outcomes = Outcomes.from_columns(["a", "b"], {"m": [1, 0]}, samples={"m": [["x", "y"], []]})
    assert outcomes.samples_of("m") == [("x", "y"), ()]


def test_a_table_of_no_prompts_has_none() -> None:
    empty = Outcomes.from_columns([], {"strong": [], "weak": []})
    assert (len(empty), empty.models) == (0, ("strong", "weak"))


def test_no_prompts_make_a_table_without_rows() -> None:
    table = Outcomes.from_columns([], {"strong": [], "weak": []})
    assert (len(table), table.models, table.can_compute.quality) == (0, ("strong", "weak"), False)


def test_grades_of_several_answers_are_kept_and_averaged() -> None:
    """1, 0 and 0.5 have the mean .5 and the variance (.25 + .25 + 0) / 2 = .25; one grade has none."""
    outcomes = Outcomes.from_columns(["a", "b", "c"], sample_scores={"m": [[1, 0, 0.5], [1], []]})
    same(outcomes.scores("m"), [0.5, 1.0, NAN])
    same(outcomes.column("grades", "m"), [3.0, NAN, NAN])
    same(outcomes.column("score_variance", "m"), [0.25, NAN, NAN])
    assert outcomes.sample_scores_of("m") == [(1.0, 0.0, 0.5), (1.0,), ()]


def test_one_grade_is_a_models_only_one() -> None:
    assert Outcomes.from_columns(["a", "b"], {"m": [0.5, None]}).sample_scores_of("m") == [(0.5,), ()]


@pytest.mark.parametrize("form", ["jsonl", "parquet"])
def test_grades_of_several_answers_are_selected_saved_and_read_back(form: str, tmp_path: Path) -> None:
    outcomes = Outcomes.from_columns(
        ["a", "b", "c"], {"s": [1, 1, 0]}, sample_scores={"m": [[1, 0], [1], [0, 0.25]]}
    ).select([2, 0], models=["m", "s"])
    assert outcomes.sample_scores_of("m") == [(0.0, 0.25), (1.0, 0.0)]
    path = tmp_path / f"saved.{form}"
    outcomes.to_jsonl(path) if form == "jsonl" else outcomes.to_parquet(path)
    assert read_outcomes(path).outcomes == outcomes


@pytest.mark.parametrize(
    ("sample_scores", "message"),
    [
        ({"m": [[1, 2]]}, "scores must be in \\[0, 1\\], got 1 to 2"),
        ({"m": [["good"]]}, "sample_scores of 'm' must be lists of numbers"),
        ({"m": [1.0]}, "sample_scores of 'm' must be lists of numbers"),
        ({"m": [[1], [0]]}, "a column of 'm' must have one entry per prompt \\(1\\), got 2"),
        ({"s": [[1, 0]]}, "grades of 's' must be given once, got its scores and its sample_scores"),
    ],
)
def test_unfit_grades_of_several_answers_are_refused(sample_scores: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        Outcomes.from_columns(["a"], {"s": [1]}, sample_scores=sample_scores)


def test_a_selection_without_further_answers_has_no_column_of_them() -> None:
    table = Outcomes.from_columns(["a", "b"], sample_scores={"m": [[1, 0], [1]]}, samples={"m": [["x"], []]})
    alone = table.select([1])
    assert (alone.samples, alone.sample_scores) == (None, None)
