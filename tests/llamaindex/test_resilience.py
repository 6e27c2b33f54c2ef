"""A model that does not answer: each method of a routed LLM asks the other one, and says so."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import openai
import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.prompts import PromptTemplate
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from llamaindex_routellm import RoutedLLM, RoutingDecisionEvent
from shared_router import InvalidInputError, Resilience, UnknownNameError
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.faulty import (
    BY_STRONG,
    BY_WEAK,
    MESSAGES,
    PRICES,
    QUESTION,
    Heard,
    child,
    routed,
    strong_fails,
)
from tests.llamaindex.recorder import EventRecorder

MOVED = "fallback:strong->weak:InternalServerError"
TEMPLATE = PromptTemplate("Documents. Query: {query_str}")


class Fact(BaseModel):
    text: str


def look(word: str) -> str:
    """Look a word up."""
    return f"looked up {word}"


TOOLS = [FunctionTool.from_defaults(look)]

SYNC: dict[str, Callable[[Any], object]] = {
    "chat": lambda llm: llm.chat(MESSAGES).message.content,
    "complete": lambda llm: llm.complete(QUESTION).text,
    "predict": lambda llm: llm.predict(TEMPLATE, query_str=QUESTION),
    "structured_predict": lambda llm: llm.structured_predict(Fact, TEMPLATE, query_str=QUESTION).text,
    "chat_with_tools": lambda llm: called(llm, llm.chat_with_tools(TOOLS, user_msg=QUESTION)),
    "predict_and_call": lambda llm: str(llm.predict_and_call(TOOLS, user_msg=QUESTION))[10:],
    "as_structured_llm": lambda llm: llm.as_structured_llm(Fact).complete(QUESTION).raw.text,
    "stream_chat": lambda llm: "".join(part.delta for part in llm.stream_chat(MESSAGES)),
    "stream_complete": lambda llm: "".join(part.delta for part in llm.stream_complete(QUESTION)),
    "stream": lambda llm: "".join(llm.stream(TEMPLATE, query_str=QUESTION)),
    "stream_structured_predict": lambda llm: (
        [*llm.stream_structured_predict(Fact, TEMPLATE, query_str=QUESTION)][-1].text
    ),
    "stream_chat_with_tools": lambda llm: called(
        llm, [*llm.stream_chat_with_tools(TOOLS, user_msg=QUESTION)][-1]
    ),
}


async def joined(stream: Any) -> str:
    return "".join([part if isinstance(part, str) else part.delta async for part in await stream])


async def last(stream: Any) -> Any:
    return [part async for part in await stream][-1]


async def acalled(llm: RoutedLLM, answer: Any) -> object:
    return called(llm, await answer)


async def text_of(answer: Awaitable[Any]) -> object:
    found = await answer
    if isinstance(found, str):
        return found
    return found.text if hasattr(found, "text") else found.message.content


ASYNC: dict[str, Callable[[Any], Awaitable[object]]] = {
    "achat": lambda llm: text_of(llm.achat(MESSAGES)),
    "acomplete": lambda llm: text_of(llm.acomplete(QUESTION)),
    "apredict": lambda llm: text_of(llm.apredict(TEMPLATE, query_str=QUESTION)),
    "astructured_predict": lambda llm: text_of(llm.astructured_predict(Fact, TEMPLATE, query_str=QUESTION)),
    "achat_with_tools": lambda llm: acalled(llm, llm.achat_with_tools(TOOLS, user_msg=QUESTION)),
    "astream_chat": lambda llm: joined(llm.astream_chat(MESSAGES)),
    "astream_complete": lambda llm: joined(llm.astream_complete(QUESTION)),
    "astream": lambda llm: joined(llm.astream(TEMPLATE, query_str=QUESTION)),
    "astream_structured_predict": lambda llm: text_of(
        last(llm.astream_structured_predict(Fact, TEMPLATE, query_str=QUESTION))
    ),
    "astream_chat_with_tools": lambda llm: acalled(
        llm, last(llm.astream_chat_with_tools(TOOLS, user_msg=QUESTION))
    ),
}


def called(llm: RoutedLLM, answer: Any) -> object:
    """Return what an answer's tool call holds, read by the model that wrote it."""
    return llm.get_tool_calls_from_response(answer)[0].tool_kwargs["word"]


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def checked(server: FaultServer, heard: Heard, decisions: list[Any]) -> None:
    """Check that one call was answered by the weak model, and that everybody was told so once."""
    assert server.models_asked == ["strong", "weak"]
    assert [(each.model, each.reason) for each in decisions] == [("weak", MOVED)]
    assert heard.end.outcome == "answered"
    assert [(each.model, each.error) for each in heard.end.attempts] == [
        ("strong", "InternalServerError"),
        ("weak", None),
    ]
    assert heard.calls[0].decision.model == "strong"
    assert heard.end.decision.model == "weak"
    assert heard.end.usage is not None
    assert heard.end.dollars == heard.end.usage.dollars(PRICES["weak"])
    assert heard.end.provider_model == "weak"
    assert heard.end.fingerprint == "fp_fault_server"


