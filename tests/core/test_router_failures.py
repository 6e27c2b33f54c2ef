"""policy.py where a router fails: who pays, what is warned, what is raised."""

import asyncio
import warnings
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
import pytest

from shared_router import (
    Router,
    RouterFallbackWarning,
    RouterOutputError,
    RoutingPolicy,
)
from shared_router.testing import FixedRouter


class Misbehaving(Router):
    """Return what it is told for a batch; its batches of one are right unless the query is "bad"."""

    name = "misbehaving"

    def __init__(self, output: Any) -> None:
        self.output = output
        self.asked: list[int] = []

    def win_probability(self, queries: Sequence[str]) -> Any:
        self.asked.append(len(queries))
        if "bad" not in queries:
            return np.full(len(queries), 0.1)
        if isinstance(self.output, Exception):
            raise self.output
        return self.output


MISTAKES: list[Any] = [
    [float("nan")],
    [float("inf")],
    [-0.1],
    [1.1],
    [0.1, 0.2],
    [[0.1]],
    [],
    0.1,
    ["high"],
    [None],
    None,
    ValueError("the prompt: secret"),
    StopIteration(),
]


@pytest.mark.parametrize("mistake", MISTAKES, ids=repr)
@pytest.mark.parametrize("rule", ["strong", "weak"])
def test_a_failing_router_sends_the_request_at_fault_where_the_policy_says(
    mistake: Any, rule: Literal["strong", "weak"]
) -> None:
    policy = RoutingPolicy(Misbehaving(mistake), on_router_error=rule)
    with pytest.warns(RouterFallbackWarning, match=f"go {rule}"):
        decision = policy.decide("bad")
    assert decision.model == rule
    assert decision.reason.startswith("router_error:")
    assert decision.win_probability is None


@pytest.mark.parametrize("mistake", MISTAKES, ids=repr)
def test_only_the_request_at_fault_pays(mistake: Any) -> None:
    """Three queries fail as a batch, are asked one by one, and only the one in the middle fails."""
    router = Misbehaving(mistake)
    with pytest.warns(RouterFallbackWarning):
        decisions = RoutingPolicy(router).decide_many(["a", "bad", "c"])
    assert [decision.model for decision in decisions] == ["weak", "strong", "weak"]
    assert [decision.win_probability for decision in decisions] == [0.1, None, 0.1]
    assert router.asked == [3, 1, 1, 1]


def test_a_failing_router_warns_once_and_never_with_the_prompt() -> None:
    policy = RoutingPolicy(Misbehaving(ValueError("the prompt: secret")))
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        policy.decide_many(["bad", "bad"])
        policy.decide("bad")
    assert len(caught) == 1
    assert "secret" not in str(caught[0].message)


@pytest.mark.parametrize(
    ("mistake", "error"),
    [([float("nan")], RouterOutputError), (KeyError("mine"), KeyError), (StopIteration(), RouterOutputError)],
)
async def test_a_failing_router_raises_where_the_policy_says_raise(
    mistake: Any, error: type[Exception]
) -> None:
    policy = RoutingPolicy(Misbehaving(mistake), on_router_error="raise")
    with pytest.raises(error):
        policy.decide("bad")
    with pytest.raises(error):
        await asyncio.wait_for(policy.adecide("bad"), timeout=60)


def test_an_interruption_is_no_failure_of_the_router() -> None:
    def interrupt(query: str) -> float:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RoutingPolicy(FixedRouter(interrupt)).decide("x")
