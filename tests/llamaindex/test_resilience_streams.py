"""A stream that breaks: another model's in its place before the first content, the child's error after it."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import Iterator
from typing import Any

import httpx
import openai
import pytest
from llama_index.core.base.llms.types import (
    ChatMessage,
    ChatResponse,
    CompletionResponse,
    TextBlock,
    ThinkingBlock,
    ToolCallBlock,
)
from llama_index.core.tools import FunctionTool
from pydantic import BaseModel

from llamaindex_routellm.first_content import has_content
from shared_router import Resilience
from tests.fault_server import FaultServer
from tests.faults import Fault, Kind
from tests.llamaindex.faulty import BY_STRONG, BY_WEAK, MESSAGES, PRICES, Heard, child, routed

BREAKS: list[Kind] = ["cut", "reset", "error_event", "bad_json"]
BEFORE = [None, 0, 1]
"""Before the first part, and after the first, which is empty."""

AFTER = [2, 5]
STREAM_ERRORS = (openai.APIError, httpx.TransportError, json.JSONDecodeError)


class Fact(BaseModel):
    text: str | None = None


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def read(stream: Any, into: list[str]) -> None:
    into.extend(part.delta for part in stream)


async def aread(stream: Any, into: list[str]) -> None:
    async for part in await stream:
        into.append(part.delta)


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("at", BEFORE)
def test_before_its_content_another_models_stream_takes_its_place(
    server: FaultServer, kind: Kind, at: int | None
) -> None:
    heard, parts = Heard(), list[Any]()
    server.plan.script("strong", [Fault(kind, at=at)])
    parts.extend(routed(server, observers=[heard], prices=PRICES).stream_chat(MESSAGES))
    assert "".join(part.delta for part in parts) == BY_WEAK
    assert [part.delta for part in parts][:2] == ["", "q7 "], "one model's parts alone"
    assert {part.additional_kwargs["routellm"]["model"] for part in parts} == {"weak"}
    assert heard.end.outcome == "answered"
    assert heard.end.first_content_s is not None
    assert heard.end.answer == BY_WEAK


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("at", BEFORE)
async def test_so_it_does_for_an_asynchronous_stream(server: FaultServer, kind: Kind, at: int | None) -> None:
    texts: list[str] = []
    server.plan.script("strong", [Fault(kind, at=at)])
    await aread(routed(server).astream_chat(MESSAGES), texts)
    assert "".join(texts) == BY_WEAK
    assert texts[:2] == ["", "q7 "]


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("at", AFTER)
def test_after_its_content_the_error_is_the_childs_and_nobody_else_is_asked(
    server: FaultServer, kind: Kind, at: int
) -> None:
    heard, texts = Heard(), list[str]()
    server.plan.script("strong", [Fault(kind, at=at)])
    with pytest.raises(STREAM_ERRORS):
        read(routed(server, observers=[heard]).stream_chat(MESSAGES), texts)
    assert BY_STRONG.startswith("".join(texts))
    assert len(texts) == at
    assert server.models_asked == ["strong"]
    assert heard.end.outcome == "failed"
    assert heard.end.first_content_s is not None


@pytest.mark.parametrize("kind", BREAKS)
@pytest.mark.parametrize("at", AFTER)
async def test_so_it_is_for_an_asynchronous_stream(server: FaultServer, kind: Kind, at: int) -> None:
    heard, texts = Heard(), list[str]()
    server.plan.script("strong", [Fault(kind, at=at)])
    with pytest.raises(STREAM_ERRORS):
        await aread(routed(server, observers=[heard]).astream_chat(MESSAGES), texts)
    assert len(texts) == at
    assert server.models_asked == ["strong"]
    assert heard.end.outcome == "failed"


@pytest.mark.parametrize("at", [None, 0, 1])
def test_a_stream_that_stalls_before_its_content_is_given_up(server: FaultServer, at: int | None) -> None:
    texts: list[str] = []
    server.plan.script("strong", [Fault("stall", at=at)])
    read(routed(server, resilience=Resilience(timeout={"strong": 0.3})).stream_chat(MESSAGES), texts)
    assert "".join(texts) == BY_WEAK


@pytest.mark.parametrize("at", [None, 0, 1])
async def test_an_asynchronous_one_is_cancelled(server: FaultServer, at: int | None) -> None:
    texts: list[str] = []
    server.plan.script("strong", [Fault("stall", at=at)])
    await aread(routed(server, resilience=Resilience(timeout={"strong": 0.3})).astream_chat(MESSAGES), texts)
    assert "".join(texts) == BY_WEAK


async def test_a_deadline_ends_a_stream_that_stalls_after_its_content(server: FaultServer) -> None:
    heard, texts = Heard(), list[str]()
    server.plan.script("strong", [Fault("stall", at=3)])
    llm = routed(server, resilience=Resilience(deadline=0.5), observers=[heard])
    with pytest.raises(TimeoutError):
        await aread(llm.astream_chat(MESSAGES), texts)
    assert texts == ["", "q7 ", "by "]
    assert server.models_asked == ["strong"]
    assert heard.end.outcome == "failed"


def test_a_tool_call_is_content(server: FaultServer) -> None:
    def look(word: str) -> str:
        """Look a word up."""
        return word

    parts: list[ChatResponse] = []
    server.plan.script("strong", [Fault("cut", at=2)])
    with pytest.raises(STREAM_ERRORS):
        parts.extend(
            routed(server).stream_chat_with_tools([FunctionTool.from_defaults(look)], user_msg="HARD q7")
        )
    assert server.models_asked == ["strong"]


def test_both_streams_broken_before_content_raise_the_first_error(server: FaultServer) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("error_event")])
    server.plan.script("weak", [Fault("500")])
    with pytest.raises(openai.APIError) as raised:
        read(routed(server, observers=[heard]).stream_chat(MESSAGES), [])
    assert not isinstance(raised.value, openai.APIStatusError)
    assert isinstance(raised.value.__context__, openai.InternalServerError)
    assert [each.model for each in heard.end.attempts] == ["strong", "weak"]


@pytest.mark.parametrize("at", [0, 1])
def test_a_stream_that_ends_before_its_content_as_if_it_were_whole_moves_on(
    server: FaultServer, at: int
) -> None:
    server.plan.script("strong", [Fault("eof", at=at)] * 2)
    parts = list(routed(server).stream_chat(MESSAGES))
    aparts: list[str] = []
    asyncio.run(aread(routed(server).astream_chat(MESSAGES), aparts))
    assert "".join(part.delta or "" for part in parts) == "".join(aparts) == BY_WEAK
    reason = parts[0].additional_kwargs["routellm"]["reason"]
    assert reason == "fallback:strong->weak:CutStreamError"
    assert server.models_asked == ["strong", "weak"] * 2


def test_where_both_end_so_the_last_ones_empty_answer_is_the_answer(server: FaultServer) -> None:
    server.plan.always.update(strong=Fault("eof", at=1), weak=Fault("eof", at=1))
    parts = list(routed(server).stream_chat(MESSAGES))
    assert "".join(part.delta or "" for part in parts) == ""
    assert server.models_asked == ["strong", "weak"]


def test_an_empty_answer_that_says_why_it_ended_is_an_answer(server: FaultServer) -> None:
    texts: list[str] = []
    server.plan.script("strong", [Fault("withheld")])
    read(routed(server).stream_chat(MESSAGES), texts)
    assert texts == [""]
    assert server.models_asked == ["strong"]


def test_a_stream_that_is_closed_early_is_told_of_as_cancelled(server: FaultServer) -> None:
    heard = Heard()
    stream = routed(server, observers=[heard]).stream_chat(MESSAGES)
    next(stream)
    assert not heard.ends
    stream.close()
    assert heard.end.outcome == "cancelled"


async def test_an_asynchronous_stream_that_is_closed_early_is_told_of_as_cancelled(
    server: FaultServer,
) -> None:
    heard = Heard()
    stream = await routed(server, observers=[heard]).astream_chat(MESSAGES)
    async for part in stream:
        if part.delta:
            break
    await stream.aclose()
    assert heard.end.outcome == "cancelled"


def test_a_stream_that_nobody_reads_is_told_of_as_cancelled(server: FaultServer) -> None:
    heard = Heard()
    stream = routed(server, observers=[heard]).stream_chat(MESSAGES)
    assert heard.calls
    del stream
    gc.collect()
    assert heard.end.outcome == "cancelled"
    assert not server.asked


async def test_a_reader_that_is_cancelled_asks_nobody_else(server: FaultServer) -> None:
    heard = Heard()
    server.plan.script("strong", [Fault("stall", at=1)])
    task = asyncio.create_task(aread(routed(server, observers=[heard]).astream_chat(MESSAGES), []))
    while not server.asked:
        await asyncio.sleep(0.01)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert heard.end.outcome == "cancelled"
    assert server.models_asked == ["strong"]


async def test_many_streams_at_once_each_get_their_own_answer(server: FaultServer) -> None:
    """Of 40 streams every other strong one breaks; each answer repeats its own question."""
    llm = routed(server, llms=[child(server, "strong"), child(server, "weak")])
    server.plan.script("strong", [Fault("cut", at=1), Fault("none")] * 20)

    async def ask(n: int) -> str:
        texts: list[str] = []
        await aread(llm.astream_chat([ChatMessage(role="user", content=f"HARD q{n}")]), texts)
        return "".join(texts)

    answers = await asyncio.gather(*(ask(n) for n in range(40)))
    assert [answer.split(" ")[0] for answer in answers] == [f"q{n}" for n in range(40)]
    assert sum(" by weak" in answer for answer in answers) == 20


def chat(*blocks: Any, **extra: Any) -> ChatResponse:
    return ChatResponse(message=ChatMessage(role="assistant", blocks=list(blocks)), **extra)


@pytest.mark.parametrize(
    "part",
    [
        "a",
        chat(delta="a"),
        chat(TextBlock(text="a")),
        chat(ThinkingBlock(content="a")),
        chat(ToolCallBlock(tool_name="a", tool_kwargs={})),
        chat(additional_kwargs={"thinking_delta": "a"}),
        ChatResponse(
            message=ChatMessage(role="assistant", additional_kwargs={"tool_calls": [{"name": "a"}]})
        ),
        CompletionResponse(text="a"),
        CompletionResponse(text="", delta="a"),
        Fact(text="a"),
    ],
    ids=str,
)
def test_a_part_that_a_reader_would_miss_has_content(part: object) -> None:
    assert has_content(part)


@pytest.mark.parametrize(
    "part",
    [
        "",
        chat(delta=""),
        chat(TextBlock(text=""), delta=None),
        chat(ThinkingBlock(content="")),
        ChatResponse(message=ChatMessage(role="assistant", additional_kwargs={"tool_calls": []})),
        CompletionResponse(text="", delta=""),
        Fact(),
    ],
    ids=str,
)
def test_a_part_that_says_nothing_has_none(part: object) -> None:
    assert not has_content(part)
