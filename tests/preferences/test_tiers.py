"""Tiers: hand-worked cuts, and no better cut exists."""

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_router import InvalidInputError
from shared_router.preferences.tiers import group_ratings


def test_the_cut_is_where_variances_sum_to_the_least() -> None:
    """9, 8 | 1 costs 0.25; 9 | 8, 1 costs 12.25."""
    assert group_ratings(np.array([9.0, 8.0, 1.0]), 2).tolist() == [0, 0, 1]


def test_tiers_follow_the_rating_whatever_the_order_of_the_models() -> None:
    """Ranked: 10, 9.5 | 5 | 1, 0 costs 0.0625 + 0 + 0.25; every other cut joins numbers 4 or more apart."""
    assert group_ratings(np.array([1.0, 10.0, 5.0, 0.0, 9.5]), 3).tolist() == [2, 0, 1, 2, 0]


def test_one_tier_holds_all_and_as_many_tiers_as_models_hold_one_each() -> None:
    ratings = np.array([3.0, 1.0, 2.0])
    assert group_ratings(ratings, 1).tolist() == [0, 0, 0]
    assert group_ratings(ratings, 3).tolist() == [0, 2, 1]


def test_equal_ratings_stay_together_where_tiers_allow() -> None:
    """3 | 2, 2 | 0 costs nothing; 3, 2 | 2 | 0 costs 0.25."""
    assert group_ratings(np.array([3.0, 2, 2, 0]), 3).tolist() == [0, 1, 1, 2]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-9, 9), min_size=1, max_size=7), st.data())
def test_no_other_cut_into_as_many_tiers_costs_less(ratings: list[float], data: st.DataObject) -> None:
    """Against every cut of at most seven ratings."""
    k = len(ratings)
    n_tiers = data.draw(st.integers(1, k))
    tiers = group_ratings(np.array(ratings), n_tiers)
    cost = sum(np.var(np.array(ratings)[tiers == tier]) for tier in range(n_tiers))
    ranked = np.sort(ratings)[::-1]
    least = min(
        sum(np.var(part) for part in np.split(ranked, cuts))
        for cuts in combinations(range(1, k), n_tiers - 1)
    )
    assert cost == pytest.approx(least, abs=1e-9)
    assert set(tiers.tolist()) == set(range(n_tiers))


@pytest.mark.parametrize("n_tiers", [0, 4, -1])
def test_tiers_must_be_at_most_as_many_as_the_models(n_tiers: int) -> None:
    with pytest.raises(InvalidInputError, match=r"n_tiers must be in \[1, 3\]"):
        group_ratings(np.array([1.0, 2.0, 3.0]), n_tiers)
