"""What a threshold comes to, by hand."""

import numpy as np
import pytest

from shared_router.evaluation.pair import pair_from_scores
from shared_router.playground.threshold_points import ScoredPair

PAIR = pair_from_scores(
    ["a", "b", "c", "d"],
    [1.0, 1.0, 0.5, 1.0],
    [0.0, 1.0, 0.5, 0.5],
    strong_dollars=[0.04] * 4,
    weak_dollars=[0.01] * 4,
)
SCORED = ScoredPair(PAIR, np.array([0.9, 0.2, 0.5, 0.6]))


def test_a_threshold_has_its_share_its_quality_and_its_dollars() -> None:
    """At .6 a and d go strong: share 2/4, grades (1 + 1 + .5 + 1) / 4, dollars (.04 + .01) / 2."""
    point = SCORED.at(0.6)
    assert point.strong_fraction.value == 0.5
    assert point.quality.value == 0.875
    assert point.cost.value == pytest.approx(0.025)
    assert point.saved.value == pytest.approx(1 - 0.025 / 0.04)
    low, high = point.quality.interval or (1.0, 0.0)
    assert low <= 0.875 <= high


def test_the_curve_runs_from_all_weak_to_all_strong() -> None:
    """The weak grades' mean is .5, the strong ones' .875; with a alone strong (1 + 1 + .5 + .5) / 4."""
    curve = SCORED.curve()
    assert [curve[place].strong_fraction for place in (0, 25, 100)] == [0.0, 0.25, 1.0]
    assert [curve[place].quality.value for place in (0, 25, 100)] == pytest.approx([0.5, 0.75, 0.875])
    assert [curve[place].cost for place in (0, 100)] == pytest.approx([0.01, 0.04])


def test_without_dollars_strong_calls_are_counted() -> None:
    pair = pair_from_scores(["a", "b"], [1.0, 1.0], [0.0, 0.0])
    point = ScoredPair(pair, np.array([0.9, 0.1])).at(0.5)
    assert (point.cost.value, point.saved.value) == (0.5, 0.5)
