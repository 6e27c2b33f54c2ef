from collections.abc import Sequence

import pytest
from llama_index.core.base.llms.types import ChatMessage, ChatResponse, ChatResponseAsyncGen, ChatResponseGen
from llama_index.core.llms.callbacks import llm_chat_callback
from pydantic import Field

from llamaindex_routellm import RoutedLLM
from shared_router.testing import FixedRouter
from tests.llamaindex.fakes import FakeChat, routed_over_fakes

ASKED = [ChatMessage(role="user", content="HARD: prove it")]


def test_a_question_goes_strong_when_its_win_probability_reaches_the_threshold() -> None:
    """0.9 >= 0.5, and 0.1 < 0.5."""
    routed, _ = routed_over_fakes()
    assert routed.chat(ASKED).message.content == "big says so"
    assert routed.complete("What is 2+2?").text == "small says so"


def test_a_response_carries_the_decision_and_its_message_does_not() -> None:
    routed, _ = routed_over_fakes()
    response = routed.chat(ASKED)
    assert response.additional_kwargs["routellm"] == {
        "model": "strong",
        "win_probability": 0.9,
        "threshold": 0.5,
        "router": "fixed",
        "reason": "score",
        "source": "prompt",
    }
    assert response.message.additional_kwargs == {}
    assert response.raw == {"model": "big"}


def test_the_child_gets_the_untouched_call() -> None:
    big, small = FakeChat(model="big"), FakeChat(model="small")
    routed, _ = routed_over_fakes(strong=big, weak=small)
    routed.chat(ASKED, temperature=0.3)
    assert big.prompts == [ASKED]
    assert small.prompts == []


async def test_every_chat_method_calls_its_namesake_and_marks_what_it_returns() -> None:
    routed, _ = routed_over_fakes()
    answers = [
        routed.chat(ASKED),
        await routed.achat(ASKED),
        list(routed.stream_chat(ASKED))[-1],
        [chunk async for chunk in await routed.astream_chat(ASKED)][-1],
    ]
    assert {answer.message.content for answer in answers} == {"big says so"}
    assert {answer.additional_kwargs["routellm"]["model"] for answer in answers} == {"strong"}


async def test_every_completion_method_calls_its_namesake_and_marks_what_it_returns() -> None:
    routed, _ = routed_over_fakes()
    answers = [
        routed.complete("hi"),
        await routed.acomplete("hi"),
        list(routed.stream_complete("hi"))[-1],
        [chunk async for chunk in await routed.astream_complete("hi")][-1],
    ]
    assert {answer.text for answer in answers} == {"small says so"}
    assert {answer.additional_kwargs["routellm"]["model"] for answer in answers} == {"weak"}


def test_a_stream_is_routed_when_it_is_asked_for() -> None:
    routed, spy = routed_over_fakes()
    chunks = routed.stream_chat(ASKED)
    assert spy.seen == ["HARD: prove it"]
    assert [chunk.delta for chunk in chunks] == ["big", " says", " so"]
    assert spy.seen == ["HARD: prove it"]


def test_every_chunk_carries_the_decision() -> None:
    routed, _ = routed_over_fakes()
    models = [chunk.additional_kwargs["routellm"]["model"] for chunk in routed.stream_chat(ASKED)]
    assert models == ["strong"] * 3


class Closing(FakeChat):
    """Say when a stream is closed."""

    closed: list[str] = Field(default_factory=list)

    @llm_chat_callback()
    def stream_chat(self, messages: list[ChatMessage], **kwargs: object) -> ChatResponseGen:
        def chunks() -> ChatResponseGen:
            try:
                yield from self._chunks(self._answer(messages, {}))
            finally:
                self.closed.append("sync")

        return chunks()

    # without core's callback, whose wrapper leaves closing to the event loop
    async def astream_chat(self, messages: Sequence[ChatMessage], **kwargs: object) -> ChatResponseAsyncGen:
        async def chunks() -> ChatResponseAsyncGen:
            try:
                for chunk in self._chunks(self._answer(messages, {})):
                    yield chunk
            finally:
                self.closed.append("async")

        return chunks()


async def test_closing_a_stream_closes_the_childs() -> None:
    child = Closing()
    routed, _ = routed_over_fakes(strong=child)
    chunks = routed.stream_chat(ASKED)
    next(chunks)
    chunks.close()
    assert child.closed == ["sync"]
    achunks = await routed.astream_chat(ASKED)
    await achunks.__anext__()
    await achunks.aclose()
    assert child.closed == ["sync", "async"]


class Listing(FakeChat):
    """Stream from a list's iterator, which cannot be closed."""

    def stream_chat(self, messages: object, **kwargs: object) -> ChatResponseGen:
        return iter([ChatResponse(message=ChatMessage(content="a"))])  # type: ignore[return-value]


def test_a_child_may_stream_from_any_iterator() -> None:
    routed, _ = routed_over_fakes(strong=Listing())
    assert [chunk.message.content for chunk in routed.stream_chat(ASKED)] == ["a"]


class Failing(FakeChat):
    """Fail as a provider does."""

    @llm_chat_callback()
    def chat(self, messages: object, **kwargs: object) -> ChatResponse:
        raise TimeoutError("the provider's own words")


def test_what_a_child_raises_passes_through_untouched() -> None:
    routed, _ = routed_over_fakes(strong=Failing())
    with pytest.raises(TimeoutError, match="the provider's own words"):
        routed.chat(ASKED)


def test_a_child_that_keeps_its_response_keeps_it_unchanged() -> None:
    kept = ChatResponse(message=ChatMessage(content="kept"))

    class Keeping(FakeChat):
        def chat(self, messages: object, **kwargs: object) -> ChatResponse:
            return kept

    routed, _ = routed_over_fakes(strong=Keeping())
    assert routed.chat(ASKED).additional_kwargs["routellm"]["model"] == "strong"
    assert kept.additional_kwargs == {}


@pytest.mark.parametrize("content", ["", " \n"])
def test_an_empty_question_goes_where_the_policy_sends_what_has_no_query(content: str) -> None:
    routed = RoutedLLM(
        strong=FakeChat(model="big"),
        weak=FakeChat(model="small"),
        router=FixedRouter(0.9),
        on_no_query="weak",
    )
    decision = routed.chat([ChatMessage(role="user", content=content)]).additional_kwargs["routellm"]
    assert (decision["model"], decision["reason"]) == ("weak", "no_query")
