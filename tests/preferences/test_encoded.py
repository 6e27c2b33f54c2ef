"""Preference data as arrays: every reading of a tie, by hand."""

import numpy as np
import pytest

from shared_router import DataError, InvalidInputError, PreferenceData
from shared_router.preferences.encoded import encode_battles
from shared_router.preferences.grades import Winner


def data(weights: list[float] | None = None) -> PreferenceData:
    """x beats y, x and y tie (y first), z loses to x, y and z tie."""
    return PreferenceData(
        ["p", "q", "r", "s"], ["x", "y", "z", "y"], ["y", "x", "x", "z"], ["a", "tie", "b", "tie"], weights
    )


def test_a_tie_is_half_a_win_each_way() -> None:
    battles = encode_battles(data(), ties="half")
    assert battles.models == ("x", "y", "z")
    assert battles.first.tolist() == [0, 1, 2, 1]
    assert battles.second.tolist() == [1, 0, 0, 2]
    assert battles.share.tolist() == [1, 0.5, 0, 0.5]
    assert battles.weights.tolist() == [1, 1, 1, 1]


def test_dropped_ties_leave_the_rows_of_the_others() -> None:
    mixed = PreferenceData(["p", "q", "r"], ["x"] * 3, ["y"] * 3, ["a", "tie", "b"], [1, 2, 3])
    battles = encode_battles(mixed, ties="drop")
    assert battles.rows.tolist() == [0, 2]
    assert battles.share.tolist() == [1, 0]
    assert battles.weights.tolist() == [1, 3]


def test_a_tie_goes_to_the_model_that_takes_less_of_its_battles() -> None:
    """x takes 1 + 0.5 + 1 of 3 (.83), y 0 + 0.5 + 0.5 of 3 (.33), z 0 + 0.5 of 2 (.25).

    So y takes its tie with x, and z its tie with y."""
    assert encode_battles(data(), ties="weak").share.tolist() == [1, 1, 0, 0]


def test_weights_decide_which_model_is_the_weaker() -> None:
    """With 9 on y's tie with z: y takes (0 + 0.5 + 4.5) of 11 (.45), z 4.5 of 10 (.45 - .0045): z is weaker.
    With 9 on z's loss: z takes 0.5 of 10 (.05)."""
    assert encode_battles(data([1, 1, 1, 9]), ties="weak").share.tolist() == [1, 1, 0, 0]
    assert encode_battles(data([9, 1, 1, 1]), ties="weak").share.tolist() == [1, 1, 0, 1]


def test_equal_models_are_told_apart_by_name() -> None:
    """A win each and a tie: both take half, so the later name is the weaker."""
    even = PreferenceData(["p", "q", "r"], ["a", "a", "a"], ["b", "b", "b"], ["a", "b", "tie"])
    assert encode_battles(even, ties="weak").share.tolist() == [1, 0, 0]


def test_nothing_but_ties_cannot_all_be_dropped() -> None:
    with pytest.raises(DataError, match=r'ties="drop" needs a battle that is no tie, got 1 ties'):
        encode_battles(PreferenceData(["p"], ["a"], ["b"], ["tie"]), ties="drop")


def test_no_battles_teach_nothing() -> None:
    with pytest.raises(DataError, match="at least one battle"):
        encode_battles(PreferenceData([], [], [], []), ties="half")


@pytest.mark.parametrize("winners", [["a", "b"], ["tie", "tie"]])
def test_battles_that_all_end_alike_teach_nothing(winners: list[Winner]) -> None:
    """x beats y as the first and as the second side; and ties alone."""
    with pytest.raises(DataError, match="must not all end alike, and all 2 do"):
        encode_battles(PreferenceData(["p", "q"], ["x", "y"], ["y", "x"], winners), ties="half")


def test_another_reading_of_ties_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="ties must be one of"):
        encode_battles(data(), ties="both")  # type: ignore[arg-type]


def test_the_data_are_not_changed() -> None:
    weights = [1.0, 2.0, 3.0, 4.0]
    encode_battles(data(weights), ties="weak").weights[:] = 0
    assert weights == [1.0, 2.0, 3.0, 4.0]
    assert np.array_equal(encode_battles(data(weights), ties="half").weights, weights)
