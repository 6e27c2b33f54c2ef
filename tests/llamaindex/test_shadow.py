"""`shadow=`: every method's call is also asked of the other model, where nobody waits for it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler

from llamaindex_routellm import RoutedLLM
from shared_router import DecisionLog, InvalidInputError, LoggedDecision, RoutingPolicy, Shadow, read_log
from shared_router.proof.would import WouldDecide
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.faulty import BY_STRONG, MESSAGES, PRICES, routed
from tests.llamaindex.test_resilience import ASYNC, SYNC


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "log.jsonl", key="a key of sixteen bytes")


def shadowed(server: FaultServer, log: DecisionLog, shadow: Shadow, **settings: Any) -> RoutedLLM:
    return routed(server, resilience=None, prices=PRICES, observers=[log], shadow=shadow, **settings)


def logged(log: DecisionLog) -> LoggedDecision:
    assert log.flush()
    (row,) = read_log(log.path)
    return row


def checked(row: LoggedDecision, server: FaultServer) -> None:
    """Check that the strong model answered, and the weak one too, for less and after it."""
    assert server.models_asked == ["strong", "weak"]
    assert (row.model, row.outcome) == ("strong", "answered")
    (found,) = row.shadows
    assert (found.model, found.share) == ("weak", 1.0)
    assert found.input_tokens
    assert found.output_tokens
    assert found.dollars == pytest.approx((found.input_tokens + found.output_tokens) / 1e6)


@pytest.mark.parametrize("method", list(SYNC))
def test_each_method_has_a_shadow(server: FaultServer, log: DecisionLog, method: str) -> None:
    shadow = Shadow(share=1)
    SYNC[method](shadowed(server, log, shadow))
    assert shadow.drain(20)
    checked(logged(log), server)


@pytest.mark.parametrize("method", list(ASYNC))
def test_each_async_method_has_a_shadow(server: FaultServer, log: DecisionLog, method: str) -> None:
    shadow = Shadow(share=1)

    async def ask() -> None:
        await ASYNC[method](shadowed(server, log, shadow))
        assert await shadow.adrain(20)

    asyncio.run(ask())
    checked(logged(log), server)


def test_both_answers_are_judged_side_by_side(server: FaultServer, log: DecisionLog) -> None:
    shadow = Shadow(share=1, grade=lambda _question, answer: float(answer == BY_STRONG))
    shadowed(server, log, shadow).chat(MESSAGES)
    assert shadow.drain(20)
    row = logged(log)
    assert [(each.score, each.source) for each in row.feedback] == [(1.0, "judge")]
    assert row.shadows[0].score == 0.0


def test_a_shadow_that_is_slow_or_fails_is_no_matter_to_the_answer(
    server: FaultServer, log: DecisionLog
) -> None:
    server.plan.script("weak", [Fault("slow"), Fault("500")])
    shadow = Shadow(share=1)
    llm = shadowed(server, log, shadow)
    began = time.perf_counter()
    answers = [llm.chat(MESSAGES).message.content for _ in range(2)]
    took = time.perf_counter() - began
    assert answers == [BY_STRONG, BY_STRONG]
    assert shadow.drain(20)
    assert shadow.health.failed >= 1
    assert took < 5


def test_the_callers_callbacks_hear_of_their_own_call_alone(server: FaultServer, log: DecisionLog) -> None:
    counter = TokenCountingHandler(tokenizer=str.split)
    shadow = Shadow(share=1)
    llm = shadowed(server, log, shadow, callback_manager=CallbackManager([counter]))
    llm.chat(MESSAGES)
    assert shadow.drain(20)
    assert server.models_asked == ["strong", "weak"]
    assert len(counter.llm_token_counts) == 1


def test_the_answer_names_the_decision_that_the_shadow_is_about(
    server: FaultServer, log: DecisionLog
) -> None:
    shadow = Shadow(share=1)
    answer = shadowed(server, log, shadow).chat(MESSAGES)
    assert shadow.drain(20)
    assert answer.additional_kwargs["routellm"]["decision_id"] == logged(log).id


def test_a_shadow_without_a_log_is_refused(server: FaultServer) -> None:
    with pytest.raises(InvalidInputError, match="a shadow sample must have a decision log"):
        routed(server, shadow=Shadow())


def test_something_that_is_no_shadow_is_refused(server: FaultServer, log: DecisionLog) -> None:
    with pytest.raises(InvalidInputError, match="shadow must be a Shadow or None, got float"):
        routed(server, observers=[log], shadow=0.02)


def test_another_policy_is_asked_what_it_would_have_done(server: FaultServer, log: DecisionLog) -> None:
    """Everything goes where it goes; a threshold that nothing reaches would have sent it weak."""
    llm = routed(server, resilience=None, observers=[log], would={"cheap": RoutingPolicy(threshold=1.0)})
    assert llm.chat(MESSAGES).message.content == BY_STRONG
    assert llm._routing.rules is not None
    (others,) = [each for each in llm._routing.rules.observers if isinstance(each, WouldDecide)]
    assert others.drain(20)
    assert logged(log).would == {"cheap": "weak"}
