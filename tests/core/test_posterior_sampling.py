"""posterior_sampling.py: what is drawn is what the router believes, and the propensity is exact."""

import math
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    IgnoredArgumentWarning,
    InvalidInputError,
    PosteriorSampling,
    Router,
    RoutingPolicy,
    RoutingRequest,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter


class Unsure(Router):
    """Score 0.6, give or take a spread."""

    blocking = False

    def __init__(self, spread: float = 0.1) -> None:
        self.width = spread

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(queries), 0.6)

    def spread(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(queries), self.width)


def policy(spread: float = 0.1, **given: Any) -> RoutingPolicy:
    return RoutingPolicy(Unsure(spread), threshold=0.5, explore=PosteriorSampling(seed=1, **given))


def test_the_model_is_drawn_as_a_normal_belief_would_draw_it() -> None:
    """(0.6 - 0.5) / 0.1 is one deviation: Phi(1) = 0.8413 strong, and 0.1587 weak of 10,000, +- 37."""
    decided = policy().decide_many(["x"] * 10_000)
    counted = Counter((each.model, each.reason, round(each.propensity or 0, 4)) for each in decided)
    assert set(counted) == {("strong", "score", 0.8413), ("weak", "explore", 0.1587)}
    assert abs(counted["weak", "explore", 0.1587] - 1587) < 4 * 37


def test_a_scale_widens_or_narrows_what_is_drawn() -> None:
    """Phi(0.1 / (0.1 * 2)) = Phi(0.5) = 0.6915."""
    drawn = {each.model: each.propensity for each in policy(scale=2).decide_many(["x"] * 100)}
    assert drawn == pytest.approx({"strong": 0.6915, "weak": 0.3085}, abs=1e-4)


@pytest.mark.parametrize(
    ("spread", "least", "keeps"), [(0.001, 0.01, 0.99), (0.001, 0, 1.0), (0.0, 0.05, 0.95)]
)
def test_a_model_has_the_least_probability_at_least(spread: float, least: float, keeps: float) -> None:
    decided = policy(spread, least=least).decide_many(["x"] * 500)
    assert {each.propensity for each in decided if each.model == "strong"} == {keeps}
    assert (1 - least < 1) == any(each.model == "weak" for each in decided)


def test_where_nothing_is_known_of_the_spread_the_score_decides() -> None:
    sampling = PosteriorSampling(seed=1, least=0.05)
    made = RoutingPolicy(FixedRouter(0.5), threshold=0.5, explore=sampling)
    with pytest.warns(IgnoredArgumentWarning, match="such as OnlineRouter, and fixed gives none"):
        decided = made.decide_many(["x"])
    decided += made.decide_many(["x"] * 200)  # and does not warn again
    assert {(each.model, each.propensity) for each in decided} == {("strong", None)}


@pytest.mark.parametrize(
    "request_",
    [
        RoutingRequest("x", route="strong"),
        RoutingRequest("x", sticky_to="strong"),
        RoutingRequest("x", candidates=("strong",), needs="tools"),
        RoutingRequest("x", threshold=0.5),
        RoutingRequest(None),
    ],
)
def test_nothing_is_drawn_against_a_rule(request_: RoutingRequest) -> None:
    decided = policy(0.9).decide_many([request_] * 200)
    assert {(each.model, each.propensity) for each in decided} == {("strong", None)}


def test_a_policy_file_holds_how_it_is_drawn(tmp_path: Path) -> None:
    sampling = PosteriorSampling(least=0.02, scale=0.5, seed=3)
    RoutingPolicy(RandomRouter(), explore=sampling).save(tmp_path / "policy.json")
    loaded = RoutingPolicy.load(tmp_path / "policy.json", router=RandomRouter())
    assert repr(loaded.explore) == "PosteriorSampling(least=0.02, scale=0.5, seed=3)"


@pytest.mark.parametrize("given", [{"least": 0.06}, {"least": True}, {"scale": 0}, {"scale": math.inf}])
def test_a_setting_outside_its_rule_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match="must be"):
        PosteriorSampling(**given)
