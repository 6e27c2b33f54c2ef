"""Trees as arrays: walks made by hand, and arrays that are no trees."""

from typing import Any

import numpy as np
import pytest

from shared_router.errors import ArtifactSchemaError
from shared_router.learners.trees import LEAF_THRESHOLD, Trees


def two_trees(**changed: Any) -> dict[str, Any]:
    """Make two trees over two columns.

    The first asks column 0 whether it is over 1 (node 0): no gives 10 (node 2), yes asks column 1 whether it
    is over 5 (node 3): no gives 20 (node 4), yes 30 (node 5). The second is one leaf (node 1) that says 4.
    """
    leaf = LEAF_THRESHOLD
    arrays = {
        "roots": np.array([0, 1], dtype=np.int32),
        "features": np.array([0, 0, 0, 1, 0, 0], dtype=np.int32),
        "thresholds": np.array([1, leaf, leaf, 5, leaf, leaf], dtype=np.float32),
        "left": np.array([2, 1, 2, 4, 4, 5], dtype=np.int32),
        "values": np.array([0, 4, 10, 0, 20, 30], dtype=np.float32),
    }
    return {**arrays, **changed}


def test_a_row_gets_the_mean_of_the_leaves_it_reaches() -> None:
    """(1, 9) is not over 1: (10 + 4) / 2. (2, 5): (20 + 4) / 2. (2, 6): (30 + 4) / 2."""
    trees = Trees.from_tensors(two_trees(), depth=2, n_features=2)
    rows = np.array([[1, 9], [2, 5], [2, 6]], dtype=np.float32)
    assert trees.leaves(rows).tolist() == [[2, 1], [4, 1], [5, 1]]
    assert trees.predict(rows).tolist() == [7, 12, 17]
    assert trees.predict(rows[:0]).shape == (0,)


def test_trees_are_the_same_after_going_through_their_arrays() -> None:
    trees = Trees.from_tensors(two_trees(), depth=2, n_features=2)
    again = Trees.from_tensors(trees.tensors(), depth=trees.depth, n_features=trees.n_features)
    assert {name: array.tolist() for name, array in again.tensors().items()} == {
        name: array.tolist() for name, array in two_trees().items()
    }


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("roots", [0, 6], "a root must be one of 6 nodes"),
        ("roots", [-1], "a root must be"),
        ("roots", [], "must have a root"),
        ("features", [0, 0, 0, 2, 0, 0], "one of 2 columns"),
        ("features", [-1, 0, 0, 1, 0, 0], "one of 2 columns"),
        ("left", [2, 1, 2, 0, 4, 5], "stand behind it"),
        ("left", [5, 1, 2, 4, 4, 5], "stand behind it"),
        ("left", [7, 1, 2, 4, 4, 5], "stand behind it"),
        ("left", [2, 1, 2, 4, 4], "as many of everything"),
        ("thresholds", [1, 1e6, 3, 5, 1e6, 1e6], "a leaf must send no row on"),
    ],
)
def test_arrays_that_are_no_trees_are_refused(name: str, value: list[float], message: str) -> None:
    changed = np.array(value, dtype=two_trees()[name].dtype)
    with pytest.raises(ArtifactSchemaError, match=message):
        Trees.from_tensors(two_trees(**{name: changed}), depth=2, n_features=2)


def test_a_depth_that_does_not_reach_every_leaf_is_refused() -> None:
    with pytest.raises(ArtifactSchemaError, match="at most 1 steps"):
        Trees.from_tensors(two_trees(), depth=1, n_features=2)
    with pytest.raises(ArtifactSchemaError, match="whole number in"):
        Trees.from_tensors(two_trees(), depth=65, n_features=2)


def test_arrays_of_another_type_or_name_are_refused() -> None:
    with pytest.raises(ArtifactSchemaError, match="must be the arrays"):
        Trees.from_tensors(two_trees(left=np.zeros(6)), depth=2, n_features=2)
    with pytest.raises(ArtifactSchemaError, match="must be the arrays"):
        Trees.from_tensors({"roots": two_trees()["roots"]}, depth=2, n_features=2)
