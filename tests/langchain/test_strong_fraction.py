"""A share in place of a threshold, and a router that hangs, through every routed thing of LangChain."""

import threading
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from langchain_core.language_models import FakeListChatModel

from langchain_routellm import RoutedChatModel, RoutedRunnable, RouteLLMRouter
from shared_router import InvalidInputError, RouterFallbackWarning, RoutingPolicy
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

STRONG, WEAK = FakeListChatModel(responses=["strong"]), FakeListChatModel(responses=["weak"])
MADE: list[Callable[..., Any]] = [
    lambda **rules: RoutedChatModel(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RoutedRunnable(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RouteLLMRouter(**rules),
]


@pytest.mark.parametrize("make", MADE)
def test_a_share_is_a_threshold_by_the_routers_quantiles(make: Callable[..., Any]) -> None:
    """A random router's scores are uniform: 0.9 sends a tenth strong."""
    assert make(router=RandomRouter(), strong_fraction=0.1).policy.threshold == pytest.approx(0.9)


@pytest.mark.parametrize("make", MADE)
def test_a_share_stands_beside_no_threshold_and_no_policy(make: Callable[..., Any]) -> None:
    with pytest.raises(InvalidInputError, match="a threshold or a strong_fraction, got both"):
        make(router=RandomRouter(), strong_fraction=0.1, threshold=0.5)
    with pytest.raises(InvalidInputError, match="policy must come without"):
        make(policy=RoutingPolicy(RandomRouter()), strong_fraction=0.1)


def test_a_share_may_be_assigned() -> None:
    model = RoutedChatModel(strong=STRONG, weak=WEAK, router=RandomRouter())
    model.strong_fraction = 0.25
    assert model.policy.threshold == pytest.approx(0.75)


@pytest.fixture
def hanging() -> Iterator[FixedRouter]:
    go = threading.Event()
    router = FixedRouter(lambda query: float(np.float64(go.wait(60))))
    router.blocking = True
    yield router
    go.set()


@pytest.mark.parametrize("make", MADE)
async def test_a_router_that_hangs_is_waited_for_no_longer_than_it_may_take(
    make: Callable[..., Any], hanging: FixedRouter
) -> None:
    routed = make(router=hanging, router_timeout=0.05, on_router_error="weak")
    with pytest.warns(RouterFallbackWarning, match="hanging|fixed"):
        assert routed.policy.decide("x").reason == "router_error:RouterTimeoutError"
    assert (await routed.policy.adecide("x")).model == "weak"
