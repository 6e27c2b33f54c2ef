"""What one model signed is not sent to another; all else is sent as it is."""

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.messages import AIMessage, HumanMessage

from langchain_routellm import RouteLLMMiddleware
from shared_router import InvalidInputError
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter, decision_of, routed

TEXT = {"type": "text", "text": "Plan."}
SIGNED: list[dict[str, Any]] = [
    {"type": "thinking", "thinking": "...", "signature": "S"},
    {"type": "redacted_thinking", "data": "S"},
    {"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "S"},
    {"type": "reasoning", "reasoning": "...", "extras": {"signature": "S"}},
    {"type": "reasoning_content", "reasoning_content": {"text": "...", "signature": "S"}},
    {"reasoningContent": {"reasoningText": {"text": "...", "signature": "S"}}},
    {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "..."}]},
    {"type": "non_standard", "value": {"type": "redacted_thinking", "data": "S"}},
    {"type": "compaction", "id": "cmp_1", "encrypted_content": "S"},
]
UNSIGNED: list[Any] = [
    [{"type": "reasoning", "reasoning": "..."}, TEXT],
    [{"type": "thinking", "thinking": "..."}, TEXT],
    [TEXT],
    "Plan.",
]


def _history(content: Any, by: str | None = "strong", **fields: Any) -> list[Any]:
    metadata = {} if by is None else {"routellm": {"model": by}}
    answer = AIMessage(
        content, response_metadata={**metadata, **fields.pop("response_metadata", {})}, **fields
    )
    return [HumanMessage("hard plan"), answer, HumanMessage("easy")]


def _sent(history: list[Any], **settings: Any) -> list[Any]:
    weak = ChatOak()
    routed(weak=weak, **settings).invoke(history)
    return list(weak.calls[0]["messages"])


@pytest.mark.parametrize("block", SIGNED)
def test_reasoning_that_another_model_signed_is_taken_out(block: dict[str, Any]) -> None:
    history = _history([block, TEXT])
    assert [message.content for message in _sent(history)] == ["hard plan", [TEXT], "easy"]
    assert history[1].content == [block, TEXT]


@pytest.mark.parametrize(
    "arguments",
    [
        {"reasoning": {"id": "rs_1", "encrypted_content": "S"}},
        {"reasoning": {"id": "rs_1", "summary": []}},
        {"thought_signature": "S"},
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "S"}]},
        {"thinking_blocks": [{"thinking": "...", "signature": "S"}]},
        {"__gemini_function_call_thought_signatures__": {"1": "S"}},
    ],
)
def test_what_providers_keep_beside_the_content_is_taken_out_too(arguments: dict[str, Any]) -> None:
    sent = _sent(_history("Plan.", additional_kwargs={**arguments, "refusal": None}))
    assert (sent[1].content, sent[1].additional_kwargs) == ("Plan.", {"refusal": None})


def test_geminis_signature_goes_and_the_words_under_it_stay() -> None:
    sent = _sent(_history([{**TEXT, "extras": {"signature": "S", "index": 1}}]))
    assert sent[1].content == [{**TEXT, "extras": {"index": 1}}]


def test_openais_items_lose_the_ids_that_name_the_reasoning_before_them() -> None:
    call = {"type": "function_call", "id": "fc_1", "call_id": "1", "name": "look", "arguments": "{}"}
    calls = [{"name": "look", "args": {}, "id": "1"}]
    sent = _sent(_history([SIGNED[2], {**TEXT, "id": "msg_1"}, call], tool_calls=calls, id="msg_1"))
    assert sent[1].content == [TEXT, {key: value for key, value in call.items() if key != "id"}]
    assert (sent[1].id, sent[1].tool_calls[0]["id"]) == (None, "1")


def test_an_answer_of_nothing_but_reasoning_is_left_out() -> None:
    assert [message.text for message in _sent(_history([SIGNED[0]]))] == ["hard plan", "easy"]


@pytest.mark.parametrize("content", UNSIGNED)
def test_what_nobody_signed_is_sent_as_it_is(content: Any) -> None:
    history = _history(content)
    assert _sent(history)[1] is history[1]


def test_a_model_is_sent_its_own_reasoning() -> None:
    own = _history([SIGNED[0], TEXT], by="weak")
    assert _sent(own)[1] is own[1]
    dated = _history([SIGNED[0], TEXT], by=None, response_metadata={"model_name": "oak-1-2026-01-01"})
    assert _sent(dated)[1] is dated[1]


def test_reasoning_of_an_unknown_writer_is_left_as_it_is() -> None:
    unknown = _history([SIGNED[0], TEXT], by=None)
    assert _sent(unknown)[1] is unknown[1]
    named = _history([SIGNED[0], TEXT], by=None, response_metadata={"model_name": "elm-1"})
    assert _sent(named)[1].content == [TEXT]


def test_reasoning_may_be_sent_all_the_same() -> None:
    history = _history([SIGNED[0], TEXT])
    assert _sent(history, signed_reasoning="send")[1] is history[1]


def test_the_model_that_signed_may_be_kept() -> None:
    class Thinking(ChatElm):
        def _answer(self, *args: Any, **kwargs: Any) -> Any:
            answer = super()._answer(*args, **kwargs)
            return answer.model_copy(update={"content": [SIGNED[0], {"type": "text", "text": answer.text}]})

    model = routed(strong=Thinking(disable_streaming=True), signed_reasoning="keep_model")
    first = model.invoke([HumanMessage("hard plan")])
    answer = model.invoke([HumanMessage("hard plan"), first, HumanMessage("easy")])
    assert (decision_of(answer)["model"], decision_of(answer)["reason"]) == ("strong", "sticky")


async def test_every_entry_point_takes_it_out() -> None:
    weak = ChatOak()
    model = routed(weak=weak)
    history = _history([SIGNED[0], TEXT])
    await model.ainvoke(history)
    list(model.stream(history))
    model.batch([history])
    model.generate([history])
    list(model.stream_events(history, version="v3"))
    assert [call["messages"][1].content for call in weak.calls] == [[TEXT]] * 5


@pytest.mark.parametrize("per", ["run", "step"])
def test_an_agents_middleware_takes_it_out(per: Any) -> None:
    weak = ChatOak()
    routing = RouteLLMMiddleware(strong=ChatElm(), weak=weak, router=CountingRouter(), threshold=0.5, per=per)
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[routing])
    state = agent.invoke({"messages": _history([SIGNED[0], TEXT])})
    assert weak.calls[0]["messages"][1].content == [TEXT]
    assert state["messages"][1].content == [SIGNED[0], TEXT]


def test_the_rule_must_be_one() -> None:
    with pytest.raises(InvalidInputError, match="signed_reasoning must be one of"):
        routed(signed_reasoning="drop")
