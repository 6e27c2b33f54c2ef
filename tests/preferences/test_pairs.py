"""pairs.py and mixing.py: many models to two sides, many sets to one."""

from typing import Any

import pytest

from shared_router import (
    DataError,
    InvalidInputError,
    PreferenceData,
    battles_from_scores,
    mix_preferences,
    tier_pair,
)

ARENA = PreferenceData(
    ["q0", "q1", "q2", "q3", "q4"],
    ["gpt-4", "mixtral", "gpt-4", "llama", "mixtral"],
    ["mixtral", "gpt-4", "claude", "claude", "llama"],
    ["a", "a", "a", "tie", "b"],
    [1.0, 2.0, 3.0, 4.0, 5.0],
)


def test_battles_between_two_groups_become_strong_against_weak() -> None:
    """q0 gpt-4 beats mixtral; q1 mixtral beats gpt-4, turned round; q3 a tie; q2 and q4 are within a side."""
    data = tier_pair(ARENA, strong={"gpt-4", "claude"}, weak=["mixtral", "llama"])
    assert data == PreferenceData(
        ["q0", "q1", "q3"], ["strong"] * 3, ["weak"] * 3, ["a", "b", "tie"], [1.0, 2.0, 4.0]
    )


@pytest.mark.parametrize(
    ("strong", "weak", "message"),
    [
        (["gpt-4"], ["gpt-4", "llama"], r"no model may be strong and weak, got \['gpt-4'\]"),
        ([], ["llama"], "at least one model's name"),
        ("gpt-4", ["llama"], "must be collections"),
    ],
)
def test_sides_that_are_none_are_refused(strong: Any, weak: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        tier_pair(ARENA, strong=strong, weak=weak)


def test_sides_that_never_met_are_refused_with_the_models_there_are() -> None:
    with pytest.raises(DataError, match=r"among the models \['claude', 'gpt-4', 'llama', 'mixtral'\]"):
        tier_pair(ARENA, strong=["gpt-5"], weak=["llama"])


def test_the_grades_of_three_models_become_three_battles_a_query() -> None:
    """x: m1 right, m2 and m3 wrong, so m1 wins twice and m2 ties m3. y: m1 and m3 alone, m3 wins."""
    data = battles_from_scores(["x", "x", "x", "y", "y"], ["m2", "m1", "m3", "m1", "m3"], [0, 1, 0, 0, 1])
    assert data == PreferenceData(
        ["x", "x", "x", "y"], ["m1", "m1", "m2", "m1"], ["m2", "m3", "m3", "m3"], ["a", "a", "tie", "b"]
    )


def test_only_the_pairs_named_fight_and_their_first_is_model_a() -> None:
    data = battles_from_scores(["x", "x", "x"], ["m1", "m2", "m3"], [0.0, 0.5, 1.0], pairs=[("m3", "m1")])
    assert data == PreferenceData(["x"], ["m3"], ["m1"], ["a"])


def test_two_grades_of_a_model_for_a_query_are_refused() -> None:
    with pytest.raises(DataError, match="row 1: 'm1' must have one grade for a query"):
        battles_from_scores(["x", "x"], ["m1", "m1"], [0, 1])


def test_grades_without_a_fight_are_refused() -> None:
    with pytest.raises(DataError, match="grades of two models that fight"):
        battles_from_scores(["x", "y"], ["m1", "m2"], [0, 1])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["x"], ["m1", "m2"], [0, 1]), "one length, got 1, 2 and 2"),
        ((["x", "x"], ["m1", "m2"], [0, float("nan")]), "row 0 or 1: a grade must be a number, got nan"),
    ],
)
def test_grades_that_break_their_rule_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        battles_from_scores(*arguments)


def test_a_pair_of_one_model_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="a pair must be two models"):
        battles_from_scores(["x"], ["m1"], [0], pairs=[("m1", "m1")])


def test_a_mix_multiplies_the_weights_of_each_set() -> None:
    """The first set's own weights 1 and 3 at 2 are 2 and 6; the second's none at .5 is .5."""
    first = PreferenceData(["x", "y"], ["a"] * 2, ["b"] * 2, ["a", "b"], [1.0, 3.0])
    second = PreferenceData(["z"], ["c"], ["d"], ["tie"])
    assert mix_preferences([(first, 2), (second, 0.5)]) == PreferenceData(
        ["x", "y", "z"], ["a", "a", "c"], ["b", "b", "d"], ["a", "b", "tie"], [2.0, 6.0, 0.5]
    )


@pytest.mark.parametrize("weight", [0, -1, float("nan"), float("inf"), "2", None])
def test_a_sets_weight_must_be_finite_and_positive(weight: Any) -> None:
    with pytest.raises(InvalidInputError, match="a set's weight must be finite and > 0"):
        mix_preferences([(ARENA, weight)])


def test_a_mix_of_nothing_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least one set"):
        mix_preferences([])
