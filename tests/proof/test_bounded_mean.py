"""Intervals of means of bounded values: exact ends, and how often they hold the mean."""

import numpy as np
import pytest

from shared_router.errors import InvalidInputError
from shared_router.proof.bounded_mean import bounded_mean_interval, mean_of_sample


def test_no_value_leaves_the_whole_range() -> None:
    assert bounded_mean_interval(np.empty(0), low=-1.0, high=1.0) == pytest.approx((-1.0, 1.0))


def test_one_value_rules_out_only_means_that_a_bet_on_it_beats_forty_times() -> None:
    """Of one x = 1 the largest purse is about .98 / m + .02: it reaches 2 / .05 = 40 where m is at most about
    .0245, and where several bets are averaged sooner still; so m = .03 stands, and all above it does."""
    low, high = bounded_mean_interval(np.array([1.0]), low=0.0, high=1.0)
    assert low < 0.03
    assert high == pytest.approx(1.0)


def test_thirty_answers_without_a_failure_do_not_say_that_there_is_none() -> None:
    """Thirty zeros: an exact bound for a share is 1 - .025 ** (1 / 30) = .116, and this one is not below."""
    low, high = bounded_mean_interval(np.zeros(30), low=0.0, high=1.0)
    assert low == pytest.approx(0.0)
    assert 0.116 <= high < 0.2


def test_the_interval_does_not_depend_on_the_order() -> None:
    values = np.random.default_rng(0).random(50)
    turned = bounded_mean_interval(values[::-1].copy(), low=0.0, high=1.0)
    assert bounded_mean_interval(values, low=0.0, high=1.0) == pytest.approx(turned)


def test_a_scale_moves_the_ends_with_it() -> None:
    """2 x - 1 of what is in [0, 1] has the ends 2 a - 1 and 2 b - 1."""
    values = np.random.default_rng(1).random(40)
    low, high = bounded_mean_interval(values, low=0.0, high=1.0)
    moved = bounded_mean_interval(2 * values - 1, low=-1.0, high=1.0)
    assert moved == pytest.approx((2 * low - 1, 2 * high - 1))


@pytest.mark.parametrize(("n", "share"), [(8, 0.02), (40, 0.02), (40, 0.5), (400, 0.1)])
def test_intervals_hold_the_mean_of_a_list_that_is_sampled_at_least_as_often_as_said(
    n: int, share: float
) -> None:
    rng = np.random.default_rng(2)
    held = 0
    for _ in range(100):
        whole = (rng.random(20 * n) < share).astype(np.float64)
        low, high = bounded_mean_interval(rng.choice(whole, n, replace=False), low=0.0, high=1.0)
        held += low <= whole.mean() <= high
    assert held >= 95


def test_what_was_less_likely_to_be_drawn_stands_for_more() -> None:
    """Weights 1 and 3 of the values 0 and 1: (0 * 1 + 1 * 3) / 4 = .75."""
    mean, low, high = mean_of_sample(np.array([0.0, 1.0]), np.array([1.0, 3.0]), low=0.0, high=1.0)
    assert mean == pytest.approx(0.75)
    assert low <= 0.75 <= high


def test_a_value_outside_the_range_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"values must be in a range, \[0, 1\]"):
        bounded_mean_interval(np.array([1.5]), low=0.0, high=1.0)
