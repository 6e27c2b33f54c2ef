"""ties.py: battles as labels."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import DataError, InvalidInputError, PreferenceData, win_labels


def battles(winners: list[Any], weights: list[float] | None = None) -> PreferenceData:
    n = len(winners)
    return PreferenceData([f"q{i}" for i in range(n)], ["strong"] * n, ["weak"] * n, winners, weights)


@pytest.mark.parametrize(
    ("ties", "rows", "wins"),
    [("half", [0, 1, 2], [1, 0.5, 0]), ("weak", [0, 1, 2], [1, 0, 0]), ("drop", [0, 2], [1, 0])],
)
def test_a_tie_is_read_as_its_name_says(ties: Any, rows: list[int], wins: list[float]) -> None:
    labels = win_labels(battles(["a", "tie", "b"], [1.0, 2.0, 3.0]), ties=ties)
    assert labels.rows.tolist() == rows
    assert labels.wins.tolist() == wins
    assert labels.weights.tolist() == [[1.0, 2.0, 3.0][row] for row in rows]


def test_battles_without_weights_count_once_each() -> None:
    assert win_labels(battles(["a", "b"]), ties="half").weights.tolist() == [1, 1]


def test_balanced_classes_count_half_each() -> None:
    """One win and three losses weigh 4: the win gets 2, each loss 2/3."""
    labels = win_labels(battles(["a", "b", "b", "b"]), ties="half", class_weights="balanced")
    np.testing.assert_allclose(labels.weights, [2, 2 / 3, 2 / 3, 2 / 3])
    assert labels.wins.tolist() == [1, 0, 0, 0]


def test_balancing_weighs_a_soft_label_on_both_its_sides() -> None:
    """Win 1 + 1/2, loss 1/2, the whole 2: a win's side is weighed 2/3, a loss's 2.

    The tie becomes 1/3 of a win and 1 of a loss: weight 4/3, label 1/4. The win weighs 2/3.
    """
    labels = win_labels(battles(["a", "tie"]), ties="half", class_weights="balanced")
    np.testing.assert_allclose(labels.weights, [2 / 3, 4 / 3])
    np.testing.assert_allclose(labels.wins, [1, 1 / 4])


@given(st.lists(st.tuples(st.sampled_from(["a", "b", "tie"]), st.floats(0.01, 100)), min_size=2, max_size=20))
def test_balancing_keeps_the_whole_weight_and_halves_it(rows: list[tuple[Any, float]]) -> None:
    data = battles([winner for winner, _ in rows], [weight for _, weight in rows])
    if len(set(data.winners)) == 1:
        return
    labels = win_labels(data, ties="half", class_weights="balanced")
    whole = sum(weight for _, weight in rows)
    np.testing.assert_allclose(labels.weights @ labels.wins, whole / 2)
    np.testing.assert_allclose(labels.weights.sum(), whole)


@pytest.mark.parametrize(
    ("winners", "ties"),
    [(["a", "a"], "half"), (["b", "tie"], "weak"), (["tie", "tie"], "half"), (["a", "tie"], "drop")],
)
def test_battles_that_all_end_alike_are_refused(winners: list[Any], ties: Any) -> None:
    with pytest.raises(DataError, match="must not all end alike"):
        win_labels(battles(winners), ties=ties)


def test_nothing_but_ties_to_drop_is_refused() -> None:
    with pytest.raises(DataError, match="got 2 ties"):
        win_labels(battles(["tie", "tie"]), ties="drop")


def test_an_unknown_reading_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"ties must be one of .* got 'strong'"):
        win_labels(battles(["a", "b"]), ties="strong")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="class_weights must be"):
        win_labels(battles(["a", "b"]), ties="half", class_weights="equal")  # type: ignore[arg-type]
