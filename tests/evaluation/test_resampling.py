import numpy as np
import pytest

from shared_router.evaluation.resampling import Estimate, estimate, resamples


def test_each_resample_draws_as_many_units_as_there_are() -> None:
    blocks = list(resamples(np.arange(300_000), 3, seed=0))
    assert [block.shape for block in blocks] == [(300_000, 1)] * 3
    assert {block.sum() for block in blocks} == {300_000}


def test_rows_of_one_conversation_are_drawn_together() -> None:
    (counts,) = resamples(np.array([0, 1, 0, 1, 2]), 100, seed=0)
    assert (counts[0] == counts[2]).all()
    assert (counts[1] == counts[3]).all()
    assert (counts[[0, 1, 4]].sum(axis=0) == 3).all()


def test_the_same_seed_draws_the_same_and_another_does_not() -> None:
    first, again, other = (next(resamples(np.arange(50), 9, seed=seed)) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_an_interval_is_the_middle_95_percent() -> None:
    """Of 0 to 1,000 the 2.5th percentile is 25, the 97.5th 975."""
    assert estimate(500.0, np.arange(1001.0)) == Estimate(500.0, 25.0, 975.0)


def test_an_undefined_figure_has_neither_value_nor_interval() -> None:
    assert estimate(np.nan, np.arange(9.0)) == Estimate(None)


def test_an_interval_is_not_given_where_many_resamples_are_undefined() -> None:
    """Two of twenty are more than one in twenty; one of twenty is not, and the other nineteen are read."""
    values = np.arange(20.0)
    values[:2] = np.nan
    assert estimate(1.0, values).interval is None
    values[1] = 1.0
    assert estimate(1.0, values).interval == pytest.approx((1.45, 18.55))


def test_the_mean_of_resamples_spreads_as_the_standard_error_says() -> None:
    """The mean of 400 numbers of variance 1/4 has standard error .025; over 2,000 resamples the interval is
    +- 1.96 of it."""
    values = np.repeat([0.0, 1.0], 200)
    means = np.concatenate([values @ block / 400 for block in resamples(np.arange(400), 2000, seed=0)])
    found = estimate(0.5, means).interval
    assert found == pytest.approx((0.5 - 0.049, 0.5 + 0.049), abs=0.004)