@pytest.mark.parametrize("method", list(SYNC))
def test_each_method_asks_the_other_model_where_one_is_down(server: FaultServer, method: str) -> None:
    heard = Heard()
    llm = routed(server, observers=[heard], prices=PRICES)
    strong_fails(server, "500")
    with llm.capture() as decisions:
        assert SYNC[method](llm) == BY_WEAK
    checked(server, heard, decisions)


@pytest.mark.parametrize("method", list(ASYNC))
async def test_each_asynchronous_method_does_so_too(server: FaultServer, method: str) -> None:
    heard = Heard()
    llm = routed(server, observers=[heard], prices=PRICES)
    strong_fails(server, "500")
    with llm.capture() as decisions:
        assert await ASYNC[method](llm) == BY_WEAK
    checked(server, heard, decisions)


@pytest.mark.parametrize("kind", ["429", "500", "503", "reset", "cut", "bad_json"])
def test_what_is_the_models_fault_moves_on(server: FaultServer, kind: str) -> None:
    strong_fails(server, kind)
    answer = routed(server).chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["reason"].startswith("fallback:strong->weak:")
    assert answer.additional_kwargs["routellm"]["model"] == "weak"


@pytest.mark.parametrize("kind", ["400", "401", "403", "content_filter"])
def test_what_is_the_requests_fault_is_raised_as_the_provider_has_it(server: FaultServer, kind: str) -> None:
    heard = Heard()
    strong_fails(server, kind)
    with pytest.raises(openai.APIStatusError):
        routed(server, observers=[heard]).chat(MESSAGES)
    assert server.models_asked == ["strong"]
    assert heard.end.outcome == "failed"


def test_the_answers_metadata_says_who_answered_why_and_at_what_price(server: FaultServer) -> None:
    """13 tokens, 5 read and 8 written, at a dollar a million."""
    heard = Heard()
    strong_fails(server, "429")
    answer = routed(server, prices=PRICES, observers=[heard]).chat(MESSAGES)
    assert answer.raw is not None
    told = answer.additional_kwargs["routellm"]
    assert told == {
        "model": "weak",
        "win_probability": 0.9,
        "threshold": 0.5,
        "router": "fixed",
        "reason": "fallback:strong->weak:RateLimitError",
        "source": "prompt",
        "decision_id": heard.calls[0].decision_id,
        "dollars": answer.raw.usage.total_tokens / 1e6,
    }


def test_the_events_of_the_answer_carry_the_decision_of_the_model_that_answered(
    server: FaultServer, recorder: EventRecorder
) -> None:
    strong_fails(server, "500")
    routed(server).chat(MESSAGES)
    decided = [event.decision for event in recorder.events if isinstance(event, RoutingDecisionEvent)]
    assert [each.model for each in decided] == ["strong", "weak"]
    tags = [event.tags["routellm"]["model"] for event in recorder.events if "routellm" in event.tags]
    assert tags[-1] == "weak"


def test_both_models_down_raises_the_first_error_with_the_second_as_its_context(server: FaultServer) -> None:
    heard = Heard()
    strong_fails(server, "500")
    server.plan.script("weak", [Fault("429")])
    with pytest.raises(openai.InternalServerError) as raised:
        routed(server, observers=[heard]).chat(MESSAGES)
    assert isinstance(raised.value.__context__, openai.RateLimitError)
    assert heard.end.outcome == "failed"
    assert [each.error for each in heard.end.attempts] == ["InternalServerError", "RateLimitError"]


def test_a_clients_own_retries_are_not_multiplied(server: FaultServer) -> None:
    """Two tries of LlamaIndex's own, each of three of OpenAI's client, for each of two models: 12 at most."""
    llms = [child(server, name, max_retries=2) for name in ("strong", "weak")]
    for name in ("strong", "weak"):
        server.plan.always[name] = Fault("500")
    with pytest.raises(openai.InternalServerError):
        routed(server, llms=llms).chat(MESSAGES)
    assert server.models_asked == ["strong"] * 6 + ["weak"] * 6


