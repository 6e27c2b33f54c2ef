"""Routers that read a conversation: the policy asks them about it, and all others about its question."""

import asyncio
from collections.abc import Sequence
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import ContractError, PlainMessage, Router, RoutingPolicy, RoutingRequest
from shared_router.testing import FixedRouter, check_router

TALK = [("user", "What is 2+2?"), ("assistant", "4"), ("user", "why?")]
ONE = [("user", "What is 2+2?")]


class LongTalk(Router):
    """Say 1 for a conversation of three turns or more, else 0; for a question alone 0.25."""

    name: ClassVar[str] = "long_talk"
    blocking = False

    def __init__(self) -> None:
        self.given: list[list[PlainMessage]] = []

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.full(len(queries), 0.25)

    def win_probability_of(self, messages: Any) -> float:
        self.given.append(messages)
        return 1.0 if len(messages) >= 3 else 0.0


class Blocking(LongTalk):
    blocking = True


def test_by_default_a_conversation_has_the_win_probability_of_its_question() -> None:
    router = FixedRouter({"What is 2+2?\nwhy?": 0.75, "": 0.5})
    assert router.win_probability_of(TALK) == 0.75
    assert router.win_probability_of([("assistant", "Hello.")]) == 0.5


@pytest.mark.parametrize("router", [LongTalk(), Blocking()])
def test_a_policy_asks_a_router_that_reads_conversations_about_each_of_them(router: LongTalk) -> None:
    requests: list[RoutingRequest | str | None] = [
        RoutingRequest("What is 2+2?\nwhy?", messages=TALK),
        "What is 2+2?",
        RoutingRequest("What is 2+2?", messages=lambda: ONE),
    ]
    policy = RoutingPolicy(router, threshold=0.5)
    assert [each.win_probability for each in policy.decide_many(requests)] == [1.0, 0.25, 0.0]
    later = asyncio.run(policy.adecide_many(requests))
    assert [each.model for each in later] == ["strong", "weak", "weak"]
    assert policy.decide(requests[0]).win_probability == 1.0


def test_an_overriding_router_is_given_every_conversation_in_one_form() -> None:
    router = LongTalk()
    router.win_probability_of([{"role": "Human", "content": [{"type": "text", "text": "hi"}]}])
    assert router.given == [[{"role": "user", "content": "hi"}]]


def test_a_router_that_reads_no_conversation_costs_no_reading_of_one() -> None:
    def refuse() -> Any:
        raise AssertionError

    policy = RoutingPolicy(FixedRouter(0.75), threshold=0.5)
    assert policy.decide(RoutingRequest("why?", messages=refuse)).win_probability == 0.75
    assert not policy.reads_conversations
    assert RoutingPolicy(LongTalk()).reads_conversations


def test_one_conversation_that_a_router_fails_on_costs_the_others_nothing() -> None:
    class Fails(LongTalk):
        def win_probability_of(self, messages: Any) -> float:
            if messages[-1]["content"] == "bad":
                raise ValueError("secret")
            return 1.0

    policy = RoutingPolicy(Fails(), threshold=0.5, on_router_error="weak")
    asked = [RoutingRequest("a", messages=[("user", each)]) for each in ("good", "bad", "good")]
    with pytest.warns(match="failed with ValueError;"):
        decisions = policy.decide_many(asked)
    assert [each.model for each in decisions] == ["strong", "weak", "strong"]


def test_the_routers_check_reads_conversations_too() -> None:
    class Percent(LongTalk):
        def win_probability_of(self, messages: Any) -> float:
            return 50.0

    class Raises(LongTalk):
        def win_probability_of(self, messages: Any) -> float:
            return float(len(messages[0]["content"]) > 3)

    check_router(LongTalk())
    with pytest.raises(ContractError, match=r"asked about a conversation.*outside \[0, 1\]"):
        check_router(Percent())
    with pytest.raises(ContractError, match="asked about a conversation, a router must not raise"):
        check_router(Raises())
