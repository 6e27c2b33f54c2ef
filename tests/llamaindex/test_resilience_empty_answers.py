"""An answer with the status 200 that holds nothing: the other model answers, or it is given back as it is."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.prompts import PromptTemplate
from pydantic import BaseModel

from llamaindex_routellm import CascadedLLM, RoutedLLM
from shared_router import Budget, Resilience
from shared_router.testing import FixedRouter
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.fakes import FakeChat
from tests.llamaindex.faulty import BY_WEAK, MESSAGES, PRICES, QUESTION, Heard, child, routed

EMPTY = "fallback:strong->weak:EmptyAnswerError"
TEMPLATE = PromptTemplate("Documents. Query: {query_str}")


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A provider."""
    with FaultServer() as running:
        yield running


SYNC: dict[str, Callable[[RoutedLLM], str | None]] = {
    "chat": lambda llm: llm.chat(MESSAGES).message.content,
    "complete": lambda llm: llm.complete(QUESTION).text,
    "stream_chat": lambda llm: "".join(part.delta or "" for part in llm.stream_chat(MESSAGES)),
    "stream_complete": lambda llm: "".join(part.delta or "" for part in llm.stream_complete(QUESTION)),
    "predict": lambda llm: llm.predict(TEMPLATE, query_str=QUESTION),
    "stream": lambda llm: "".join(llm.stream(TEMPLATE, query_str=QUESTION)),
}


async def _achat(llm: RoutedLLM) -> str | None:
    return (await llm.achat(MESSAGES)).message.content


async def _acomplete(llm: RoutedLLM) -> str | None:
    return (await llm.acomplete(QUESTION)).text


async def _astream_chat(llm: RoutedLLM) -> str | None:
    return "".join([part.delta or "" async for part in await llm.astream_chat(MESSAGES)])


async def _apredict(llm: RoutedLLM) -> str | None:
    return str(await llm.apredict(TEMPLATE, query_str=QUESTION))


async def _astream(llm: RoutedLLM) -> str | None:
    return "".join([part async for part in await llm.astream(TEMPLATE, query_str=QUESTION)])


ASYNC: dict[str, Callable[[RoutedLLM], Any]] = {
    "achat": _achat,
    "acomplete": _acomplete,
    "astream_chat": _astream_chat,
    "apredict": _apredict,
    "astream": _astream,
}
SENDS_STRONG = FixedRouter(lambda query: 0.9)
KINDS = ["no_choices", "null_choices", "no_message", "null_message", "empty_message", "empty_body", "html"]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("is_chat_model", [True, False])
def test_an_answer_that_holds_nothing_moves_on_by_every_entry_point(
    server: FaultServer, kind: Any, is_chat_model: bool
) -> None:
    server.plan.always["strong"] = Fault(kind)
    llms = [child(server, name, is_chat_model=is_chat_model) for name in ("strong", "weak")]
    llm = routed(server, llms=llms)
    for name, text_of in SYNC.items():
        answer = text_of(llm)
        assert answer is not None, name
        assert "by weak" in answer, name


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("method", ASYNC)
def test_it_moves_on_off_the_event_loop_too(server: FaultServer, kind: Any, method: str) -> None:
    server.plan.always["strong"] = Fault(kind)
    assert "by weak" in asyncio.run(ASYNC[method](routed(server)))


@pytest.mark.parametrize(
    ("kind", "error"), [("no_choices", IndexError), ("html", AttributeError), ("null_choices", TypeError)]
)
def test_without_resilience_the_childs_own_error_stays(server: FaultServer, kind: Any, error: Any) -> None:
    server.plan.always["strong"] = Fault(kind)
    with pytest.raises(error) as raised:
        routed(server, resilience=None).chat(MESSAGES)
    assert type(raised.value) is error
    assert server.models_asked == ["strong"]


def test_without_resilience_an_empty_answer_is_an_answer(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("empty_message")
    answer = routed(server, resilience=None).complete(QUESTION)
    assert (answer.text, answer.additional_kwargs["routellm"]["reason"]) == ("", "score")


@pytest.mark.parametrize("method", [*SYNC, *ASYNC])
def test_where_both_hold_nothing_the_last_ones_empty_answer_is_the_answer(
    server: FaultServer, method: str
) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("empty_message")}
    assert not _text(routed(server), method)
    assert server.models_asked == ["strong", "weak"]


@pytest.mark.parametrize("method", [*SYNC, *ASYNC])
def test_where_the_other_one_is_down_an_empty_answer_is_given_back(server: FaultServer, method: str) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("500")}
    heard = Heard()
    assert not _text(routed(server, observers=[heard]), method)
    assert [each.error for each in heard.end.attempts] == ["EmptyAnswerError", "InternalServerError"]


