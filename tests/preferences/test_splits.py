"""splits.py: equal prompts stay together, and nothing moves."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import DataError, InvalidInputError, PreferenceData, split_preferences, without_queries
from shared_router.preferences.splits import hold_out
from shared_router.text import prompt_key


def battles(queries: list[str]) -> PreferenceData:
    n = len(queries)
    return PreferenceData(queries, ["a"] * n, ["b"] * n, ["a"] * n, [float(i + 1) for i in range(n)])


NUMBERED = [f"query {i}" for i in range(1000)]


def test_a_split_takes_about_its_fraction_and_loses_nothing() -> None:
    """Of 1,000 prompts at .2, 200 are expected; four standard deviations, sqrt(1000 x .2 x .8), are 51."""
    train, validation = split_preferences(battles(NUMBERED), validation_fraction=0.2)
    assert abs(len(validation) - 200) <= 51
    assert sorted([*train.queries, *validation.queries]) == sorted(NUMBERED)
    assert sorted([*(train.weights or []), *(validation.weights or [])]) == [
        float(i + 1) for i in range(1000)
    ]


@given(st.permutations(NUMBERED[:40]), st.integers(20, 40))
def test_neither_order_nor_more_battles_moves_a_prompt(order: list[str], kept: int) -> None:
    whole = set(split_preferences(battles(NUMBERED), validation_fraction=0.3)[1].queries)
    part = split_preferences(battles(order[:kept]), validation_fraction=0.3)[1].queries
    assert set(part) == whole & set(order[:kept])


def test_a_larger_validation_side_holds_the_smaller_one() -> None:
    small, large = (
        set(split_preferences(battles(NUMBERED), validation_fraction=fraction)[1].queries)
        for fraction in (0.1, 0.3)
    )
    assert small < large


def test_another_seed_splits_otherwise() -> None:
    one, other = (
        split_preferences(battles(NUMBERED), validation_fraction=0.5, seed=seed)[1].queries
        for seed in (0, -1)
    )
    assert one != other


def test_equal_prompts_are_never_on_both_sides() -> None:
    twins = [*NUMBERED, *(f"  QUERY\n {i}\u200b" for i in range(1000))]
    train, validation = split_preferences(battles(twins), validation_fraction=0.5)
    assert not {prompt_key(query) for query in train.queries} & {prompt_key(q) for q in validation.queries}


@pytest.mark.parametrize("fraction", [0, 1, -0.1, float("nan")])
def test_a_fraction_outside_its_range_is_refused(fraction: float) -> None:
    with pytest.raises(InvalidInputError, match=r"validation_fraction must be in \(0, 1\)"):
        split_preferences(battles(NUMBERED), validation_fraction=fraction)


def test_a_split_with_an_empty_side_is_refused() -> None:
    with pytest.raises(DataError, match="both sides of a split must hold battles, and 3 battles"):
        split_preferences(battles(["same", "Same", " same"]), validation_fraction=0.5)


def test_the_prompts_of_a_benchmark_are_left_out_in_any_spelling() -> None:
    data = without_queries(battles(["Keep me", "LEAVE me  out", "Leave me out "]), ["leave\nme out"])
    assert data.queries == ["Keep me"]


def test_leaving_out_everything_is_refused() -> None:
    with pytest.raises(DataError, match="all 1 are over prompts to leave out"):
        without_queries(battles(["x"]), ["X"])


def test_a_query_is_held_out_whole_and_by_its_text_alone() -> None:
    """A quarter of 8 distinct queries is 2; each stands twice."""
    queries = [f"query {i % 8}" for i in range(16)]
    chosen = hold_out(queries, 0.25)
    assert chosen.sum() == 4
    assert np.array_equal(chosen[:8], chosen[8:])
    assert np.array_equal(hold_out(queries[::-1], 0.25), chosen[::-1])
    assert not hold_out(queries, 0.0).any()
    assert any(not np.array_equal(hold_out(queries, 0.25, seed=s), chosen) for s in range(1, 5))


def test_something_is_left_to_train_on() -> None:
    with pytest.raises(DataError, match="got 1 distinct"):
        hold_out(["one", "One "], 0.1)
    with pytest.raises(InvalidInputError, match=r"validation_fraction must be in \[0, 1\)"):
        hold_out(["one", "two"], 1.0)
