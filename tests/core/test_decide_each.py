"""`RoutingPolicy.decide_each`: one bad request in a batch takes nobody else's answer."""

import pytest

from shared_router import (
    CapabilityError,
    InvalidInputError,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    UnknownNameError,
)
from shared_router.testing import FixedRouter


def _fail_on_bad(query: str) -> float:
    if query == "bad":
        raise RuntimeError("no score")
    return 0.9


def test_decide_each_puts_an_error_in_the_place_of_its_request() -> None:
    policy = RoutingPolicy(FixedRouter(_fail_on_bad), threshold=0.5, on_router_error="raise")
    outcomes = policy.decide_each(
        [
            "good",
            RoutingRequest("good", route="nobody"),
            RoutingRequest("good", threshold=2.0),
            RoutingRequest("good", candidates=(), needs="tools"),
            "bad",
            "good",
        ]
    )
    assert [type(outcome) for outcome in outcomes] == [
        RoutingDecision,
        UnknownNameError,
        InvalidInputError,
        CapabilityError,
        RuntimeError,
        RoutingDecision,
    ]


def test_decide_many_raises_the_first_of_those_errors() -> None:
    policy = RoutingPolicy(FixedRouter(_fail_on_bad), threshold=0.5, on_router_error="raise")
    with pytest.raises(UnknownNameError, match="route must be one of"):
        policy.decide_many(["good", RoutingRequest("good", route="nobody"), "bad"])
    with pytest.raises(RuntimeError, match="no score"):
        policy.decide_many(["good", "bad"])


async def test_adecide_each_equals_decide_each_also_for_a_router_that_blocks() -> None:
    router = FixedRouter({"hard": 0.9})
    router.blocking = True
    policy = RoutingPolicy(router, threshold=0.5)
    assert await policy.adecide_each(["hard", "easy"]) == policy.decide_each(["hard", "easy"])


def test_a_capability_error_is_the_one_that_callers_of_a_model_expect() -> None:
    with pytest.raises(NotImplementedError, match="strong and weak cannot: tools"):
        RoutingPolicy(FixedRouter(0.5)).decide(RoutingRequest("hi", candidates=(), needs="tools"))
