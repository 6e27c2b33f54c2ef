"""quantiles.py: from a share of questions to a threshold and back."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import ArtifactSchemaError, InvalidInputError, ScoreQuantiles

FIVE = ScoreQuantiles.of([0.5, 0.1, 0.4, 0.2, 0.3], source="questions")


def test_the_quantiles_lie_between_neighbours_in_proportion() -> None:
    """Five scores 0.1 ... 0.5 lie at 0, 1/4, ... 1, so the quantile at q is 0.1 + 0.4 q."""
    assert FIVE.values == pytest.approx([0.1 + 0.4 * step / 100 for step in range(101)])
    assert (FIVE.low, FIVE.high, FIVE.n_queries, FIVE.source) == (0.1, 0.5, 5, "questions")


@pytest.mark.parametrize(
    ("strong_fraction", "threshold"), [(0, 1.0), (0.25, 0.4), (0.5, 0.3), (0.75, 0.2), (1, 0.0)]
)
def test_a_share_maps_to_the_quantile_that_so_many_reach(strong_fraction: float, threshold: float) -> None:
    assert FIVE.threshold(strong_fraction) == pytest.approx(threshold)


@pytest.mark.parametrize(
    ("threshold", "strong_fraction"), [(0.0, 1.0), (0.1, 1.0), (0.2, 0.75), (0.5, 0.0), (0.51, 0.0), (1, 0.0)]
)
def test_a_threshold_maps_to_the_share_that_reaches_it(threshold: float, strong_fraction: float) -> None:
    assert FIVE.strong_fraction(threshold) == pytest.approx(strong_fraction)


def test_a_score_that_many_questions_have_is_reached_by_all_of_them() -> None:
    known = ScoreQuantiles.of([0.2] * 9 + [0.8], source="questions")
    assert known.strong_fraction(0.2) == 1.0
    assert known.strong_fraction(0.8) == pytest.approx(0.0)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50), st.floats(0, 1), st.floats(0, 1))
def test_more_of_the_questions_never_need_a_higher_threshold(
    scores: list[float], one: float, other: float
) -> None:
    known = ScoreQuantiles.of(scores, source="questions")
    fewer, more = sorted((one, other))
    assert known.threshold(more) <= known.threshold(fewer)
    assert known.strong_fraction(more) <= known.strong_fraction(fewer)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=50))
def test_what_is_saved_is_read_back(scores: list[float]) -> None:
    known = ScoreQuantiles.of(scores, source="questions")
    assert ScoreQuantiles.from_settings(json.loads(json.dumps(known.as_settings()))) == known


@pytest.mark.parametrize("scores", [[], [float("nan")], [1.5], [0.5, -0.1]])
def test_what_are_no_win_probabilities_have_no_quantiles(scores: list[float]) -> None:
    with pytest.raises(InvalidInputError, match=r"quantiles need win probabilities in \[0, 1\]"):
        ScoreQuantiles.of(scores, source="questions")


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan"), 50, True, "0.5", None])
def test_a_share_outside_its_rule_is_refused(share: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"strong_fraction must be a number in \[0, 1\]"):
        FIVE.threshold(share)


GOOD: dict[str, Any] = {"values": [0.5] * 101, "n_queries": 3, "source": "questions"}


@pytest.mark.parametrize(
    "settings",
    [
        None,
        [],
        {},
        {**GOOD, "more": 1},
        {**GOOD, "values": [0.5] * 100},
        {**GOOD, "values": [0.6, *[0.5] * 100]},
        {**GOOD, "values": [True, *[1] * 100]},
        {**GOOD, "values": [*[0.5] * 100, 1.5]},
        {**GOOD, "values": "0" * 101},
        {**GOOD, "n_queries": 0},
        {**GOOD, "n_queries": 2.0},
        {**GOOD, "source": 7},
        {**GOOD, "source": "\x1b[2J"},
        {**GOOD, "source": "x" * 501},
    ],
    ids=str,
)
def test_settings_that_hold_no_quantiles_are_refused(settings: Any) -> None:
    with pytest.raises(ArtifactSchemaError, match="score_quantiles must be 101 rising numbers"):
        ScoreQuantiles.from_settings(settings)
    assert ScoreQuantiles.from_settings(GOOD).threshold(0.5) == 0.5
