"""What the router sees of a chat with an index: what the user just said."""

import asyncio
from typing import Any

import pytest
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine.types import BaseChatEngine

from llamaindex_routellm import RoutedLLM
from llamaindex_routellm.spans import OpenSpans
from tests.llamaindex.fakes import memory, routed_over_fakes
from tests.llamaindex.indexes import index_of_documents

EASY = "And what is 2+2?"
INDEX = index_of_documents()
HISTORY = [
    ChatMessage(role="user", content="HARD: something before"),
    ChatMessage(role="assistant", content="HARD answer"),
]
CONDENSED = "small says so"
"""What the fake model makes of the question where an engine has it rewritten to stand alone."""

MODES: dict[str, list[str]] = {
    "simple": [EASY],
    "context": [EASY],
    "condense_plus_context": [EASY],
    "best": [EASY],
    # this engine asks its index another question, so the answer is to that one
    "condense_question": [EASY, CONDENSED],
}


def engine(routed: RoutedLLM, mode: Any) -> BaseChatEngine:
    return INDEX.as_chat_engine(chat_mode=mode, llm=routed, similarity_top_k=6, memory=memory())


@pytest.mark.parametrize(("mode", "scored"), MODES.items())
async def test_every_chat_mode_scores_what_the_user_says(mode: str, scored: list[str]) -> None:
    routed, spy = routed_over_fakes()
    with routed.capture() as decisions:
        answer = engine(routed, mode).chat(EASY, chat_history=list(HISTORY))
        async_answer = await engine(routed, mode).achat(EASY, chat_history=list(HISTORY))
    assert str(answer) == str(async_answer) == "small says so"
    assert spy.seen == scored
    assert {decision.model for decision in decisions} == {"weak"}


@pytest.mark.parametrize(("mode", "scored"), MODES.items())
async def test_every_chat_mode_does_so_when_it_streams(mode: str, scored: list[str]) -> None:
    routed, spy = routed_over_fakes()
    with routed.capture() as decisions:
        answer = engine(routed, mode).stream_chat(EASY, chat_history=list(HISTORY))
        assert "".join(answer.response_gen) == "small says so"
        async_answer = await engine(routed, mode).astream_chat(EASY, chat_history=list(HISTORY))
        assert "".join([token async for token in async_answer.async_response_gen()]) == "small says so"
    assert spy.seen == scored
    assert {decision.model for decision in decisions} == {"weak"}
    for _ in range(500):  # the engine's own thread may end a moment after its last word
        if len(OpenSpans.watch()) == 0:
            break
        await asyncio.sleep(0.01)
    assert len(OpenSpans.watch()) == 0


def test_every_turn_has_a_decision_of_its_own() -> None:
    routed, spy = routed_over_fakes()
    chat = engine(routed, "context")
    assert [str(chat.chat(turn)) for turn in ("HARD: prove it", EASY)] == ["big says so", "small says so"]
    assert spy.seen == ["HARD: prove it", EASY]


async def test_concurrent_chats_do_not_share_their_questions() -> None:
    """Two turns of twenty chats at once; every other question is hard."""
    routed, spy = routed_over_fakes()

    async def converse(i: int) -> list[str]:
        chat = engine(routed, "condense_plus_context")
        turns = [f"{'HARD' if (i + turn) % 2 else 'easy'} {i}-{turn}" for turn in range(2)]
        return [str(await chat.achat(turn)) for turn in turns]

    answers = await asyncio.gather(*(converse(i) for i in range(20)))
    easy_first, hard_first = ["small says so", "big says so"], ["big says so", "small says so"]
    assert answers == [hard_first if i % 2 else easy_first for i in range(20)]
    assert len(spy.seen) == len(set(spy.seen)) == 40
