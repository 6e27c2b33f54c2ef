import pytest

from shared_router import (
    Cascade,
    PlanCall,
    PlanRequest,
    Route,
    RouteThenCascade,
    RoutingPolicy,
    RoutingRequest,
    WeakFirst,
    plan_decision,
)
from shared_router.errors import InvalidInputError
from shared_router.testing import FixedRouter, check_router
from tests.plans.scripted import answer, scoring, walk


def _plan(*, router_threshold: float = 0.5) -> RouteThenCascade:
    router = FixedRouter({"hard": 0.9, "easy": 0.1})
    return RouteThenCascade(RoutingPolicy(router, threshold=router_threshold), Cascade(scoring(0.2)))


async def test_a_question_that_the_router_sends_strong_skips_the_weak_call() -> None:
    plan, answers = _plan(), {"weak": [answer("weak")], "strong": [answer("strong")]}
    for request, models in (("hard", ["strong"]), ("easy", ["weak", "strong"])):
        for begun in (plan.decided(request), await plan.adecided(RoutingRequest(request))):
            use, _ = walk(plan.cascade, answers, begun)
            assert [call.model for call in use.calls] == models


def test_a_weak_answer_that_was_drawn_by_lot_is_judged_as_any_other() -> None:
    """By the score all go strong; one in forty is drawn weak, whose answer, scored 0.2, will not do."""
    policy = RoutingPolicy(FixedRouter(0.9), threshold=0.5, explore=0.05, explore_seed=1)
    plan = RouteThenCascade(policy, Cascade(scoring(0.2)))
    asked = set()
    for _ in range(200):
        begun = plan.decided("hard")
        use, _ = walk(plan.cascade, {"weak": [answer("weak")], "strong": [answer("strong")]}, begun)
        assert begun.decision is not None
        asked.add((begun.decision.model, tuple(call.model for call in use.calls)))
    assert asked == {("strong", ("strong",)), ("weak", ("weak", "strong"))}


def test_each_threshold_is_of_its_own_stage() -> None:
    """The request's own threshold is the cascade's: 1 - .2 < .9, so that the weak answer will do."""
    begun = _plan().decided(RoutingRequest("hard", threshold=0.9))
    assert begun.decision is not None
    assert (begun.decision.model, begun.decision.threshold, begun.threshold) == ("strong", 0.5, 0.9)
    begun = _plan(router_threshold=0.95).decided(RoutingRequest("hard", threshold=0.9))
    use, _ = walk(_plan().cascade, {"weak": [answer("weak")], "strong": []}, begun)
    assert use.answer.model == "weak"


def test_what_it_came_to_names_both_thresholds_and_every_call() -> None:
    plan = _plan()
    begun = plan.decided("easy")
    use, _ = walk(
        plan.cascade,
        {"weak": [answer("weak", dollars=0.01)], "strong": [answer("strong", dollars=0.2)]},
        begun,
    )
    found = plan_decision(plan.cascade, begun, model=use.answer.model, reason=use.reason, calls=use.calls)
    assert found.as_metadata() == {
        "model": "strong",
        "reason": "escalated:score",
        "threshold": 0.5,
        "scorer": "Check(scorer)",
        "router": "fixed",
        "router_threshold": 0.5,
        "win_probability": 0.1,
        "dollars": pytest.approx(0.21),
        "calls": [
            {"model": "weak", "score": 0.2, "dollars": 0.01},
            {"model": "strong", "score": None, "dollars": 0.2},
        ],
    }


def test_dollars_are_left_out_where_one_calls_are_not_known() -> None:
    plan = _plan()
    calls = (PlanCall("weak", 0.2, 0.01), PlanCall("strong"))
    found = plan_decision(plan.cascade, PlanRequest("q"), model="strong", reason="score", calls=calls)
    assert found.dollars is None
    assert "router" not in found.as_metadata()
    assert "dollars" not in found.as_metadata()


def test_a_router_that_stands_for_none_is_a_router_and_is_not_named() -> None:
    check_router(WeakFirst())
    plan = RouteThenCascade(RoutingPolicy(WeakFirst(), threshold=1.0), Cascade(scoring(1.0)))
    begun = plan.decided("q")
    found = plan_decision(plan.cascade, begun, model="weak", reason="score", calls=())
    assert begun.decision is not None
    assert begun.decision.model == "weak"
    assert (found.router, found.router_threshold, found.win_probability) == (None, None, None)


def test_a_route_must_be_decided() -> None:
    with pytest.raises(InvalidInputError, match="must be given a decision"):
        next(Route().steps(PlanRequest("q")))


def test_the_rules_show() -> None:
    assert repr(_plan()) == (
        "RouteThenCascade(RoutingPolicy('fixed', threshold=0.5), Cascade(Check(scorer), threshold=0.5))"
    )
