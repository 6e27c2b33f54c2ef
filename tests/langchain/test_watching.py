"""A threshold that moves and a monitor, through every routed thing of LangChain."""

import copy
import warnings
from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import ConfigurableField

from langchain_routellm import RoutedChatModel, RoutedRunnable, RouteLLMMiddleware, RouteLLMRouter
from shared_router import (
    AdaptiveThreshold,
    DriftMonitor,
    InvalidInputError,
    RoutingPolicy,
    UnknownNameError,
    tenant_scope,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

STRONG, WEAK = FakeListChatModel(responses=["strong"]), FakeListChatModel(responses=["weak"])
MADE: list[Callable[..., Any]] = [
    lambda **rules: RoutedChatModel(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RoutedRunnable(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RouteLLMRouter(**rules),
    lambda **rules: RouteLLMMiddleware(strong=STRONG, weak=WEAK, **rules),
]


@pytest.mark.parametrize("make", MADE)
def test_a_moving_threshold_is_given_where_a_threshold_is(make: Callable[..., Any]) -> None:
    """A random router's scores are uniform, so a share of 0.3 begins at 0.7."""
    threshold = AdaptiveThreshold(strong_fraction=0.3)
    routed = make(router=RandomRouter(), threshold=threshold)
    assert routed.policy.threshold == pytest.approx(0.7)
    routed.policy.decide("x")
    assert threshold.state.n == 1
    with pytest.raises(InvalidInputError, match="a threshold or a strong_fraction, got both"):
        make(router=RandomRouter(), threshold=threshold, strong_fraction=0.3)


def test_copies_of_a_model_move_one_threshold() -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.3)
    model = RoutedChatModel(strong=STRONG, weak=WEAK, router=RandomRouter(), threshold=threshold)
    fields: Any = model.configurable_fields(strong=ConfigurableField(id="s"))
    for each in (model, model.with_config(tags=["x"]), copy.copy(model), model.model_copy(), fields):
        each.invoke("x")
    assert threshold.state.n == 5


def test_a_model_with_a_moving_threshold_is_dumped_without_a_warning() -> None:
    model = RoutedChatModel(
        strong=STRONG, weak=WEAK, router=RandomRouter(), threshold=AdaptiveThreshold(strong_fraction=0.3)
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert "AdaptiveThreshold" in str(model.model_dump()["threshold"])
        assert model.config_specs


def tenants_of(monitor: DriftMonitor) -> set[str]:
    return set(monitor._tenants)


@pytest.mark.parametrize(
    "config",
    [
        {"configurable": {"routellm_tenant": "acme"}},
        {"metadata": {"tenant": "acme"}},
        {"metadata": {"routellm_tenant": "acme"}},
        {"configurable": {"routellm_tenant": "acme"}, "metadata": {"tenant": "other"}},
        {"configurable": {"routellm_tenant": 7}},
        {"metadata": {"tenant": 7}},
        {"configurable": {"routellm_tenant": 0}, "metadata": {"tenant": "other"}},
    ],
    ids=str,
)
@pytest.mark.parametrize("make", MADE[:3])
async def test_a_calls_config_says_whose_it_is(make: Callable[..., Any], config: Any) -> None:
    for ask in ("invoke", "ainvoke", "batch", "abatch"):
        monitor = DriftMonitor()
        routed = make(policy=RoutingPolicy(RandomRouter(), monitor=monitor))
        asked = getattr(routed, ask)(["x"] if "batch" in ask else "x", config)
        if ask.startswith("a"):
            await asked
        given = {**config.get("metadata", {}), **config.get("configurable", {})}
        assert tenants_of(monitor) == {str(given.get("routellm_tenant", given.get("tenant")))}


def test_the_block_around_says_whose_calls_are_that_say_nothing() -> None:
    monitor = DriftMonitor()
    model = RoutedChatModel(strong=STRONG, weak=WEAK, policy=RoutingPolicy(RandomRouter(), monitor=monitor))
    with tenant_scope("acme"):
        model.invoke("x")
        for other in ({"id": 3}, "", True, "x" * 201):
            model.invoke("x", {"metadata": {"tenant": other}})  # somebody else's key
    assert tenants_of(monitor) == {"acme"}
    with pytest.raises(UnknownNameError, match="routellm_tenant"):
        model.invoke("x", {"configurable": {"routellm_tennant": "acme"}})
    with pytest.raises(InvalidInputError, match="tenant must be a name"):
        model.invoke("x", {"configurable": {"routellm_tenant": "x" * 201}})


def test_a_tenant_that_turns_all_strong_is_told_of() -> None:
    monitor = DriftMonitor()
    router = FixedRouter(lambda query: 0.9 if "gadget" in query else 0.4)
    router.score_quantiles_ = RandomRouter().score_quantiles_
    policy = RoutingPolicy(router, threshold=0.5, monitor=monitor)
    model = RoutedChatModel(strong=STRONG, weak=WEAK, policy=policy)
    for _ in range(25):
        model.invoke("gadget: what is 2+2?", {"metadata": {"tenant": "mallory"}})
        model.invoke("what is 2+2?", {"metadata": {"tenant": "alice"}})
    assert [alarm.tenant for alarm in monitor.alarms if alarm.kind == "tenant"] == ["mallory"]
