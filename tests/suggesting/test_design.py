"""suggesting/design.py: which rows leave the least doubt about the others."""

import numpy as np
import pytest

from shared_router import InvalidInputError
from shared_router.suggesting import choose_rows


def test_the_first_row_is_the_one_that_narrows_most_by_hand() -> None:
    """Rows -1, 0, 2 with a constant beside them: M = [[5/3, 1/3], [1/3, 1]], and C is the identity.

    x M x is 5/3 - 2/3 + 1 = 2 for (-1, 1), 1 for (0, 1), 20/3 + 4/3 + 1 = 9 for (2, 1); x x is 2, 1 and 5.
    With noise 1 the gains are 2/3, 1/2 and 9/6 = 3/2: the third is taken first.
    """
    assert choose_rows(np.array([[-1.0], [0.0], [2.0]]), 1, noise=1.0).tolist() == [2]


def test_a_row_like_one_that_was_taken_is_taken_late() -> None:
    """Two twins far out and one row on the other side: it comes before the second twin."""
    assert choose_rows(np.array([[3.0], [3.0], [-2.9]]), 2).tolist() == [0, 2]


def test_what_is_graded_already_is_not_asked_again() -> None:
    rows = np.array([[3.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [0.0, -2.0]])
    assert choose_rows(rows, 1).tolist() == [0]
    graded = np.array([[3.0, 0.0], [-3.0, 0.0]])
    assert choose_rows(rows, 1, graded=graded).tolist() == [1]


def test_all_rows_can_be_chosen_and_none_twice() -> None:
    rows = np.random.default_rng(0).standard_normal((20, 3))
    assert sorted(choose_rows(rows, 20).tolist()) == list(range(20))
    assert choose_rows(rows, 5).tolist() == choose_rows(rows, 20)[:5].tolist()


def test_the_best_of_a_few_stay_like_the_others() -> None:
    """One row in ten lies far out: the best of all are these, and of the best of four 1 - .9^4 = .34."""
    rng = np.random.default_rng(0)
    strange = np.arange(400) % 10 == 0
    rows = rng.normal(size=(400, 20)) * np.where(strange, 10, 0.1)[:, None]
    assert strange[choose_rows(rows, 20)].all()
    few = [strange[choose_rows(rows, 20, among=4, seed=seed)].mean() for seed in range(10)]
    assert 0.25 < np.mean(few) < 0.45
    chosen = choose_rows(rows, 400, among=4)
    assert sorted(chosen.tolist()) == list(range(400))
    assert choose_rows(rows, 5, among=4).tolist() == chosen[:5].tolist()
    for among in (0, 1.5):
        with pytest.raises(InvalidInputError, match="among must be"):
            choose_rows(rows, 5, among=among)  # type: ignore[arg-type]


def test_equal_rows_are_taken_in_their_order() -> None:
    assert choose_rows(np.ones((5, 2)), 3).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("rows", "k", "noise", "message"),
    [
        (np.ones((3, 2)), 0, 0.1, "k must be a whole number in 1 to 3, got 0"),
        (np.ones((3, 2)), 4, 0.1, "k must be a whole number in 1 to 3, got 4"),
        (np.ones((3, 2)), 1.5, 0.1, "k must be a whole number"),
        (np.ones((3, 2)), 1, 0.0, "noise must be > 0"),
        (np.full((3, 2), np.nan), 1, 0.1, "finite"),
    ],
    ids=str,
)
def test_what_breaks_a_rule_is_refused(rows: np.ndarray, k: int, noise: float, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        choose_rows(rows, k, noise=noise)
