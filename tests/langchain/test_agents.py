"""A routed model in an agent: one model through a tool loop, every token counted and streamed once."""

from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import HumanMessage

from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import IN_ASYNC_NODES, CountingRouter, decision_of, routed
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS

QUESTION: Any = {"messages": [HumanMessage("A hard question: what is the weather in Rome?")]}


def _agent(model: Any, tools: Any = TOOLS) -> Any:
    return create_agent(model, tools=tools)


def _answers(state: Any) -> list[Any]:
    return [message for message in state["messages"] if message.type == "ai"]


async def test_an_agent_stays_with_one_model_through_its_tool_loop() -> None:
    router = CountingRouter()
    strong, weak = ChatElm(), ChatOak()
    agent = _agent(routed(router=router, strong=strong, weak=weak))
    for state in (agent.invoke(QUESTION), await agent.ainvoke(QUESTION)):
        assert [message.type for message in state["messages"]] == ["human", "ai", "tool", "ai"]
        assert [decision_of(answer)["reason"] for answer in _answers(state)] == ["score", "sticky"]
    assert (len(strong.calls), len(weak.calls)) == (4, 0)
    assert len(router.asked) == 2


def test_an_agents_usage_is_counted_once() -> None:
    """Words sent: 9, then 9 + 0 + the tool's answer; the fake counts a word as a token."""
    usage = UsageMetadataCallbackHandler()
    state = _agent(routed()).invoke(QUESTION, config={"callbacks": [usage]})
    counted = [answer.usage_metadata for answer in _answers(state)]
    total = usage.usage_metadata["elm-1"]
    assert total["input_tokens"] == sum(each["input_tokens"] for each in counted)
    assert total["output_tokens"] == sum(each["output_tokens"] for each in counted)


async def test_langgraphs_messages_mode_shows_each_token_once_with_the_decision() -> None:
    agent = _agent(routed(), [])
    expected = "elm-1 says: hard"
    asked: Any = {"messages": [HumanMessage("hard")]}
    streams = [list(agent.stream(asked, stream_mode="messages"))]
    if IN_ASYNC_NODES:
        streams.append([chunk async for chunk in agent.astream(asked, stream_mode="messages")])
    for chunks in streams:
        assert "".join(message.text for message, _ in chunks) == expected
        assert {metadata["routellm_model"] for _, metadata in chunks} == {"strong"}


def test_an_agent_steers_its_model_by_the_graphs_configurable() -> None:
    agent = _agent(routed())
    state = agent.invoke(QUESTION, config={"configurable": {"routellm_route": "weak", "thread_id": "1"}})
    assert {decision_of(answer)["model"] for answer in _answers(state)} == {"weak"}


def test_a_traced_agent_shows_the_real_model_and_the_decision() -> None:
    recorder = Recorder()
    _agent(routed()).invoke(QUESTION, config={"callbacks": [recorder]})
    assert [metadata["ls_provider"] for metadata in recorder.metadata] == ["elm", "elm"]
    assert [metadata["ls_model_name"] for metadata in recorder.metadata] == ["elm-1", "elm-1"]
    assert [metadata["routellm_reason"] for metadata in recorder.metadata] == ["score", "sticky"]


@pytest.mark.parametrize("sticky", ["tool_loop", "conversation"])
def test_a_new_question_is_routed_anew_unless_the_conversation_is_sticky(sticky: Any) -> None:
    model = routed(sticky=sticky)
    messages: list[Any] = [HumanMessage("hard")]
    messages += [model.invoke(messages), HumanMessage("thanks")]
    expected = {"tool_loop": ("weak", "score"), "conversation": ("strong", "sticky")}
    decision = decision_of(model.invoke(messages))
    assert (decision["model"], decision["reason"]) == expected[sticky]
