"""LlamaIndex's engines and agents over a routed LLM whose strong model is down, and what is kept of it."""

from __future__ import annotations

import pickle
from collections.abc import Iterator

import pytest
from llama_index.core.agent.workflow import FunctionAgent, ReActAgent
from llama_index.core.base.llms.types import ChatMessage
from llama_index.core.chat_engine import CondensePlusContextChatEngine, SimpleChatEngine
from llama_index.core.tools import FunctionTool

from llamaindex_routellm import RoutedLLM
from shared_router import Resilience
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.llamaindex.fakes import memory
from tests.llamaindex.faulty import BY_STRONG, BY_WEAK, MESSAGES, QUESTION, Heard, routed, strong_fails
from tests.llamaindex.indexes import index_of_documents

pytestmark = [
    pytest.mark.filterwarnings("ignore::pydantic.warnings.PydanticDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:is_running called from within a step"),
    pytest.mark.filterwarnings("ignore:Skipping serialization of known unserializable key"),
]


def look(word: str) -> str:
    """Look a word up."""
    return "found"


@pytest.fixture
def server() -> Iterator[FaultServer]:
    with FaultServer() as running:
        yield running


def test_a_query_engine_answers_where_the_strong_model_is_down(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("503")
    engine = index_of_documents().as_query_engine(llm=routed(server))
    assert str(engine.query(QUESTION)) == BY_WEAK


def test_a_streaming_query_engine_does_too(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("cut", at=1)
    engine = index_of_documents().as_query_engine(llm=routed(server), streaming=True)
    assert "".join(engine.query(QUESTION).response_gen) == BY_WEAK  # type: ignore[union-attr,arg-type]


async def test_an_asynchronous_query_engine_does_too(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("429")
    engine = index_of_documents().as_query_engine(llm=routed(server))
    assert str(await engine.aquery(QUESTION)) == BY_WEAK


def test_a_chat_engine_answers_where_the_strong_model_is_down(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("500")
    engine = SimpleChatEngine.from_defaults(llm=routed(server), memory=memory())
    assert str(engine.chat(QUESTION)) == BY_WEAK
    assert "".join(engine.stream_chat(QUESTION).response_gen) == BY_WEAK


def test_a_chat_engine_with_documents_does_too(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("500")
    engine = CondensePlusContextChatEngine.from_defaults(
        index_of_documents().as_retriever(), llm=routed(server), memory=memory()
    )
    assert str(engine.chat(QUESTION)) == BY_WEAK


async def test_an_agents_loop_stays_with_the_model_that_began_it(server: FaultServer) -> None:
    """The strong model fails once. The weak one asks for the tool, and it alone can read its answer."""
    strong_fails(server, "500")
    agent = FunctionAgent(
        tools=[FunctionTool.from_defaults(look)], llm=routed(server), streaming=False, system_prompt="Help."
    )
    assert str(await agent.run(QUESTION, memory=memory())) == BY_WEAK
    assert server.models_asked == ["strong", "weak", "weak"]


async def test_a_streaming_agents_loop_does_too(server: FaultServer) -> None:
    strong_fails(server, "reset")
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(look)], llm=routed(server))
    assert str(await agent.run(QUESTION, memory=memory())) == BY_WEAK
    assert server.models_asked == ["strong", "weak", "weak"]


async def test_the_next_run_of_the_same_question_begins_with_the_strong_model(server: FaultServer) -> None:
    strong_fails(server, "500")
    llm = routed(server)
    agent = FunctionAgent(tools=[FunctionTool.from_defaults(look)], llm=llm, streaming=False)
    await agent.run(QUESTION, memory=memory())
    server.asked.clear()
    assert str(await agent.run(QUESTION, memory=memory())) == BY_STRONG
    assert server.models_asked == ["strong", "strong"]


async def test_a_react_agent_answers_where_the_strong_model_is_down(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("503")
    agent = ReActAgent(tools=[FunctionTool.from_defaults(look)], llm=routed(server), streaming=False)
    assert BY_WEAK in str(await agent.run(QUESTION, memory=memory()))


def test_a_tool_loop_of_ones_own_stays_with_the_model_that_began_it(server: FaultServer) -> None:
    tools = [FunctionTool.from_defaults(look)]
    llm = routed(server)
    strong_fails(server, "500")
    asked = llm.chat_with_tools(tools, user_msg=QUESTION)
    result = ChatMessage(role="tool", content="found", additional_kwargs={"tool_call_id": "call_q7"})
    history = [*MESSAGES, asked.message, result]
    assert llm.chat_with_tools(tools, chat_history=history).message.content == BY_WEAK
    assert server.models_asked == ["strong", "weak", "weak"]
    # the question begins anew
    llm.chat_with_tools(tools, user_msg=QUESTION)
    llm.chat_with_tools(tools, chat_history=history)
    assert server.models_asked[3:] == ["strong", "strong"]


@pytest.mark.parametrize("kind", ["500", "cut"])
def test_a_conversation_whose_model_failed_is_decided_anew_at_its_next_question(
    server: FaultServer, kind: str
) -> None:
    llm = routed(server, sticky="conversation")
    strong_fails(server, kind)
    first = "".join(part.delta or "" for part in llm.stream_chat(MESSAGES))
    assert first == BY_WEAK
    history = [*MESSAGES, ChatMessage(role="assistant", content=first)]
    answer = llm.chat([*history, ChatMessage(role="user", content="And this HARD one, q8?")])
    assert answer.additional_kwargs["routellm"]["reason"] == "score"
    assert answer.additional_kwargs["routellm"]["model"] == "strong"


def test_a_call_that_failed_keeps_no_conversation(server: FaultServer) -> None:
    llm = routed(server, sticky="conversation", resilience=Resilience(max_attempts=1))
    strong_fails(server, "500")
    with pytest.raises(Exception, match="scripted 500"):
        llm.chat(MESSAGES)
    assert llm._routing.conversations is not None
    assert len(llm._routing.conversations.conversations) == 0


def test_a_pickled_llm_is_as_resilient_and_begins_with_closed_breakers(server: FaultServer) -> None:
    llm = routed(
        server, router="static-v1", threshold=None, resilience=Resilience(failures=1, order=["weak"])
    )
    again: RoutedLLM = pickle.loads(pickle.dumps(llm))
    assert again._given.resilience == llm._given.resilience
    assert again.call_health.breakers == {}


def test_an_llm_as_data_is_as_resilient(server: FaultServer) -> None:
    llm = routed(
        server,
        router="static-v1",
        threshold=None,
        resilience=Resilience(timeout={"strong": 3.0}, failures=None),
    )
    again = RoutedLLM.from_dict(llm.to_dict())
    assert again._given.resilience == llm._given.resilience


def test_observers_hear_of_each_step_of_an_engine_once(server: FaultServer) -> None:
    heard = Heard()
    server.plan.always["strong"] = Fault("503")
    engine = index_of_documents().as_query_engine(llm=routed(server, observers=[heard]))
    engine.query(QUESTION)
    assert len(heard.calls) == len(heard.ends) >= 1
    assert {end.outcome for end in heard.ends} == {"answered"}
    assert {end.decision.model for end in heard.ends} == {"weak"}
