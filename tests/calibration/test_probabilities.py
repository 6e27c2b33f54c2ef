"""Scores mapped to probabilities: Platt, isotonic regression and Venn-Abers, against scikit-learn."""

from typing import Any

import numpy as np
import pytest
from sklearn.isotonic import IsotonicRegression
from sklearn.linear_model import LogisticRegression

from shared_router.calibration.probabilities import PlattMap, fit_map, pooled, venn_abers
from shared_router.errors import DataError, InvalidInputError


def drawn(n: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores that are too near the middle: the true log odds are twice theirs, less one."""
    rng = np.random.default_rng(seed)
    scores = rng.uniform(0.1, 0.9, n)
    odds = 2 * np.log(scores / (1 - scores)) - 1
    return scores, (rng.random(n) < 1 / (1 + np.exp(-odds))).astype(np.float64)


def test_platt_finds_the_curve_that_made_the_wins() -> None:
    found = fit_map(*drawn(200_000))
    assert isinstance(found, PlattMap)
    assert (found.slope, found.shift) == pytest.approx((2, -1), abs=0.05)


def test_platt_is_the_logistic_regression_of_its_targets() -> None:
    """scikit-learn takes each row twice, once won and once not, weighted by the target."""
    scores, wins = drawn(300)
    n_won = wins.sum()
    target = np.where(wins == 1, (n_won + 1) / (n_won + 2), 1 / (300 - n_won + 2))
    z = np.log(scores / (1 - scores))[:, None]
    fitted = LogisticRegression(C=1e10, tol=1e-10, max_iter=1000).fit(
        np.concatenate([z, z]),
        np.repeat([1, 0], 300),
        sample_weight=np.concatenate([target, 1 - target]),
    )
    found = fit_map(scores, wins)
    assert isinstance(found, PlattMap)
    expected = (float(fitted.coef_[0, 0]), float(fitted.intercept_[0]))
    assert (found.slope, found.shift) == pytest.approx(expected, abs=1e-4)


def test_pooled_steps_are_those_of_isotonic_regression() -> None:
    scores, wins = drawn(500)
    order = np.argsort(scores)
    _, values, sizes = pooled(scores[order], wins[order])
    expected = IsotonicRegression().fit_transform(scores[order], wins[order])
    assert np.repeat(values, sizes.astype(int)) == pytest.approx(expected)


def test_pooled_steps_by_hand() -> None:
    """Wins 0, 1, 0, 1 at .1, .2, .3, .4: the middle two pool to 1/2 at mean score .25."""
    means, values, sizes = pooled(np.array([0.1, 0.2, 0.3, 0.4]), np.array([0.0, 1.0, 0.0, 1.0]))
    assert means == pytest.approx([0.1, 0.25, 0.4])
    assert values.tolist() == [0, 0.5, 1]
    assert sizes.tolist() == [1, 2, 1]


def test_rows_of_one_score_make_one_step() -> None:
    _, values, sizes = pooled(np.array([0.2, 0.2, 0.5]), np.array([0.0, 1.0, 1.0]))
    assert (values.tolist(), sizes.tolist()) == ([0.5, 1.0], [2, 1])


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_the_order_of_scores_is_kept(method: str) -> None:
    found = fit_map(*drawn(400), method=method)  # type: ignore[arg-type]
    rising = np.linspace(0, 1, 1001)
    mapped = found(rising)
    assert (np.diff(mapped) >= 0).all()
    assert mapped.min() >= 0
    assert mapped.max() <= 1
    if method == "platt":
        assert (np.diff(mapped) > 0).all()


@pytest.mark.parametrize("method", ["platt", "isotonic"])
def test_mapped_scores_come_true_on_other_rows(method: str) -> None:
    """In each tenth of 20,000 new rows said and seen differ by less than .05; unmapped, by more than .1."""
    found = fit_map(*drawn(10_000), method=method)  # type: ignore[arg-type]
    scores, wins = drawn(20_000, seed=1)
    parts = np.array_split(np.argsort(scores), 10)
    said = found(scores)
    assert max(abs(said[part].mean() - wins[part].mean()) for part in parts) < 0.05
    assert max(abs(scores[part].mean() - wins[part].mean()) for part in parts) > 0.1


def test_scores_that_foretell_the_wrong_way_are_mapped_to_the_rate() -> None:
    """Higher scores win less: no rising curve helps, and the rate, about a half, is all there is to say."""
    scores = np.linspace(0.1, 0.9, 400)
    wins = np.where(np.random.default_rng(0).random(400) < 1 - scores, 1.0, 0.0)
    assert fit_map(scores, wins)(scores) == pytest.approx(np.full(400, wins.mean()), abs=0.01)


def test_venn_abers_holds_the_isotonic_values_of_both_labels() -> None:
    scores, wins = drawn(200)
    asked = np.array([0.15, 0.5, 0.85])
    low, high = venn_abers(scores, wins, asked)
    for place, score in enumerate(asked):
        for ends, label in ((low, 0.0), (high, 1.0)):
            fitted = IsotonicRegression().fit(np.append(scores, score), np.append(wins, label))
            assert ends[place] == pytest.approx(float(fitted.predict([score])[0]))
    assert (low <= high).all()


def test_rows_that_teach_nothing_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="at least 20 rows, got 5"):
        fit_map([0.1] * 5, [0, 1, 0, 1, 0])
    with pytest.raises(DataError, match="got one kind"):
        fit_map([0.1] * 30, [1] * 30)
    with pytest.raises(InvalidInputError, match=r"wins must be in \[0, 1\]"):
        fit_map([0.1] * 30, [2] * 30)
    with pytest.raises(InvalidInputError, match="method must be one of"):
        fit_map(*drawn(30), method="beta")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("wins", "message"),
    [
        ([0.0] * 29, "wins must have one number a prompt"),
        (["a"] * 30, "wins must be numbers"),
        ([0.0] * 29 + [float("nan")], "NaN or infinity in 1 of 30 rows, the first is row 29"),
    ],
)
def test_wins_that_are_none_are_refused(wins: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        fit_map(np.linspace(0, 1, 30), wins)