def test_without_resilience_the_error_is_the_childs_and_nobody_else_is_asked(server: FaultServer) -> None:
    heard = Heard()
    strong_fails(server, "500")
    with pytest.raises(openai.InternalServerError):
        routed(server, resilience=None, observers=[heard]).chat(MESSAGES)
    assert server.models_asked == ["strong"]
    assert heard.end.outcome == "failed"


def test_a_call_that_one_model_alone_can_serve_does_not_move_on(server: FaultServer) -> None:
    llms = [child(server, "strong"), child(server, "weak", is_function_calling_model=False)]
    strong_fails(server, "500")
    with pytest.raises(openai.InternalServerError):
        routed(server, llms=llms).chat_with_tools(TOOLS, user_msg=QUESTION)
    assert server.models_asked == ["strong"]


def test_a_model_that_keeps_failing_is_left_alone(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("503")
    llm = routed(server, resilience=Resilience(failures=3))
    answers = [llm.complete(QUESTION) for _ in range(5)]
    assert {answer.text for answer in answers} == {BY_WEAK}
    assert server.models_asked.count("strong") == 3
    assert llm.call_health.breakers == {"strong": "open", "weak": "closed"}
    assert answers[-1].additional_kwargs["routellm"]["reason"] == "fallback:strong->weak:breaker"


def test_a_model_that_takes_too_long_is_given_up(server: FaultServer) -> None:
    strong_fails(server, "stall")
    llm = routed(server, resilience=Resilience(timeout={"strong": 0.3}))
    answer = llm.chat(MESSAGES)
    assert answer.message.content == BY_WEAK
    assert answer.additional_kwargs["routellm"]["reason"] == "fallback:strong->weak:CallTimeoutError"
    assert llm.call_health.abandoned == 1


async def test_an_asynchronous_call_that_takes_too_long_is_cancelled(server: FaultServer) -> None:
    strong_fails(server, "stall")
    llm = routed(server, resilience=Resilience(timeout={"strong": 1.0}))
    assert (await llm.achat(MESSAGES)).message.content == BY_WEAK
    assert llm.call_health.abandoned == 0
    while server.hung_up < server.models_asked.count("strong"):  # which it leaves at once
        await asyncio.sleep(0.01)


async def test_a_call_that_is_cancelled_asks_nobody_else_and_is_told_of_once(server: FaultServer) -> None:
    heard = Heard()
    strong_fails(server, "stall")
    llm = routed(server, observers=[heard])
    task = asyncio.create_task(llm.achat(MESSAGES))
    while not server.asked:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.end.outcome == "cancelled"
    assert server.models_asked == ["strong"]


def test_tools_are_called_once_whoever_has_picked_them(server: FaultServer) -> None:
    called_with: list[str] = []

    def note(word: str) -> str:
        """Note a word."""
        called_with.append(word)
        return word

    strong_fails(server, "500")
    routed(server).predict_and_call([FunctionTool.from_defaults(note)], user_msg=QUESTION)
    assert called_with == [BY_WEAK]


def test_resilience_can_be_given_and_taken_away_later(server: FaultServer) -> None:
    llm = routed(server, resilience=None)
    llm.resilience = Resilience()
    strong_fails(server, "500", "500")
    assert llm.complete(QUESTION).text == BY_WEAK
    llm.resilience = None
    with pytest.raises(openai.InternalServerError):
        llm.complete(QUESTION)


def test_what_is_no_resilience_and_what_names_no_model_is_refused(server: FaultServer) -> None:
    with pytest.raises(InvalidInputError, match="resilience must be"):
        routed(server, resilience=3)
    with pytest.raises(UnknownNameError, match="must be one of"):
        routed(server, resilience=Resilience(order=["mini"]))


def test_an_observer_that_raises_costs_no_answer(server: FaultServer) -> None:
    class Broken(Heard):
        def ended(self, call: Any, end: Any) -> None:
            raise RuntimeError("full")

    llm = routed(server, observers=[Broken()])
    assert llm.complete(QUESTION).text == BY_STRONG
    assert llm.call_health.observer_failures == 1


def test_a_chat_history_goes_to_the_other_model_as_it_is(server: FaultServer) -> None:
    history = [
        ChatMessage(role="system", content="Be short."),
        ChatMessage(role="user", content="Hello"),
        ChatMessage(role="assistant", content="Hi"),
        *MESSAGES,
    ]
    strong_fails(server, "500")
    assert routed(server).chat(history).message.content == BY_WEAK
