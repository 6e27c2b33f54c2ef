"""A guard through a routed LLM: in every way of asking, with questions remembered, beside a policy."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.llms import MockLLM
from openai import RateLimitError

from llamaindex_routellm import RoutedLLM
from shared_router import ConversationGuard, InvalidInputError, RoutingPolicy, VetoError
from shared_router.testing import FixedRouter
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex import faulty


def guard(question: str) -> str | Exception | None:
    if "forbidden" in question:
        return VetoError("not here")
    return "strong" if "risky" in question else None


def routed(**rules: Any) -> RoutedLLM:
    return RoutedLLM(
        **{"strong": MockLLM(), "weak": MockLLM(), "router": FixedRouter(0.1), "threshold": 0.5, **rules}
    )


def reason_of(response: Any) -> Any:
    decision = response.additional_kwargs["routellm"]
    return decision["model"], decision["reason"]


async def test_a_guards_word_counts_in_every_way_of_asking_however_often() -> None:
    llm = routed(guard=guard)
    message = [ChatMessage(content="risky")]
    for _ in range(2):
        streamed = [each async for each in await llm.astream_chat(message)]
        answers = [
            llm.complete("risky"),
            await llm.acomplete("risky"),
            llm.chat(message),
            await llm.achat(message),
            [*llm.stream_chat(message)][-1],
            streamed[-1],
        ]
        assert [reason_of(each) for each in answers] == [("strong", "guard")] * len(answers)
    assert reason_of(llm.complete("easy")) == ("weak", "score")


async def test_a_guard_refuses_a_call() -> None:
    llm = routed(guard=guard)
    with pytest.raises(VetoError, match="not here"):
        llm.complete("forbidden")
    with pytest.raises(VetoError, match="not here"):
        await llm.achat([ChatMessage(content="forbidden")])


@pytest.mark.parametrize("asynchronous", [False, True])
async def test_a_question_whose_score_is_remembered_is_guarded_again(asynchronous: bool) -> None:
    """The guard changes its mind between two calls of one question; its other word is the score's again."""
    verdicts: list[str | None] = [None, "strong", None]
    llm = routed(guard=lambda question: verdicts.pop(0))
    for expected in (("weak", "score"), ("strong", "guard"), ("weak", "score")):
        response = await llm.acomplete("x") if asynchronous else llm.complete("x")
        assert reason_of(response) == expected


def test_a_conversation_guard_reads_what_was_said_before() -> None:
    heard: list[Sequence[Any]] = []
    llm = routed(guard=ConversationGuard(lambda messages: heard.append(messages)))
    turns = [("user", "one"), ("assistant", "two"), ("user", "What is three and three?")]
    llm.chat([ChatMessage(role=role, content=text) for role, text in turns])
    assert [each.text for each in heard[0]] == [text for _, text in turns]


def test_a_guard_survives_copies_and_pickles_and_may_be_assigned() -> None:
    llm = routed()
    assert reason_of(llm.complete("risky")) == ("weak", "score")
    llm.guard = guard
    for each in (llm, copy.deepcopy(llm), pickle.loads(pickle.dumps(llm))):
        assert reason_of(each.complete("risky")) == ("strong", "guard")


def test_a_guard_is_given_to_a_policy_or_beside_its_file(tmp_path: Path) -> None:
    bare = {"router": None, "threshold": None}
    policy = RoutingPolicy(FixedRouter(0.1), guard=guard)
    assert reason_of(routed(**bare, policy=policy).complete("risky")) == ("strong", "guard")
    with pytest.raises(InvalidInputError, match="guard must be left to the policy"):
        routed(**bare, policy=policy, guard=guard)
    RoutingPolicy(guard=guard).save(tmp_path / "policy.json")
    with pytest.raises(InvalidInputError, match="saved with a guard must be given one"):
        routed(**bare, policy=tmp_path / "policy.json")
    llm = routed(**bare, policy=tmp_path / "policy.json", guard=guard)
    assert reason_of(llm.complete("risky")) == ("strong", "guard")


@pytest.mark.parametrize("streams", [False, True])
def test_no_fallback_asks_another_model_than_the_guards(streams: bool) -> None:
    """The strong model is limited, and would be the weak one's turn were it not for the guard."""
    with FaultServer() as server:
        llm = faulty.routed(server, guard=lambda question: "strong")
        server.plan.script("strong", [Fault("429")])
        with pytest.raises(RateLimitError):
            list(llm.stream_complete("risky")) if streams else llm.complete("risky")
        assert server.models_asked == ["strong"]
