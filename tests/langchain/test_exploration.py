"""A share by lot, through the routed things of LangChain."""

from collections.abc import Callable
from typing import Any

import pytest
from langchain_core.language_models import FakeListChatModel
from langchain_core.runnables import ConfigurableField

from langchain_routellm import RoutedChatModel, RoutedRunnable, RouteLLMMiddleware, RouteLLMRouter
from shared_router import Exploration, InvalidInputError, RoutingPolicy
from shared_router.testing import FixedRouter

STRONG, WEAK = FakeListChatModel(responses=["strong"]), FakeListChatModel(responses=["weak"])
RULES: dict[str, Any] = {"router": FixedRouter(0.9), "threshold": 0.5}
MADE: list[Callable[..., Any]] = [
    lambda **rules: RoutedChatModel(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RoutedRunnable(strong=STRONG, weak=WEAK, **rules),
    lambda **rules: RouteLLMRouter(**rules),
    lambda **rules: RouteLLMMiddleware(strong=STRONG, weak=WEAK, **rules),
]


@pytest.mark.parametrize("make", MADE)
def test_a_share_is_drawn_by_lot_where_it_is_asked_for(make: Callable[..., Any]) -> None:
    policy = make(**RULES, explore=0.05, explore_seed=1).policy
    assert {each.propensity for each in policy.decide_many(["x"] * 2000)} == {0.975, 0.025}
    assert make(**RULES).policy.decide("x").propensity is None
    with pytest.raises(InvalidInputError, match=r"explore must be a share in \[0, 0.05\]"):
        make(**RULES, explore=0.5)
    with pytest.raises(InvalidInputError, match="must come without .*explore.*, got one beside it"):
        make(policy=RoutingPolicy(**RULES), explore=0.02)


def test_an_answer_says_how_likely_its_model_was() -> None:
    model = RoutedChatModel(strong=STRONG, weak=WEAK, **RULES, explore=0.05, explore_seed=1)
    told = [model.invoke("x").response_metadata["routellm"] for _ in range(200)]
    assert {(each["model"], each["propensity"]) for each in told} == {("strong", 0.975), ("weak", 0.025)}
    assert {each["reason"] for each in told} == {"score", "explore"}


def test_copies_of_a_model_draw_on_and_do_not_begin_anew() -> None:
    """With the first lot of a seed drawn at every call, all 400 calls would be alike."""
    model = RoutedChatModel(strong=STRONG, weak=WEAK, **RULES, explore=0.05, explore_seed=1)
    fields: Any = model.configurable_fields(threshold=ConfigurableField(id="t"))
    told = [fields.invoke("x", {"configurable": {"t": 0.4}}) for _ in range(400)]
    assert {each.content for each in told} == {"strong", "weak"}


def test_a_share_may_be_assigned() -> None:
    model = RoutedChatModel(strong=STRONG, weak=WEAK, **RULES)
    model.explore = Exploration(0.05, seed=1)
    assert model.policy.decide("x").propensity in (0.975, 0.025)
