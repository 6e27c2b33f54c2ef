"""policy.py, as adapters and users build on it: known scores, more models, what stickiness is called."""

import pytest

from shared_router import (
    InvalidInputError,
    RouterFallbackWarning,
    RoutingPolicy,
    RoutingRequest,
    UnknownNameError,
    check_sticky,
)
from shared_router.testing import FixedRouter


def test_a_score_that_is_known_is_compared_anew_and_the_router_is_not_asked() -> None:
    """0.4 >= 0.3 goes strong, 0.4 < 0.5 weak."""

    def refuse(query: str) -> float:
        raise AssertionError("the router was asked")

    policy = RoutingPolicy(FixedRouter(refuse), on_router_error="raise", threshold=0.5)
    decided = [
        policy.decide(RoutingRequest("x", threshold=threshold, win_probability=0.4))
        for threshold in (0.3, None)
    ]
    assert [(each.model, each.win_probability, each.reason) for each in decided] == [
        ("strong", 0.4, "score"),
        ("weak", 0.4, "score"),
    ]


@pytest.mark.parametrize("score", [-0.1, 1.1, float("nan")])
def test_a_known_score_outside_its_rule_is_refused(score: float) -> None:
    with pytest.raises(InvalidInputError, match=r"win_probability must be in \[0, 1\]"):
        RoutingPolicy(FixedRouter(0.5)).decide(RoutingRequest("x", win_probability=score))


class ThreeModels(RoutingPolicy):
    """Send the middle third of scores to a third model."""

    models = ("strong", "medium", "weak")

    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        model = self.models[min(int((1 - win_probability) * 3), 2)]
        return model if model in candidates else candidates[0]


@pytest.mark.parametrize(("query", "model"), [("hard", "strong"), ("fair", "medium"), ("easy", "weak")])
def test_a_policy_over_more_models_chooses_by_the_score(query: str, model: str) -> None:
    """(1 - 0.9) * 3 = 0.3, (1 - 0.5) * 3 = 1.5 and (1 - 0.1) * 3 = 2.7: thirds 0, 1 and 2."""
    policy = ThreeModels(FixedRouter({"hard": 0.9, "fair": 0.5, "easy": 0.1}))
    assert policy.decide(query).model == model
    assert policy.decide(RoutingRequest(query, route="medium")).model == "medium"


def test_a_rules_model_that_cannot_serve_the_request_leaves_it_to_the_best_that_can() -> None:
    candidates = ("medium", "weak")
    policy = ThreeModels(FixedRouter(float("nan")))
    assert policy.decide(RoutingRequest(None, candidates=candidates, needs="tools")).model == "medium"
    with pytest.warns(RouterFallbackWarning):
        assert policy.decide(RoutingRequest("x", candidates=candidates, needs="tools")).model == "medium"


@pytest.mark.parametrize("sticky", ["always", True, None, []])
def test_an_unknown_way_to_keep_a_conversation_is_refused(sticky: object) -> None:
    with pytest.raises(InvalidInputError, match="sticky must be one of"):
        check_sticky(sticky)


def test_a_model_that_cannot_serve_the_request_is_refused_as_a_choice() -> None:
    class Careless(RoutingPolicy):
        def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
            return "medium"

    with pytest.raises(
        InvalidInputError, match=r"choose must return one of \['strong', 'weak'\], got 'medium'"
    ):
        Careless(FixedRouter(0.5)).decide("x")


def test_models_that_the_policy_does_not_have_are_not_able() -> None:
    with pytest.raises(
        UnknownNameError, match=r"candidates must be among \['strong', 'weak'\], got \['medium'\]"
    ):
        RoutingPolicy(FixedRouter(0.5)).decide(RoutingRequest("x", candidates=("medium",)))


@pytest.mark.parametrize(("name", "model"), [("strong", "best"), ("weak", "cheap"), ("fair", "fair")])
def test_the_rules_take_any_models_name_and_the_tiers_for_the_best_and_the_last(
    name: str, model: str
) -> None:
    class Named(RoutingPolicy):
        models = ("best", "fair", "cheap")

    def fail(query: str) -> float:
        raise OSError("down")

    policy = Named(FixedRouter(fail), on_no_query=name, on_router_error=name)
    assert policy.decide(None).model == model
    with pytest.warns(RouterFallbackWarning, match=f"go {name}"):
        assert policy.decide("x").model == model


def test_a_rule_that_names_no_model_is_refused_with_those_there_are() -> None:
    with pytest.raises(
        InvalidInputError, match=r"on_no_query must be one of \['strong', 'weak'\], got 'fair'"
    ):
        RoutingPolicy(FixedRouter(0.5), on_no_query="fair")
