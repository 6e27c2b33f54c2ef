"""A threshold that moves and a monitor, through a routed LLM."""

import copy
import json
import pickle
from typing import Any

import pytest
from llama_index.core.llms import MockLLM

from llamaindex_routellm import RoutedLLM
from shared_router import AdaptiveThreshold, DriftMonitor, RoutingPolicy, tenant_scope
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter


def routed(**rules: Any) -> RoutedLLM:
    return RoutedLLM(strong=MockLLM(), weak=MockLLM(), **rules)


def test_a_moving_threshold_is_given_where_a_threshold_is() -> None:
    """A random router's scores are uniform, so a share of 0.3 begins at 0.7."""
    threshold = AdaptiveThreshold(strong_fraction=0.3)
    llm = routed(router=RandomRouter(), threshold=threshold)
    assert llm.threshold == pytest.approx(0.7)
    llm.complete("x")
    copy.deepcopy(llm).complete("y")
    assert threshold.state.n == 2
    moves = pickle.loads(pickle.dumps(llm))
    assert moves.policy.moves


def test_a_question_keeps_its_model_while_the_threshold_moves() -> None:
    """Score 0.5 goes strong at first; each new strong answer raises the threshold past it."""
    threshold = AdaptiveThreshold(strong_fraction=0.5, step=0.5)
    llm = routed(router=FixedRouter(lambda query: 0.5 if query == "first" else 0.9), threshold=threshold)
    first = llm.complete("first").additional_kwargs["routellm"]["model"]
    for i in range(5):
        llm.complete(f"other {i}")
        assert llm.complete("first").additional_kwargs["routellm"]["model"] == first
    assert threshold.state.n == 6


async def test_the_block_around_says_whose_calls_they_are() -> None:
    monitor = DriftMonitor()
    llm = routed(policy=RoutingPolicy(RandomRouter(), monitor=monitor))
    with tenant_scope("acme"):
        llm.complete("x")
    with tenant_scope("other"):
        await llm.acomplete("y")
    assert set(monitor._tenants) == {"acme", "other"}


def test_a_description_of_a_moving_threshold_is_json() -> None:
    llm = routed(router=RandomRouter(), threshold=AdaptiveThreshold(strong_fraction=0.3))
    assert json.loads(llm.to_json())["threshold"] == pytest.approx(0.7)
