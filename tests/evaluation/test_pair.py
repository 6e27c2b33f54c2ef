import numpy as np
import pytest

from shared_router import InvalidInputError
from shared_router.evaluation.pair import pair_from_scores
from tests.evaluation.data import four_prompts


def test_without_dollars_a_strong_call_is_the_unit_of_cost() -> None:
    pair = four_prompts()
    assert not pair.in_dollars
    assert (pair.strong_cost.tolist(), pair.weak_cost.tolist()) == ([1] * 4, [0] * 4)


def test_a_tie_is_no_win() -> None:
    assert four_prompts().strong_wins.tolist() == [1, 0, 1, 0]


def test_rows_taken_keep_their_units_apart() -> None:
    pair = pair_from_scores(["a", "b", "c"], [1, 1, 1], [0, 0, 0], conversations=["x", "y", "z"])
    taken = pair.take(np.array([2, 0]))
    assert (list(taken.prompts), taken.units.tolist(), taken.n_units) == (["c", "a"], [1, 0], 2)


@pytest.mark.parametrize(
    ("strong", "rule"),
    [([], "must have shape"), ([1, np.nan, 1, 1], "strong must hold finite numbers, got NaN or infinity")],
)
def test_columns_that_no_figure_could_be_read_off_are_refused(strong: list[float], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        pair_from_scores(["a", "b", "c", "d"], strong, [0, 0, 0, 0])


def test_no_prompt_at_all_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="needs a prompt that both models were graded on"):
        pair_from_scores([], [], [])
