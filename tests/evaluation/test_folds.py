import numpy as np

from shared_router.evaluation.folds import assign_folds, cross_fit
from shared_router.evaluation.pair import Floats, Rows


def test_a_group_is_never_torn_and_folds_are_of_one_size() -> None:
    groups = np.repeat(np.arange(40), np.tile([1, 2, 3, 4], 10))
    folds = assign_folds(groups)
    assert all(len(set(folds[groups == group])) == 1 for group in range(40))
    assert np.bincount(folds).tolist() == [20] * 5


def test_fewer_groups_than_folds_make_fewer_folds() -> None:
    assert sorted(assign_folds(np.array([0, 0, 1]))) == [0, 0, 1]


def test_no_row_is_scored_by_what_saw_it() -> None:
    """Each row's score is how many rows were learned from, or -1 where it is one of them."""
    folds = np.array([0, 1, 0, 2])

    def count(learned: Rows, asked: Rows) -> Floats:
        return np.where(np.isin(asked, learned), -1.0, float(len(learned)))

    scores = cross_fit(folds, np.zeros(4), count)
    assert scores.tolist() == [2, 3, 2, 3]


def test_what_knows_nothing_orders_no_folds() -> None:
    """Each fold's outcomes are its number; who says the mean of the others says 0 above it everywhere."""
    folds = np.arange(10) % 5
    target = folds.astype(np.float64)
    scores = cross_fit(folds, target, lambda learned, asked: np.full(len(asked), target[learned].mean()))
    assert scores.tolist() == [0.0] * 10
