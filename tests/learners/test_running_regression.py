"""running_regression.py: one row at a time is all rows at once, and what is old fades."""

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router.learners.running_regression import RunningRegression, Sums

DIM = 4


def made(memory: float | None = None) -> RunningRegression:
    return RunningRegression(np.zeros(DIM), np.full(DIM, 2.0), noise=0.5, memory=memory)


def rows(n: int, seed: int = 0) -> tuple[NDArray[np.float64], ...]:
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(n, DIM))
    return x, x @ np.array([1.0, -1.0, 0.5, 0.0]) + 0.1 * rng.normal(size=n), rng.uniform(0, 1, n)


def test_one_row_moves_the_mean_as_worked_by_hand() -> None:
    """p = 2, s^2 = 0.5, z = (1, 0, 0, 0), y = 3: precision 2 + 1 / 0.5 = 4, mean 3 / 0.5 / 4 = 1.5."""
    regression = made()
    regression.add(np.eye(DIM)[:1], np.array([3.0]), np.ones(1))
    assert regression.mean == pytest.approx([1.5, 0, 0, 0])
    assert np.diag(regression.covariance) == pytest.approx([0.25, 0.5, 0.5, 0.5])


@pytest.mark.parametrize("n", [1, 63, 64, 65, 700])
def test_rows_one_by_one_are_what_the_closed_form_says(n: int) -> None:
    x, y, w = rows(n)
    one_by_one = made()
    for i in range(n):
        one_by_one.add(x[i : i + 1], y[i : i + 1], w[i : i + 1])
    at_once = made()
    at_once.add(x, y, w)
    precision = 2 * np.eye(DIM) + (x * w[:, None]).T @ x / 0.5
    mean = np.linalg.solve(precision, (x * w[:, None]).T @ y / 0.5)
    for each in (one_by_one, at_once):
        np.testing.assert_allclose(each.mean, mean, atol=1e-9)
        np.testing.assert_allclose(each.covariance, np.linalg.inv(precision), atol=1e-9)
        assert each.sums.count == pytest.approx(w.sum())


def test_a_row_without_weight_changes_nothing() -> None:
    regression = made()
    regression.add(np.ones((1, DIM)), np.array([9.0]), np.zeros(1))
    assert not regression.mean.any()
    assert regression.sums.count == 0


def test_what_is_old_fades_to_what_was_believed_before() -> None:
    """After ten memories e^-10 of the first rows is left: the second ones alone are believed."""
    regression = made(memory=100)
    first, second = np.tile(np.eye(DIM)[:1], (500, 1)), np.tile(np.eye(DIM)[1:2], (1000, 1))
    regression.add(first, np.ones(500), np.ones(500))
    assert regression.mean[0] == pytest.approx(1, abs=0.03)
    for i in range(1000):
        regression.add(second[i : i + 1], np.array([-1.0]), np.ones(1))
    assert regression.mean[0] == pytest.approx(0, abs=0.02)
    assert regression.mean[1] == pytest.approx(-1, abs=0.02)
    assert regression.sums.count == pytest.approx(100, rel=0.5)


def test_new_sums_of_two_add_up_to_those_of_one_that_saw_both() -> None:
    x, y, w = rows(300)
    one, other, both = made(), made(), made()
    one.add(x[:100], y[:100], w[:100])
    other.add(x[100:], y[100:], w[100:])
    both.add(x, y, w)
    merged = made()
    merged.set_sums(one.take_new() + other.take_new())
    np.testing.assert_allclose(merged.mean, both.mean, atol=1e-9)
    assert one.take_new().count == 0


def test_a_weight_after_n_rows_is_what_is_said() -> None:
    assert made(memory=2).fading(3) == 0.125
    assert made().fading(1e9) == 1
    assert Sums.none(2).faded(0.5).count == 0
