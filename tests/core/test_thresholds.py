"""thresholds.py through the policy: what a threshold means the moment a router exists."""

import asyncio
import warnings
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
    ThresholdRangeWarning,
    load_router,
)
from shared_router.calibration import for_strong_fraction
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter


def known(scores: list[float]) -> FixedRouter:
    router = FixedRouter(0.25)
    router.score_quantiles_ = ScoreQuantiles.of(scores, source="questions")
    return router


def test_the_default_threshold_sends_half_of_the_known_questions_strong() -> None:
    """The median of 0.1, 0.2, 0.3 and 0.4 is 0.25; 0.3 and 0.4 reach it."""
    assert RoutingPolicy(known([0.1, 0.2, 0.3, 0.4])).threshold == pytest.approx(0.25)


def test_a_router_that_is_fitted_after_its_policy_was_made_has_its_own_threshold_then() -> None:
    router = FixedRouter(0.25)
    policy = RoutingPolicy(router)
    assert policy.threshold == 0.5
    router.score_quantiles_ = ScoreQuantiles.of([0.2], source="questions")
    assert policy.threshold == 0.2


def test_a_share_of_the_known_questions_is_a_threshold() -> None:
    policy = RoutingPolicy(known([0.1, 0.2, 0.3, 0.4, 0.5]), strong_fraction=0.25)
    assert policy.threshold == pytest.approx(0.4)
    assert policy.decide("x").model == "weak"


def test_a_saved_routers_threshold_is_known_without_loading_it(tmp_path: Path) -> None:
    """A random router's scores are uniform, so a threshold of 0.9 sends a tenth strong."""
    RandomRouter().save(tmp_path)
    assert RoutingPolicy(str(tmp_path)).threshold == 0.5
    assert RoutingPolicy(tmp_path, strong_fraction=0.1).threshold == pytest.approx(0.9)


def test_a_saved_router_keeps_its_quantiles(tmp_path: Path) -> None:
    router = RandomRouter()
    router.score_quantiles_ = ScoreQuantiles.of([0.1, 0.3], source="mine")
    router.save(tmp_path)
    assert load_router(tmp_path).score_quantiles_ == router.score_quantiles_


def test_a_share_needs_quantiles() -> None:
    with pytest.raises(InvalidInputError, match="strong_fraction needs a router whose score_quantiles_"):
        RoutingPolicy(FixedRouter(0.5), strong_fraction=0.5)


def test_a_threshold_and_a_share_exclude_one_another() -> None:
    with pytest.raises(InvalidInputError, match="a threshold or a strong_fraction, got both"):
        RoutingPolicy(known([0.5]), threshold=0.5, strong_fraction=0.5)


@pytest.mark.parametrize("share", [-0.1, 1.1, 50, True, "0.5"])
def test_a_share_outside_its_rule_is_refused(share: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"strong_fraction must be a number in \[0, 1\]"):
        RoutingPolicy(known([0.5]), strong_fraction=share)


@pytest.mark.parametrize(("threshold", "share"), [(0.5, "0.00"), (0.05, "1.00")])
def test_a_threshold_outside_what_the_router_gives_is_warned_of_with_the_range_and_the_share(
    threshold: float, share: str
) -> None:
    with pytest.warns(
        ThresholdRangeWarning,
        match=rf"gives, 0.103 to 0.397 on 4 questions: of such questions it sends a share of {share} "
        "strong; 0.25 sends half",
    ):
        RoutingPolicy(known([0.1, 0.2, 0.3, 0.4]), threshold=threshold)


@pytest.mark.parametrize("threshold", [0, 0.0, 0.11, 0.25, 0.39, 1, 1.0])
def test_a_threshold_inside_and_one_that_says_all_or_none_are_not(threshold: float) -> None:
    RoutingPolicy(known([0.1, 0.2, 0.3, 0.4]), threshold=threshold).decide("x")


def test_one_odd_score_of_thousands_is_no_range() -> None:
    """999 scores of 0.1 ... 0.2 and one of 0.9: 0.5 sends one of a thousand strong."""
    scores = [0.1 + 0.1 * i / 998 for i in range(999)] + [0.9]
    with pytest.warns(ThresholdRangeWarning, match="a share of 0.01 strong"):
        RoutingPolicy(known(scores), threshold=0.5)


def test_a_requests_own_threshold_is_warned_of_too_and_once_for_a_policy() -> None:
    policy = RoutingPolicy(known([0.1, 0.2, 0.3, 0.4]))
    with pytest.warns(ThresholdRangeWarning, match="threshold 0.9"):
        assert policy.decide(RoutingRequest("x", threshold=0.9)).model == "weak"
    policy.decide(RoutingRequest("x", threshold=0.8))
    policy.threshold = 0.7


def test_a_threshold_that_is_set_later_is_warned_of() -> None:
    policy = RoutingPolicy(known([0.1, 0.2, 0.3, 0.4]))
    with pytest.warns(ThresholdRangeWarning, match="threshold 0.7"):
        policy.threshold = 0.7
    assert policy.threshold == 0.7


def test_a_policy_made_in_an_event_loop_warns_when_its_router_is_there(tmp_path: Path) -> None:
    router = RandomRouter()
    router.score_quantiles_ = ScoreQuantiles.of([0.1, 0.3], source="mine")
    router.save(tmp_path)

    async def decide() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            policy = RoutingPolicy(str(tmp_path), threshold=0.9)
        with pytest.warns(ThresholdRangeWarning, match="0.102 to 0.298 on 2 mine"):
            await policy.adecide("x")

    asyncio.run(decide())


def test_a_repr_says_how_many_reach_the_threshold() -> None:
    assert repr(known([0.1, 0.2, 0.3, 0.4])) == (
        "FixedRouter(threshold=0.25 for half of 4 questions, scores 0.1 to 0.4)"
    )
    assert repr(FixedRouter(0.5)) == "FixedRouter()"


def test_a_threshold_that_was_chosen_on_ones_own_prompts_is_not_warned_of() -> None:
    """Their scores are others than the router's known ones, and the choice says which share goes strong."""
    choice = for_strong_fraction(scores=[0.8, 0.85, 0.95, 1.0], strong_fraction=0.5)
    policy = RoutingPolicy(known([0.1, 0.2, 0.3, 0.4]), threshold=choice)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert policy.decide("0").threshold == pytest.approx(0.9)
