"""A share by lot, through LlamaIndex: one lot a question, whose calls stay together."""

import pickle
from typing import Any

import pytest
from llama_index.core.llms import MockLLM

from llamaindex_routellm import RoutedLLM
from shared_router import InvalidInputError, RoutingPolicy
from shared_router.testing import FixedRouter

RULES: dict[str, Any] = {"router": FixedRouter(0.9), "threshold": 0.5}


def routed(**rules: Any) -> RoutedLLM:
    return RoutedLLM(strong=MockLLM(), weak=MockLLM(), **{**RULES, **rules})


def told(llm: RoutedLLM, question: str) -> tuple[str, float | None]:
    with llm.capture() as decisions:
        llm.complete(question)
    return decisions[-1].model, decisions[-1].propensity


def test_a_share_is_drawn_by_lot_where_it_is_asked_for() -> None:
    llm = routed(explore=0.05, explore_seed=1)
    assert {told(llm, f"question {i}") for i in range(200)} == {("strong", 0.975), ("weak", 0.025)}
    assert told(routed(), "question") == ("strong", None)


def test_the_calls_of_one_question_have_one_lot() -> None:
    llm = routed(explore=0.05, explore_seed=1)
    first = {f"question {i}": told(llm, f"question {i}") for i in range(100)}
    assert "weak" in {model for model, _ in first.values()}
    assert {question: told(llm, question) for question in first} == first


def test_a_share_stands_in_the_policy_where_one_is_given() -> None:
    with pytest.raises(InvalidInputError, match="explore must be left to the policy"):
        RoutedLLM(strong=MockLLM(), weak=MockLLM(), policy=RoutingPolicy(**RULES), explore=0.02)
    with pytest.raises(InvalidInputError, match=r"explore must be a share in \[0, 0.05\]"):
        routed(explore=0.5)


def test_what_is_drawn_survives_a_pickle_and_another_setting() -> None:
    llm = routed(router=None, threshold=None, explore=0.05, explore_seed=1)
    assert repr(pickle.loads(pickle.dumps(llm)).policy.explore) == repr(llm.policy.explore)
    before = llm.policy.explore
    llm.cache_size = 0
    assert llm.policy.explore is before
