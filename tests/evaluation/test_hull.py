import numpy as np
import pytest

from shared_router.evaluation.hull import hull, mean_height


def test_the_hull_leaves_out_what_mixing_two_others_beats() -> None:
    """From (0, 0) the steepest rise is to (1, 2), then to (4, 3): (2, 2) lies below 2 1/3 there, and (3, 1)
    and (5, 2) below what was reached."""
    cost = np.array([0.0, 1, 2, 3, 4, 5])
    quality = np.array([0.0, 2, 2, 1, 3, 2])
    corners, heights = hull(cost, quality)
    assert corners.tolist() == [0, 1, 4, 5]
    assert heights.tolist() == [0, 2, 3, 3]


def test_aiq_is_the_hulls_mean_height_between_the_cheapest_and_the_dearest() -> None:
    """1/2 * 1 * 2 + 3 * 2 1/2 + 1 * 3 = 11 1/2 over a width of 5; two points of one height give that height;
    a dearer worse point adds a flat piece."""
    first = np.array([[0.0, 1, 2, 3, 4, 5]]).T
    quality = np.array([[0.0, 2, 2, 1, 3, 2]]).T
    assert mean_height(first, quality) == pytest.approx([2.3])
    assert mean_height(np.array([[1.0], [3.0]]), np.array([[0.7], [0.5]])) == pytest.approx([0.7])


def test_many_hulls_are_found_as_each_alone() -> None:
    rng = np.random.default_rng(0)
    cost, quality = np.sort(rng.random((30, 50)), axis=0), rng.random((30, 50))
    alone = [mean_height(cost[:, [b]], quality[:, [b]])[0] for b in range(50)]
    by_hull = [
        np.trapezoid(y, x) / np.ptp(x) for x, y in (hull(cost[:, b], quality[:, b]) for b in range(50))
    ]
    assert mean_height(cost, quality) == pytest.approx(alone)
    assert by_hull == pytest.approx(alone)


def test_points_of_one_cost_have_the_best_ones_height() -> None:
    assert mean_height(np.full((3, 1), 2.0), np.array([[0.1], [0.6], [0.4]])) == pytest.approx([0.6])
