"""Bradley-Terry: hand-worked ratings, and no finite answer where there is none."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared_router import DisconnectedModelsError, InvalidInputError
from shared_router.routers.bradley_terry import (
    battle_cells,
    check_connected,
    fit_ratings,
    solve_ratings,
    win_matrix,
)

FIRST, SECOND = np.array([0, 1, 0, 2]), np.array([1, 0, 1, 1])
SHARE = np.array([1.0, 1.0, 0.5, 0.0])


def test_a_win_counts_for_its_winner_and_a_tie_half_each_way() -> None:
    """0 beats 1; 1 beats 0; 0 and 1 tie (half each); 1 beats 2 as the second side."""
    wins = win_matrix(battle_cells(FIRST, SECOND, SHARE, 3), 3)
    assert wins.tolist() == [[0, 1.5, 0], [1.5, 0, 1], [0, 0, 0]]


def test_weights_count_battles_and_two_queries_have_two_matrices() -> None:
    """Weights 2, 3, 4, 5: 0 won 2 + 4/2 against 1, 1 won 3 + 4/2 against 0 and 5 against 2."""
    cells = battle_cells(FIRST, SECOND, SHARE, 3)
    weights = np.array([[2, 3, 4, 5], [0, 0, 0, 1]], dtype=np.float32)
    both = win_matrix(cells, 3, weights)
    assert both[0].tolist() == [[0, 4, 0], [5, 0, 5], [0, 0, 0]]
    assert both[1].tolist() == [[0, 0, 0], [0, 0, 1], [0, 0, 0]]
    assert np.array_equal(win_matrix(cells, 3, weights[0]), both[0])


def test_two_models_rate_the_log_of_their_odds_apart() -> None:
    """3 wins of 4: P = 3/4, odds 3, so r = +-log(3)/2."""
    ratings = fit_ratings(np.array([[0.0, 3.0], [1.0, 0.0]]))
    assert ratings == pytest.approx([np.log(3) / 2, -np.log(3) / 2], abs=1e-12)


def test_a_chain_of_three_models_adds_its_odds() -> None:
    """0 beats 1 by 2:1 and 1 beats 2 by 5:1, 0 and 2 never meet: the pairs fit exactly, log 2 and log 5."""
    ratings = fit_ratings(np.array([[0, 2, 0], [1, 0, 5], [0, 1, 0]], dtype=float))
    assert ratings[0] - ratings[1] == pytest.approx(np.log(2), abs=1e-12)
    assert ratings[1] - ratings[2] == pytest.approx(np.log(5), abs=1e-12)
    assert ratings.mean() == pytest.approx(0, abs=1e-12)


def test_a_circle_of_equal_wins_rates_all_models_alike() -> None:
    """0 beats 1 beats 2 beats 0, once each: by symmetry every rating is 0."""
    assert fit_ratings(np.array([[0, 1, 0], [0, 0, 1], [1, 0, 0]], dtype=float)) == pytest.approx([0, 0, 0])


def test_a_models_battles_with_itself_change_nothing() -> None:
    alone = fit_ratings(np.array([[0.0, 3.0], [1.0, 0.0]]))
    assert fit_ratings(np.array([[70.0, 3.0], [1.0, 900.0]])) == pytest.approx(alone, abs=1e-12)


def test_very_uneven_wins_are_still_found() -> None:
    """A million to one: log(1e6) apart; and 1e30 to one, where plain Newton steps overshoot."""
    for odds in (1e6, 1e30):
        ratings = fit_ratings(np.array([[0.0, odds], [1.0, 0.0]]))
        assert ratings[0] - ratings[1] == pytest.approx(np.log(odds), rel=1e-9)


@settings(deadline=None, max_examples=50)
@given(st.integers(2, 6), st.integers(0, 2**32 - 1))
def test_at_the_ratings_every_model_wins_what_it_should(k: int, seed: int) -> None:
    """Maximum likelihood: each model's wins equal the wins that the ratings expect of it."""
    wins = np.random.default_rng(seed).lognormal(0, 2, (k, k))
    ratings = fit_ratings(wins)
    expected = (wins + wins.T) / (1 + np.exp(ratings[None, :] - ratings[:, None]))
    assert expected.sum(axis=1) == pytest.approx(wins.sum(axis=1), rel=1e-8)


def test_many_matrices_at_once_equal_one_by_one_from_any_start() -> None:
    wins = np.random.default_rng(0).lognormal(0, 2, (9, 5, 5))
    one_by_one = np.stack([fit_ratings(each) for each in wins])
    assert solve_ratings(wins) == pytest.approx(one_by_one, abs=1e-9)
    assert solve_ratings(wins, start=np.arange(5.0)) == pytest.approx(one_by_one, abs=1e-9)


def test_no_matrix_gives_no_ratings() -> None:
    assert solve_ratings(np.zeros((0, 3, 3))).shape == (0, 3)


@pytest.mark.parametrize(
    ("wins", "message"),
    [
        ([[0, 1, 0, 0], [1, 0, 0, 0], [0, 0, 0, 1], [0, 0, 1, 0]], r"\['a', 'b'\] never met the rest"),
        ([[0, 1, 1], [1, 0, 1], [0, 0, 0]], r"\['c'\] never beat the rest"),
        ([[0, 1, 1], [0, 0, 1], [0, 1, 0]], r"\['a'\] never lost to the rest"),
        ([[0, 1], [0, 0]], r"\['a'\] never lost to the rest"),
    ],
)
def test_models_that_no_finite_ratings_fit_are_named(wins: list[list[int]], message: str) -> None:
    with pytest.raises(DisconnectedModelsError, match=message):
        fit_ratings(np.array(wins, dtype=float), names=list("abcd"[: len(wins)]))


def test_a_long_chain_is_connected_through_others() -> None:
    """Nine models in one circle: each reaches each other in at most eight wins."""
    check_connected(np.roll(np.eye(9), 1, axis=1), [str(k) for k in range(9)])


def test_wins_too_uneven_for_any_rating_are_refused() -> None:
    """1 to 1e-300: the ratings would lie 690 apart, and steps near there gain less than 1 each."""
    with pytest.raises(InvalidInputError, match=r"less than e\^100 times as large"):
        fit_ratings(np.array([[0.0, 1.0], [1e-300, 0.0]]))