@pytest.mark.parametrize("method", ["chat", "stream_chat"])
def test_an_answer_that_is_given_back_is_one_that_was_withheld_too(server: FaultServer, method: str) -> None:
    server.plan.always |= {"strong": Fault("withheld"), "weak": Fault("500")}
    assert not _text(routed(server, resilience=Resilience(refusals=True)), method)


def test_where_both_are_unreadable_the_first_error_is_raised(server: FaultServer) -> None:
    server.plan.always |= {"strong": Fault("no_choices"), "weak": Fault("html")}
    with pytest.raises(IndexError) as raised:
        routed(server).chat(MESSAGES)
    assert isinstance(raised.value.__context__, AttributeError)


class Fact(BaseModel):
    text: str


class Says(FakeChat):
    """A strong model that answers with one response."""

    said: Any = None

    def chat(self, messages: Any, **kwargs: Any) -> ChatResponse:
        return ChatResponse(message=self.said, raw={"finish_reason": kwargs.get("ended", "stop")})

    def complete(self, prompt: str, formatted: bool = False, **kwargs: Any) -> CompletionResponse:
        return CompletionResponse(text="", raw={"finish_reason": kwargs.get("ended", "stop")})


@pytest.mark.parametrize(
    "message",
    [
        ChatMessage(role="assistant", content=" "),
        ChatMessage(role="assistant", blocks=[ThinkingBlock(content="so")]),
        ChatMessage(role="assistant", blocks=[ToolCallBlock(tool_name="look", tool_kwargs={})]),
        ChatMessage(role="assistant", content="", additional_kwargs={"tool_calls": [{"id": "1"}]}),
    ],
)
def test_an_answer_that_holds_anything_stays(message: ChatMessage) -> None:
    llm = RoutedLLM(
        strong=Says(said=message),
        weak=FakeChat(),
        resilience=Resilience(),
        router=SENDS_STRONG,
        threshold=0.5,
    )
    assert llm.chat(MESSAGES).additional_kwargs["routellm"]["model"] == "strong"


@pytest.mark.parametrize(("ended", "model"), [("stop", "weak"), ("length", "strong"), ("safety", "strong")])
def test_an_answer_that_was_cut_or_withheld_stays(ended: str, model: str) -> None:
    llm = RoutedLLM(
        strong=Says(said=ChatMessage(role="assistant", content="")),
        weak=FakeChat(),
        resilience=Resilience(),
        router=SENDS_STRONG,
        threshold=0.5,
    )
    for answer in (llm.chat(MESSAGES, ended=ended), llm.complete(QUESTION, ended=ended)):
        assert answer.additional_kwargs["routellm"]["model"] == model


def test_an_object_that_cannot_be_read_of_nothing_is_asked_of_the_other_model(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("empty_message")
    assert routed(server).structured_predict(Fact, TEMPLATE, query_str=QUESTION).text.endswith(BY_WEAK)
    found = asyncio.run(routed(server).astructured_predict(Fact, TEMPLATE, query_str=QUESTION))
    assert found.text.endswith(BY_WEAK)


def test_what_is_raised_over_an_empty_answer_is_raised_where_no_other_model_answers(
    server: FaultServer,
) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("500")}
    with pytest.raises(ValueError, match="tool call"):
        routed(server).structured_predict(Fact, TEMPLATE, query_str=QUESTION)
    assert server.models_asked == ["strong", "weak"]


def test_an_empty_answer_is_billed_by_its_tokens(server: FaultServer) -> None:
    """The weak model's price is a tenth, so that both together cost 1.1 times what the strong one does."""
    server.plan.always["strong"] = Fault("empty_message")
    spent, alone = (Budget(1.0, per="day", max_output_tokens=1000) for _ in range(2))
    assert routed(server, budget=spent, prices=PRICES).complete(QUESTION).text == BY_WEAK
    routed(server, budget=alone, prices=PRICES, resilience=None).complete(QUESTION)
    assert spent.used() == pytest.approx(1.1 * alone.used())


def test_a_cascades_last_model_that_says_nothing_leaves_the_answer_at_hand(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("empty_message")
    llm = CascadedLLM(
        strong=child(server, "strong"),
        weak=child(server, "weak"),
        scorer=lambda question, answer: 0.0,
        resilience=Resilience(),
    )
    assert llm.complete(QUESTION).text == BY_WEAK


def _text(llm: RoutedLLM, method: str) -> str | None:
    return SYNC[method](llm) if method in SYNC else asyncio.run(ASYNC[method](llm))
