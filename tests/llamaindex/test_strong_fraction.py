"""A share in place of a threshold, and a router that hangs, through a routed LLM."""

import copy
import pickle
import threading

import pytest
from llama_index.core.llms import MockLLM

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, RouterFallbackWarning, RoutingPolicy
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter


def routed(**rules: object) -> RoutedLLM:
    return RoutedLLM(strong=MockLLM(), weak=MockLLM(), **rules)  # type: ignore[arg-type]


def test_a_share_is_a_threshold_by_the_routers_quantiles_and_survives_copies() -> None:
    """A random router's scores are uniform: 0.9 sends a tenth strong."""
    llm = routed(router=RandomRouter(), strong_fraction=0.1)
    for each in (llm, copy.deepcopy(llm), pickle.loads(pickle.dumps(llm))):
        assert each.threshold == pytest.approx(0.9)


def test_a_share_stands_beside_no_threshold_and_no_policy() -> None:
    with pytest.raises(InvalidInputError, match="a threshold or a strong_fraction, got both"):
        routed(router=RandomRouter(), strong_fraction=0.1, threshold=0.5)
    with pytest.raises(InvalidInputError, match="strong_fraction must be left to the policy"):
        routed(policy=RoutingPolicy(RandomRouter()), strong_fraction=0.1)


def test_a_router_that_hangs_is_waited_for_no_longer_than_it_may_take() -> None:
    go = threading.Event()
    router = FixedRouter(lambda query: float(go.wait(60)))
    router.blocking = True
    with pytest.warns(RouterFallbackWarning, match="router_timeout"):
        response = routed(router=router, router_timeout=0.05, on_router_error="weak").complete("x")
    go.set()
    assert response.additional_kwargs["routellm"]["reason"] == "router_error:RouterTimeoutError"
