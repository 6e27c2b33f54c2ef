"""What a threshold comes to, by hand."""

from dataclasses import replace

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


@pytest.mark.parametrize("n", [1_900, 20_000])
def test_intervals_are_as_wide_as_the_means_standard_error_says_drawn_singly_or_in_groups(n: int) -> None:
    """Half of all strong grades are 1 and half 0: the mean's interval is 1.96 x .5 / sqrt(n) to each side."""
    grades = [row % 2.0 for row in range(n)]
    pair = pair_from_scores([str(row) for row in range(n)], grades, [0.0] * n)
    point = ScoredPair(pair, np.ones(n)).at(0.5)
    low, high = point.quality.interval or (0.0, 0.0)
    assert (high - low) / 2 == pytest.approx(1.96 * 0.5 / n**0.5, rel=0.12)
    assert low < 0.5 < high


def test_a_conversations_prompts_are_drawn_together() -> None:
    """Two conversations of a thousand prompts: a resample is one of them twice, or both."""
    pair = pair_from_scores([str(row) for row in range(2000)], [1.0] * 1000 + [0.0] * 1000, [0.0] * 2000)
    together = replace(pair, units=np.repeat([0, 1], 1000))
    assert ScoredPair(together, np.ones(2000)).at(0.5).quality.interval == (0.0, 1.0)
