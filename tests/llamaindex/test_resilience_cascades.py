"""A cascade over models that do not answer: its plan goes on, and what is at hand is used in the end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, cast

import openai
import pytest
from llama_index.core.prompts import PromptTemplate

from llamaindex_routellm import CascadedLLM
from shared_router import Budget, Resilience
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.faulty import BY_STRONG, BY_WEAK, MESSAGES, PRICES, QUESTION, Heard, routed


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def cascaded(server: FaultServer, score: float, **settings: Any) -> CascadedLLM:
    """Return a cascade whose scorer gives the weak answer this chance to be good enough."""
    given = {"router": None, "scorer": lambda question, answer: score, "prices": PRICES, **settings}
    return cast("CascadedLLM", routed(server, routes=CascadedLLM, **given))


def models(heard: Heard) -> list[tuple[str, str | None]]:
    return [(each.model, each.error) for each in heard.end.attempts]


def test_an_accepted_weak_answer_is_told_of_once(server: FaultServer) -> None:
    heard = Heard()
    answer = cascaded(server, 0.9, observers=[heard]).chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["decision_id"] == heard.calls[0].decision_id
    assert models(heard) == [("weak", None)]
    assert heard.end.decision.model == "weak"
    assert heard.end.answer == BY_WEAK
    assert heard.end.usage is not None
    assert heard.end.dollars == heard.end.usage.dollars(PRICES["weak"])


def test_a_rejected_one_costs_both_calls(server: FaultServer) -> None:
    heard = Heard()
    answer = cascaded(server, 0.1, observers=[heard]).chat(MESSAGES)
    assert answer.message.content == BY_STRONG
    assert models(heard) == [("weak", None), ("strong", None)]
    assert heard.end.dollars == pytest.approx(answer.additional_kwargs["routellm"]["dollars"])
    assert heard.end.usage is not None
    assert heard.end.dollars == pytest.approx(11 / 10 * heard.end.usage.dollars(PRICES["strong"]))


def test_a_weak_model_that_is_down_is_the_plans_business(server: FaultServer) -> None:
    heard = Heard()
    server.plan.script("weak", [Fault("500")])
    answer = cascaded(server, 0.9, observers=[heard]).chat(MESSAGES)
    assert answer.message.content == BY_STRONG
    assert models(heard) == [("weak", "InternalServerError"), ("strong", None)]


@pytest.mark.parametrize("method", ["chat", "complete", "predict", "stream_chat", "stream"])
def test_where_the_strong_model_is_down_the_rejected_answer_is_used(server: FaultServer, method: str) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("503")])
    llm = cascaded(server, 0.1, observers=[heard])
    template = PromptTemplate("Query: {query_str}")
    answers: dict[str, Callable[[], object]] = {
        "chat": lambda: llm.chat(MESSAGES).message.content,
        "complete": lambda: llm.complete(QUESTION).text,
        "predict": lambda: llm.predict(template, query_str=QUESTION),
        "stream_chat": lambda: "".join(part.delta or "" for part in llm.stream_chat(MESSAGES)),
        "stream": lambda: "".join(llm.stream(template, query_str=QUESTION)),
    }
    with llm.capture() as decisions:
        assert answers[method]() == BY_WEAK
    assert models(heard) == [("weak", None), ("strong", "InternalServerError")]
    assert heard.end.outcome == "answered"
    assert heard.end.decision.reason == "fallback:strong->weak:InternalServerError"
    assert decisions[-1].model == "weak"
    assert server.models_asked == ["weak", "strong"]


async def test_an_asynchronous_cascade_does_so_too(server: FaultServer) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("reset"), Fault("cut", at=1)])
    llm = cascaded(server, 0.1, observers=[heard])
    answer = await llm.achat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["reason"] == "fallback:strong->weak:APIConnectionError"
    texts = [part.delta or "" async for part in await llm.astream_chat(MESSAGES)]
    assert "".join(texts) == BY_WEAK
    assert [end.outcome for end in heard.ends] == ["answered", "answered"]


def test_where_the_router_sends_a_question_strong_and_it_is_down_the_weak_model_answers(
    server: FaultServer,
) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("500")])
    router = routed(server).policy.router
    llm = cascaded(server, 0.1, router=router, router_threshold=0.5, observers=[heard])
    answer = llm.chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["reason"] == "fallback:strong->weak:InternalServerError"
    assert models(heard) == [("strong", "InternalServerError"), ("weak", None)]


def test_both_models_down_raise_and_are_told_of_once(server: FaultServer) -> None:
    heard = Heard()
    for name in ("strong", "weak"):
        server.plan.always[name] = Fault("500")
    with pytest.raises(openai.InternalServerError):
        cascaded(server, 0.1, observers=[heard]).chat(MESSAGES)
    assert heard.end.outcome == "failed"
    assert server.models_asked == ["weak", "strong"]


def test_a_stream_that_nothing_judges_moves_on_until_its_content(server: FaultServer) -> None:
    server.plan.script("strong", [Fault("cut", at=1)])
    router = routed(server).policy.router
    llm = cascaded(server, 0.9, router=router, router_threshold=0.5, on_stream="route")
    assert "".join(part.delta or "" for part in llm.stream_chat(MESSAGES)) == BY_WEAK
    assert server.models_asked == ["strong", "weak"]


def test_a_budget_that_has_no_room_for_the_strong_model_leaves_the_weak_answer(server: FaultServer) -> None:
    """100 tokens of the strong model are 0.001 dollars, and a tenth of that with the weak one."""
    budget = Budget(0.0008, per="day", max_output_tokens=100)
    llm = cascaded(server, 0.1, budget=budget, resilience=None)
    answer = llm.chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert server.models_asked == ["weak"]
    assert 0 < budget.used() < 0.0008


def test_a_deadline_of_the_resilience_holds_for_the_plan(server: FaultServer) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("stall")])
    llm = cascaded(server, 0.1, observers=[heard], resilience=Resilience(timeout={"strong": 0.5}))
    assert llm.chat(MESSAGES).message.content == BY_WEAK
    assert models(heard) == [("weak", None), ("strong", "CallTimeoutError")]
