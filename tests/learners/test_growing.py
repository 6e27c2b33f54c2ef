"""Growing trees: what they must find, and what they may see."""

import numpy as np
import pytest

from shared_router.errors import DataError, InvalidInputError
from shared_router.learners.growing import Growing, grow_trees
from shared_router.learners.trees import Trees


def steps(n: int, *, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return rows of three columns, of which the first alone says whether the target is 0 or 1."""
    rows = np.random.default_rng(seed).random((n, 3)).astype(np.float32)
    return rows, (rows[:, 0] > 0.5).astype(np.float64)


def test_one_cut_that_tells_all_is_found() -> None:
    """Rows at 0 say 0 and rows at 1 say 1, so the only cut between them leaves no error."""
    rows = np.repeat(np.array([[0], [1]], dtype=np.float32), 20, axis=0)
    grown = grow_trees(rows, rows[:, 0].astype(np.float64), growing=Growing(n_trees=5))
    assert grown.trees.depth == 1
    assert grown.trees.predict(rows[[0, -1]]) == pytest.approx([0, 1])


def test_rows_that_were_not_seen_are_foretold() -> None:
    rows, targets = steps(400)
    grown = grow_trees(rows, targets)
    asked, told = steps(400, seed=1)
    assert np.mean((grown.trees.predict(asked) > 0.5) == told) > 0.95
    assert np.mean((grown.unseen > 0.5) == targets) > 0.95


def test_what_a_row_is_foretold_does_not_depend_on_its_own_target() -> None:
    """Targets that nothing tells are foretold no better than by chance, however well trees fit them."""
    rows = np.random.default_rng(0).random((300, 4)).astype(np.float32)
    targets = np.random.default_rng(1).random(300)
    grown = grow_trees(rows, targets)
    assert np.corrcoef(grown.trees.predict(rows), targets)[0, 1] > 0.7
    assert abs(np.corrcoef(grown.unseen, targets)[0, 1]) < 0.2


def test_rows_of_a_group_are_seen_together_or_not_at_all() -> None:
    """Each prompt stands there twice: were one of two seen, it would tell the other's target."""
    rows = np.repeat(np.random.default_rng(0).random((150, 4)), 2, axis=0).astype(np.float32)
    targets = np.repeat(np.random.default_rng(1).random(150), 2)
    torn = grow_trees(rows, targets, growing=Growing(min_leaf=1))
    whole = grow_trees(rows, targets, groups=np.repeat(np.arange(150), 2), growing=Growing(min_leaf=1))
    assert np.corrcoef(torn.unseen, targets)[0, 1] > 0.5
    assert abs(np.corrcoef(whole.unseen, targets)[0, 1]) < 0.2


def test_a_row_of_weight_two_counts_as_two_rows() -> None:
    """A leaf of targets 0 and 1 with weights 2 and 1 says 1/3."""
    rows = np.zeros((4, 1), dtype=np.float32)
    targets, weights = np.array([0.0, 1.0, 0.0, 1.0]), np.array([2.0, 1.0, 2.0, 1.0])
    groups = np.array([0, 0, 1, 1])
    grown = grow_trees(rows, targets, weights=weights, groups=groups, growing=Growing(n_trees=3))
    assert grown.trees.depth == 0
    assert grown.trees.predict(rows[:1]) == pytest.approx([1 / 3])


def test_the_same_seed_grows_the_same_trees() -> None:
    rows, targets = steps(60)
    one, two = (grow_trees(rows, targets, growing=Growing(n_trees=4)).trees for _ in range(2))
    other = grow_trees(rows, targets, growing=Growing(n_trees=4, seed=1)).trees
    assert all(np.array_equal(one.tensors()[name], two.tensors()[name]) for name in one.tensors())
    assert not np.array_equal(one.values, other.values)


def test_grown_trees_pass_a_checkpoints_checks() -> None:
    rows, targets = steps(200)
    trees = grow_trees(rows, targets, growing=Growing(n_trees=7)).trees
    again = Trees.from_tensors(trees.tensors(), depth=trees.depth, n_features=trees.n_features)
    assert np.array_equal(again.predict(rows), trees.predict(rows))


def test_a_tree_sees_no_more_rows_than_it_may() -> None:
    rows, targets = steps(500)
    grown = grow_trees(rows, targets, growing=Growing(n_trees=3, min_leaf=1, max_depth=40, max_rows=20))
    assert len(grown.trees.left) <= 3 * (2 * 20 - 1)


@pytest.mark.parametrize(
    ("options", "message"),
    [({"n_trees": 0}, "n_trees must be >= 1"), ({"max_depth": 65}, "max_depth"), ({"seen": 1.0}, "seen in")],
)
def test_an_option_outside_its_range_is_refused(options: dict[str, float], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        Growing(**options)  # type: ignore[arg-type]


def test_rows_that_cannot_be_split_are_refused() -> None:
    with pytest.raises(DataError, match="two rows or more, all finite"):
        grow_trees(np.zeros((1, 2), np.float32), np.zeros(1))
    with pytest.raises(DataError, match="two rows or more, all finite"):
        grow_trees(np.full((3, 2), np.nan, np.float32), np.zeros(3))
