"""The value of a ranking, by hand and beside the integral of the curve and resampling."""

import numpy as np
import pytest

from shared_router.evaluation.metrics import apgr
from shared_router.learners.ranked import difference_error, rank_value


def test_a_row_counts_from_its_own_place_on() -> None:
    """Places 1 and 4 of 4 gain 1 each: (1 - .5/4 + 1 - 3.5/4) / 2 = .5; places 1 and 2: (.875 + .625) / 2."""
    scores = np.array([4.0, 3.0, 2.0, 1.0])
    assert rank_value(scores, np.array([1.0, 0, 0, 1])).apgr == pytest.approx(0.5)
    assert rank_value(scores, np.array([1.0, 1, 0, 0])).apgr == pytest.approx(0.75)


def test_equal_scores_share_their_places() -> None:
    """Three rows of one score stand at place 2 each: 1 - 1.5/3."""
    assert rank_value(np.ones(3), np.array([1.0, 0, 0])).apgr == pytest.approx(0.5)


def test_the_value_is_the_area_under_the_curve_and_its_error_what_resampling_gives() -> None:
    rng = np.random.default_rng(0)
    scores = np.round(rng.normal(size=500), 1)
    strong = (rng.random(500) < 0.6 + 0.1 * scores).astype(float)
    weak = (rng.random(500) < 0.3).astype(float)
    found = rank_value(scores, strong - weak)
    assert found.apgr == pytest.approx(apgr(scores, strong, weak))
    rows = [rng.integers(0, 500, 500) for _ in range(600)]
    resampled = [apgr(scores[row], strong[row], weak[row]) for row in rows]
    assert found.error == pytest.approx(np.std(resampled), rel=0.15)
    assert (found.low, found.high) == pytest.approx(
        (found.apgr - 1.96 * found.error, found.apgr + 1.96 * found.error)
    )


def test_a_ranking_differs_from_itself_by_nothing() -> None:
    rng = np.random.default_rng(0)
    gains, scores = rng.random(50), rng.random(50)
    one = rank_value(scores, gains)
    assert difference_error(one, one) == 0
    assert difference_error(one, rank_value(-scores, gains)) > 0
