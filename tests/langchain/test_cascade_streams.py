"""Nothing of a rejected answer reaches a reader, whichever way it reads."""

import sys
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, AIMessageChunk, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langgraph.graph import StateGraph
from langgraph.graph.message import add_messages
from typing_extensions import TypedDict

from shared_router.testing import FixedRouter
from tests.answer_scorers import never
from tests.langchain.cascaded import cascaded, models_of
from tests.langchain.fake_tool_models import ChatOak
from tests.langchain.models import IN_ASYNC_NODES, by_word, decision_of
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS, Weather, all_of

EASY, HARD = "an easy question", "a hard question"
pytestmark = [
    pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainBetaWarning"),
    pytest.mark.filterwarnings("ignore:astream_events version"),
]


class ChatChatty(ChatOak):
    """A model that streams whether it is asked to or not."""

    streaming: bool = False


def _chunks(model: Any, question: str) -> list[AIMessageChunk]:
    return list(model.stream(question))


def test_an_accepted_weak_answer_is_one_piece_and_a_strong_one_streams() -> None:
    (weak,) = _chunks(cascaded(), EASY)
    assert (weak.text, weak.chunk_position) == (f"oak-1 says: {EASY}", "last")
    assert weak.usage_metadata is not None
    strong = _chunks(cascaded(), HARD)
    assert [chunk.text for chunk in strong[:3]] == ["elm-1 ", "says: ", "a "]
    assert all("oak" not in chunk.text for chunk in strong)
    assert decision_of(strong[0])["model"] == "strong"


def test_an_accepted_answer_that_calls_tools_streams_its_calls() -> None:
    asked = AIMessage("", tool_calls=[{"name": "f", "args": {"a": "é"}, "id": "1"}])

    class ChatAsking(ChatOak):
        def _answer(self, *args: Any, **kwargs: Any) -> AIMessage:
            return asked.model_copy()

    (chunk,) = _chunks(cascaded(weak=ChatAsking()), EASY)
    assert [(call["name"], call["args"]) for call in chunk.tool_calls] == [("f", {"a": "é"})]


async def _read_from_events(events: list[Any]) -> str:
    return "".join(each["data"]["chunk"].text for each in events if each["event"] == "on_chat_model_stream")


@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize("version", ["v1", "v2"])
@pytest.mark.parametrize(("question", "who"), [(EASY, "oak"), (HARD, "elm")])
async def test_events_are_of_the_accepted_answer_alone(
    version: Any, question: str, who: str, streaming: bool
) -> None:
    model = cascaded(weak=ChatChatty(streaming=streaming))
    prompt = ChatPromptTemplate.from_messages([("user", "{q}")])
    for runnable in (model, prompt | model | StrOutputParser(), prompt | model.bind_tools(TOOLS)):
        given: Any = question if runnable is model else {"q": question}
        events = await all_of(runnable.astream_events(given, version=version))
        assert await _read_from_events(events) == f"{who}-1 says: {question}"
        kinds = [each["event"] for each in events if "chat_model" in each["event"]]
        assert (kinds.count("on_chat_model_start"), kinds.count("on_chat_model_end")) == (1, 1)
        ended = next(each for each in events if each["event"] == "on_chat_model_end")
        output = ended["data"]["output"]
        message = output if isinstance(output, AIMessage) else output["generations"][0][0]["message"]
        assert message.text == f"{who}-1 says: {question}"


@pytest.mark.parametrize(("question", "who"), [(EASY, "oak"), (HARD, "elm")])
async def test_events_of_structured_output_are_of_the_accepted_answer_alone(question: str, who: str) -> None:
    structured = cascaded().with_structured_output(Weather)
    events = await all_of(structured.astream_events(question, version="v2"))
    started = [each for each in events if each["event"] == "on_chat_model_start"]
    assert len(started) == 1
    assert started[0]["metadata"]["ls_provider"] == who


@pytest.mark.parametrize(("question", "who"), [(EASY, "oak"), (HARD, "elm")])
async def test_version_3_streams_the_accepted_answer(question: str, who: str) -> None:
    model, said = cascaded(), f"{who}-1 says: {question}"
    stream = model.stream_events(question, version="v3")
    assert str(stream.text) == said
    astream = await model.astream_events(question, version="v3")
    assert await astream.text == said


class _State(TypedDict):
    messages: Annotated[list[Any], add_messages]


def _graph(model: Any) -> Any:
    def answer(state: _State) -> Any:
        return {"messages": [model.invoke(state["messages"])]}

    async def aanswer(state: _State) -> Any:
        return {"messages": [await model.ainvoke(state["messages"])]}

    from langchain_core.runnables import RunnableLambda

    graph = StateGraph(_State)
    graph.add_node("answer", RunnableLambda(answer, aanswer))
    graph.set_entry_point("answer")
    graph.set_finish_point("answer")
    return graph.compile()


@pytest.mark.parametrize("deadline", [None, 60.0])
@pytest.mark.parametrize("bound", [False, True])
@pytest.mark.parametrize("streaming", [False, True])
@pytest.mark.parametrize(("question", "who"), [(EASY, "oak"), (HARD, "elm")])
async def test_a_graphs_messages_are_of_the_accepted_answer_alone(
    question: str, who: str, streaming: bool, bound: bool, deadline: float | None
) -> None:
    model = cascaded(weak=ChatChatty(streaming=streaming), deadline=deadline)
    graph = _graph(model.bind_tools(TOOLS) if bound else model)
    asked: Any = {"messages": [HumanMessage(question)]}
    read = [list(graph.stream(asked, stream_mode="messages"))]
    if IN_ASYNC_NODES:
        read.append(await all_of(graph.astream(asked, stream_mode="messages")))
    for messages in read:
        assert "".join(message.text for message, _ in messages) == f"{who}-1 says: {question}"


@pytest.mark.skipif(sys.version_info < (3, 11), reason="callbacks are passed on from 3.11 on")
async def test_an_accepted_answer_tells_its_calls_in_a_graphs_messages() -> None:
    graph = _graph(cascaded())
    messages = list(graph.stream({"messages": [HumanMessage(EASY)]}, stream_mode="messages"))
    assert models_of(messages[0][0]) == ["weak"]


def test_a_handler_hears_no_token_of_a_rejected_answer() -> None:
    recorder = Recorder()
    model = cascaded(weak=ChatChatty(streaming=True))
    list(model.stream(HARD, {"callbacks": [recorder]}))
    tokens = "".join(event[3] for event in recorder.events if event[0] == "token")
    assert tokens == f"elm-1 says: {HARD}"


async def test_route_streams_the_routers_choice_alone() -> None:
    model = cascaded(on_stream="route", router=FixedRouter(by_word), router_threshold=0.5, scorer=never)
    for question, who, name in ((EASY, "oak", "weak"), (HARD, "elm", "strong")):
        for chunks in (_chunks(model, question), await all_of(model.astream(question))):
            assert "".join(chunk.text for chunk in chunks) == f"{who}-1 says: {question}"
            assert len(chunks) > 3
            assert models_of(chunks[0]) == [name]
        assert str(model.stream_events(question, version="v3").text) == f"{who}-1 says: {question}"


async def test_a_stream_that_is_closed_early_is_closed() -> None:
    stream = cascaded().stream(HARD)
    assert next(stream).text == "elm-1 "
    stream.close()  # type: ignore[attr-defined]
    astream = cascaded().astream(EASY)
    assert (await anext(astream)).text == f"oak-1 says: {EASY}"
    await astream.aclose()  # type: ignore[attr-defined]
