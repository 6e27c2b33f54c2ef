"""A router that reads no conversation decides the same whether or not a request brings one."""

import asyncio

import pytest

from shared_router import RoutingPolicy, RoutingRequest
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

TALKS = [
    [("user", "What is 2+2?")],
    [("user", "What is 2+2?"), ("assistant", "4"), ("user", "why?")],
    [("system", "Be brief."), ("user", "Prove it."), ("assistant", "So."), ("user", "Name a prime.")],
]
QUESTIONS = ["What is 2+2?", "What is 2+2?\nwhy?", "Name a prime."]


@pytest.mark.parametrize(
    "router", [RandomRouter(), FixedRouter(dict(zip(QUESTIONS, (0.2, 0.4, 0.9), strict=True)))]
)
def test_a_conversation_scores_as_its_question_one_by_one_at_once_and_off_the_loop(
    router: RandomRouter | FixedRouter,
) -> None:
    policy = RoutingPolicy(router, threshold=0.5)
    expected = policy.decide_many(QUESTIONS)
    asked: list[RoutingRequest | str | None] = [
        RoutingRequest(question, messages=talk) for question, talk in zip(QUESTIONS, TALKS, strict=True)
    ]
    assert policy.decide_many(asked) == expected
    assert [policy.decide(each) for each in asked] == expected
    assert asyncio.run(policy.adecide_many(asked)) == expected
    assert [router.win_probability_of(talk) for talk in TALKS] == [each.win_probability for each in expected]
