"""What others learn of a decision, and that every call is counted once."""

from typing import Any

import pytest
from llama_index.core import PromptTemplate, Settings
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.callbacks import CallbackManager, TokenCountingHandler
from llama_index.core.instrumentation.events.llm import LLMChatEndEvent, LLMChatStartEvent
from llama_index_instrumentation import get_dispatcher
from llama_index_instrumentation.base import BaseEvent
from llama_index_instrumentation.dispatcher import instrument_tags

from llamaindex_routellm import RoutingDecisionEvent
from tests.llamaindex.fakes import routed_over_fakes
from tests.llamaindex.indexes import index_of_documents
from tests.llamaindex.recorder import EventRecorder

EASY = [ChatMessage(content="a secret question")]


def test_a_decision_is_an_event(recorder: EventRecorder) -> None:
    routed, _ = routed_over_fakes()
    with routed.capture() as decisions:
        routed.chat(EASY)
    (event,) = (event for event in recorder.events if isinstance(event, RoutingDecisionEvent))
    assert event.decision is decisions[0]
    assert (event.source, event.model_name) == ("prompt", "small")
    assert event.span_id is not None
    assert event.model_dump()["class_name"] == "RoutingDecisionEvent"
    assert "secret" not in event.model_dump_json()


def test_a_handler_of_this_package_alone_receives_the_event_too() -> None:
    ours = get_dispatcher("llamaindex_routellm.metadata")
    handler = EventRecorder()
    ours.add_event_handler(handler)
    routed, _ = routed_over_fakes()
    routed.chat(EASY)
    ours.event_handlers.remove(handler)
    assert [type(event) for event in handler.events] == [RoutingDecisionEvent]


def test_every_event_of_the_chosen_model_carries_the_decision(recorder: EventRecorder) -> None:
    routed, _ = routed_over_fakes()
    with instrument_tags({"mine": 1}):
        response = routed.chat(EASY)
    (end,) = (event for event in recorder.events if isinstance(event, LLMChatEndEvent))
    assert end.tags == {"mine": 1, "routellm": response.additional_kwargs["routellm"]}


def test_the_start_of_a_stream_carries_the_decision(recorder: EventRecorder) -> None:
    routed, _ = routed_over_fakes()
    list(routed.stream_chat(EASY))
    (start,) = (event for event in recorder.events if isinstance(event, LLMChatStartEvent))
    assert start.tags["routellm"]["model"] == "weak"


async def test_the_end_of_a_stream_carries_the_decision_beside_its_readers_tags(
    recorder: EventRecorder,
) -> None:
    routed, _ = routed_over_fakes()
    template = PromptTemplate("{query_str}")
    streams: list[Any] = [routed.stream_chat(EASY), routed.stream(template, query_str="easy")]
    astreams: list[Any] = [
        await routed.astream_chat(EASY),
        await routed.astream(template, query_str="easy"),
    ]
    with instrument_tags({"mine": 1}):
        for stream in streams:
            list(stream)
        for astream in astreams:
            assert [part async for part in astream]
    ends = [event for event in recorder.events if isinstance(event, LLMChatEndEvent)]
    assert [(end.tags["mine"], end.tags["routellm"]["model"]) for end in ends] == [(1, "weak")] * 4
    get_dispatcher().event(BaseEvent())
    assert recorder.events[-1].tags == {}


async def test_tags_end_with_the_call(recorder: EventRecorder) -> None:
    routed, _ = routed_over_fakes()
    await routed.achat(EASY)
    get_dispatcher().event(BaseEvent())
    assert recorder.events[-1].tags == {}


def test_every_real_call_is_one_event_and_counts_once(
    recorder: EventRecorder, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Six chunks refined: six calls."""
    counter = TokenCountingHandler(tokenizer=str.split)
    routed, _ = routed_over_fakes()
    monkeypatch.setattr(Settings, "_llm", routed)
    monkeypatch.setattr(Settings, "_callback_manager", CallbackManager([counter]))
    index_of_documents().as_query_engine(response_mode="refine", similarity_top_k=6).query("easy")
    starts = [event for event in recorder.events if isinstance(event, LLMChatStartEvent)]
    assert len(starts) == len(counter.llm_token_counts) == 6
    assert {event.tags["routellm"]["model"] for event in starts} == {"weak"}


def test_each_call_of_a_question_has_its_decision_event(recorder: EventRecorder) -> None:
    routed, spy = routed_over_fakes()
    index_of_documents().as_query_engine(llm=routed, response_mode="refine", similarity_top_k=6).query("easy")
    decided = [event for event in recorder.events if isinstance(event, RoutingDecisionEvent)]
    assert (len(decided), len(spy.seen)) == (6, 1)
    assert {event.source for event in decided} == {"template"}
