import numpy as np
import pytest

from shared_router.evaluation.metrics import apgr, calibration_error, cpt, decile_apgr, gap_curve

STRONG = np.array([1.0, 1.0, 1.0, 0.0])
WEAK = np.array([0.0, 1.0, 0.0, 0.0])
# Two of four queries need the strong model, the first and the third; r_weak = 1/4, r_strong = 3/4.
BEST = np.array([0.9, 0.2, 0.8, 0.1])
WORST = np.array([0.1, 0.8, 0.2, 0.9])


def test_the_curve_of_a_perfect_router_rises_at_once() -> None:
    """In the order first, third, second, fourth the gap recovered is 1/2, 1, 1, 1."""
    fractions, gap = gap_curve(BEST, STRONG, WEAK)
    assert fractions.tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert gap.tolist() == [0, 0.5, 1, 1, 1]


def test_apgr_is_the_area_under_the_curve() -> None:
    """Best: trapezoids of width 1/4 with means 1/4, 3/4, 1, 1 give 3/4. Worst, in the order fourth, second,
    third, first: gap 0, 0, 1/2, 1, means 0, 0, 1/4, 3/4 give 1/4."""
    assert apgr(BEST, STRONG, WEAK) == pytest.approx(0.75)
    assert apgr(WORST, STRONG, WEAK) == pytest.approx(0.25)


def test_a_router_that_says_one_thing_of_all_queries_scores_one_half() -> None:
    """One tie is one segment from (0, 0) to (1, 1)."""
    assert apgr(np.full(4, 0.3), STRONG, WEAK) == pytest.approx(0.5)


def test_cpt_is_the_smallest_strong_fraction_that_reaches_the_target() -> None:
    """Best reaches 1/2 at 1/4 and 4/5 at 1/4 + 3/5 of 1/4 = 0.4; worst reaches 1/2 at 3/4."""
    assert cpt(BEST, STRONG, WEAK, 0.5) == pytest.approx(0.25)
    assert cpt(BEST, STRONG, WEAK, 0.8) == pytest.approx(0.4)
    assert cpt(WORST, STRONG, WEAK, 0.5) == pytest.approx(0.75)


def test_decile_apgr_takes_the_published_thresholds() -> None:
    """With bins=2 the edges are 0.1, 0.5, 0.9: all four go strong, then first and third, then (>) none.
    Quality at fractions 0, 1/2, 1 is 1/4, 3/4, 3/4: area 1/4 + 3/8 = 5/8, less 1/4, over 1/2 is 3/4."""
    assert decile_apgr(BEST, STRONG, WEAK, bins=2) == pytest.approx(0.75)


def test_calibration_error_is_the_mean_distance_of_said_and_seen() -> None:
    """Two bins: said 0.2 and seen 0, said 0.7 and seen 1: (0.2 + 0.3) / 2."""
    said, seen = np.array([0.2, 0.2, 0.7, 0.7]), np.array([0.0, 0.0, 1.0, 1.0])
    assert calibration_error(said, seen, bins=2) == pytest.approx(0.25)
