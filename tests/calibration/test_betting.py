"""Bets against a mean loss: the purse, and that it is rarely large where the loss is too large."""

import numpy as np
import pytest

from shared_router.calibration.betting import log_purse, rows_needed

DELTA = 0.05


def purse(if_weak: np.ndarray, if_strong: np.ndarray, most: float = 0.1, seed: int = 0) -> np.ndarray:
    return log_purse(if_weak, if_strong, most=most, largest=1.0, confidence=1 - DELTA, seed=seed)


def test_without_a_loss_every_bet_wins_the_same() -> None:
    """Losses of 0 and most = .1: both bets are the cap, .9 / (1 - .1) = 1, as the wanted ones are larger:
    2 log(20) / 20 over a mean square of at most .05 is above 1. So each of 20 rows wins log(1 + .1)."""
    found = purse(np.zeros(20), np.zeros(20))
    assert found == pytest.approx(np.full(21, 20 * np.log(1.1)))


def test_a_cut_is_paid_for_its_own_weak_rows() -> None:
    """The purse of cut k is that of a table in which the first k rows are weak and no row is strong."""
    rng = np.random.default_rng(1)
    weak, strong = rng.uniform(-1, 1, 300), rng.uniform(-0.1, 0.1, 300)
    for cut in (0, 120, 300):
        losses = np.where(np.arange(300) < cut, weak, strong)
        assert purse(weak, strong)[cut] == pytest.approx(purse(losses, losses)[0], abs=1e-9)


@pytest.mark.parametrize("kind", ["rare", "even", "graded"])
def test_a_mean_that_is_too_large_is_seldom_missed(kind: str) -> None:
    """The true mean is `most`, so that in at most one draw of 20 the purse may reach 20: of 2,000 draws at
    most 100 and four standard deviations, 4 * sqrt(2000 * .05 * .95) = 39."""
    rng = np.random.default_rng(2)
    missed = 0
    for draw in range(2000):
        if kind == "rare":
            losses = (rng.random(150) < 0.1).astype(np.float64)
        elif kind == "even":
            losses = rng.choice([-1.0, 1.0], 150, p=[0.45, 0.55])
        else:
            losses = 2 * rng.beta(1.1, 0.9, 150) - 1
        missed += int(purse(losses, losses, seed=draw)[0] >= np.log(1 / DELTA))
    assert missed <= 139


def test_many_small_losses_are_told_from_large_ones() -> None:
    losses = np.random.default_rng(3).choice([-1.0, 0.0, 1.0], 2000, p=[0.04, 0.9, 0.06])
    assert purse(losses, losses, most=0.1)[0] >= np.log(1 / DELTA)


def test_the_rows_needed_are_about_what_the_purse_needs() -> None:
    """Without a loss: log(20) / log(1.1) = 31.4 rows, over .95 for the pilot's bets: 34."""
    needed = rows_needed(np.zeros(1), most=0.1, largest=1.0, confidence=0.95)
    assert needed == 34
    assert purse(np.zeros(needed), np.zeros(needed))[0] >= np.log(1 / DELTA)


def test_losses_that_are_too_large_are_never_ruled_out() -> None:
    assert rows_needed(np.array([0.0, 0.5]), most=0.1, largest=1.0, confidence=0.95) is None
