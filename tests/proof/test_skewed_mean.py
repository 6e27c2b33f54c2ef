"""Intervals of means of skewed dollars."""

import numpy as np
import pytest

from shared_router.proof.skewed_mean import skewed_mean_interval


def test_bills_that_were_all_drawn_leave_nothing_uncertain() -> None:
    """(1 + 2 + 3 + 4 + 5) / 5 = 3, of a list of five."""
    assert skewed_mean_interval(np.arange(1.0, 6.0), of=5) == (3.0, 3.0, 3.0)


def test_without_another_list_the_interval_is_students_or_wider() -> None:
    """Mean 3, standard deviation sqrt(2.5), n = 5 of very many: 3 +- 2.776 * sqrt(2.5 / 5) = 3 +- 1.963."""
    mean, low, high = skewed_mean_interval(np.arange(1.0, 6.0), of=10**9)
    assert (mean, low, high) == pytest.approx((3.0, 3 - 1.963, 3 + 1.963), abs=1e-3)


def test_a_longer_list_that_is_skewed_widens_the_upper_end() -> None:
    """One bill in thirty costs thirty times the others, and five draws mostly miss it."""
    shape = np.array([1.0] * 290 + [30.0] * 10) * np.linspace(0.9, 1.1, 300)
    alone = skewed_mean_interval(np.arange(1.0, 6.0), of=10**9)
    beside = skewed_mean_interval(np.arange(1.0, 6.0), shapes=(shape,), of=10**9)
    assert beside[2] > 2 * alone[2]


def test_the_size_of_the_other_list_does_not_matter() -> None:
    shape = np.exp(np.random.default_rng(0).normal(size=200))
    values = np.array([1.0, 2.0, 2.5, 4.0, 9.0, 3.0])
    small, large = (skewed_mean_interval(values, shapes=(shape * by,), of=1000) for by in (1.0, 1e-6))
    assert small == pytest.approx(large)


def test_equal_bills_do_not_say_that_all_are_equal() -> None:
    """One bill in thirty costs ten times the others; ten draws without one have no spread.

    The list's mean is (29 + 10) / 30 = 1.3 times theirs.
    """
    shape = np.array([1.0] * 290 + [10.0] * 10)
    mean, low, high = skewed_mean_interval(np.full(10, 2.0), shapes=(shape,), of=10**9)
    assert mean == pytest.approx(2.0)
    assert low <= mean
    assert high == pytest.approx(2.6)


def test_equal_differences_tell_no_interval() -> None:
    _, low, high = skewed_mean_interval(np.full(10, 2.0), of=100, signed=True)
    assert (low, high) == (-np.inf, np.inf)


def test_an_error_that_few_heavy_bills_make_widens_the_interval() -> None:
    """Twenty bills of 1 to 1.19 with weight 1 and two with weight 5, which are 4 and 6.

    Kish's count is (20 + 10)^2 / (20 + 50) = 12.9, for which Student's t is 2.18; but the two make the error.
    """
    values = np.concatenate([1 + np.arange(20) / 100, [4.0, 6.0]])
    weights = np.array([1.0] * 20 + [5.0] * 2)
    shares = weights / weights.sum()
    mean, _, high = skewed_mean_interval(values, weights=weights, of=10**9)
    error = np.sqrt(shares**2 @ (values - mean) ** 2 * (900 / 70) / (900 / 70 - 1))
    assert high - mean > 2.18 * error * 1.1


def test_weights_count_bills_as_often_as_they_stand_for() -> None:
    """(1 * 1 + 3 * 5) / 4 = 4."""
    values, weights = np.array([1.0, 5.0] * 3), np.array([1.0, 3.0] * 3)
    assert skewed_mean_interval(values, weights=weights, of=1000)[0] == pytest.approx(4.0)


@pytest.mark.parametrize("n", [6, 20, 100])
def test_intervals_hold_the_mean_of_very_skewed_bills_at_least_as_often_as_said(n: int) -> None:
    """Bills whose logarithms spread by 1.3, three in a hundred of them ten times as large."""
    rng = np.random.default_rng(3)

    def bills(size: int) -> np.ndarray:
        return np.exp(1.3 * rng.normal(size=size)) * np.where(rng.random(size) < 0.03, 10, 1)

    held = 0
    for _ in range(100):
        whole, others = bills(50 * n), bills(2000) * 4
        _, low, high = skewed_mean_interval(
            rng.choice(whole, n, replace=False), shapes=(others,), of=len(whole)
        )
        held += low <= whole.mean() <= high
    assert held >= 95
