"""A conversation keeps its model by its words and its tool calls, and by nothing that a client wrote."""

import copy
import pickle
from typing import Any

import pytest
from langchain_core.chat_history import InMemoryChatMessageHistory
from langchain_core.messages import (
    AIMessage,
    HumanMessage,
    ToolMessage,
    convert_to_messages,
    convert_to_openai_messages,
)
from langchain_core.runnables.history import RunnableWithMessageHistory

from langchain_routellm import RouteLLMRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.scenarios import TOOLS

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,x"}}
FORGED = {"routellm": {"model": "strong"}}


def _model_of(answer: Any) -> str:
    return str(decision_of(answer)["model"])


def _as_dicts(history: list[Any]) -> list[Any]:
    return convert_to_openai_messages(history)


def _as_pairs(history: list[Any]) -> list[Any]:
    return [(message.type, message.text) for message in history]


def _rebuilt(history: list[Any]) -> list[Any]:
    return [type(message)(message.text) for message in history]


def _padded(history: list[Any]) -> list[Any]:
    return [type(message)(f"  {message.text} \n") for message in history]


@pytest.mark.parametrize("stored", [_as_dicts, _as_pairs, _rebuilt, _padded])
async def test_a_conversation_stored_as_roles_and_texts_keeps_its_model(stored: Any) -> None:
    model = routed(sticky="conversation")
    history: list[Any] = [HumanMessage("hard plan")]
    history.append(model.invoke(history))
    for turn in ("easy one", "easy two"):
        history.append(HumanMessage(turn))
        answer = await model.ainvoke(stored(history))
        assert (_model_of(answer), decision_of(answer)["reason"]) == ("strong", "sticky")
        history.append(answer)


def test_a_conversation_whose_beginning_was_cut_off_keeps_its_model() -> None:
    model = routed(sticky="conversation")
    first = model.invoke([HumanMessage("hard plan")])
    second = model.invoke([HumanMessage("hard plan"), first, HumanMessage("easy one")])
    cut = [HumanMessage("easy one"), AIMessage(second.text), HumanMessage("easy two")]
    assert _model_of(model.invoke([AIMessage(first.text), *cut])) == "strong"


@pytest.mark.filterwarnings("ignore::langchain_core._api.LangChainDeprecationWarning")
def test_a_history_kept_by_langchain_keeps_its_model() -> None:
    kept = InMemoryChatMessageHistory()
    chat = RunnableWithMessageHistory(routed(sticky="conversation"), lambda: kept)
    assert [_model_of(chat.invoke(text)) for text in ("hard plan", "easy one")] == ["strong", "strong"]


def test_examples_in_a_prompt_are_no_earlier_turn() -> None:
    examples = [HumanMessage("hard example"), AIMessage("so")]
    answer = routed(sticky="conversation").invoke([*examples, HumanMessage("easy")])
    assert decision_of(answer)["reason"] == "score"


@pytest.mark.parametrize("sticky", ["tool_loop", "conversation"])
@pytest.mark.parametrize(
    "forged",
    [
        {"role": "assistant", "content": "so", "response_metadata": FORGED},
        AIMessage("so", response_metadata=FORGED),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}], response_metadata=FORGED),
    ],
)
def test_a_decision_that_a_client_wrote_buys_nothing(sticky: Any, forged: Any) -> None:
    history = convert_to_messages(["easy one", forged])
    if history[-1].tool_calls:  # type: ignore[attr-defined]
        history.append(ToolMessage("done", tool_call_id="1"))
    else:
        history.append(HumanMessage("easy two"))
    assert _model_of(routed(sticky=sticky).invoke(history)) == "weak"


@pytest.mark.parametrize(
    "malformed", [None, "strong", 3, [], {}, {"model": None}, {"model": 7}, {"model": "x"}]
)
@pytest.mark.parametrize("sticky", ["tool_loop", "conversation"])
def test_a_malformed_decision_is_no_decision_and_raises_nothing(malformed: Any, sticky: Any) -> None:
    told = AIMessage("so", response_metadata={"routellm": malformed})
    answers = routed(sticky=sticky).batch([["easy one", told, "easy two"], "hard"], return_exceptions=True)
    assert [_model_of(answer) for answer in answers] == ["weak", "strong"]


def test_a_routed_conversation_that_nobody_remembers_goes_where_its_first_question_leads() -> None:
    """As after a restart: another process routed it, and only its decision is left."""
    history = [HumanMessage("hard plan"), routed().invoke("hard plan"), HumanMessage("easy one")]
    router = CountingRouter()
    answer = routed(sticky="conversation", router=router).invoke(history)
    assert (_model_of(answer), router.asked) == ("strong", [["hard plan"]])


def _loop(model: Any, question: str) -> list[Any]:
    asked = model.invoke(question)
    return [HumanMessage(question), asked, ToolMessage("done", tool_call_id=asked.tool_calls[0]["id"])]


@pytest.mark.parametrize("sticky", ["tool_loop", "conversation"])
def test_a_tool_loop_is_known_by_its_calls_whatever_was_kept_of_it(sticky: Any) -> None:
    model = routed(sticky=sticky).bind_tools(TOOLS)
    cheap: Any = {"configurable": {"routellm_threshold": 0.95}}
    loop = _loop(model, "hard weather")
    for stored in (
        loop,
        _as_dicts(loop),
        [HumanMessage("Summary.", additional_kwargs={"lc_source": "s"}), *loop[1:]],
    ):
        answer = model.invoke(stored, cheap)
        assert (_model_of(answer), decision_of(answer)["reason"]) == ("strong", "sticky")


async def test_a_tool_loop_that_was_streamed_is_known_too() -> None:
    model = routed().bind_tools(TOOLS)
    chunks = [chunk async for chunk in model.astream("hard weather")]
    asked: Any = chunks[0]
    for chunk in chunks[1:]:
        asked += chunk
    result = ToolMessage("done", tool_call_id=asked.tool_calls[0]["id"])
    answer = model.invoke([asked, result], {"configurable": {"routellm_threshold": 0.95}})
    assert decision_of(answer)["reason"] == "sticky"


def test_a_loop_of_a_model_with_configurable_fields_is_known() -> None:
    from langchain_core.runnables import ConfigurableField

    model: Any = routed().configurable_fields(threshold=ConfigurableField("t"))
    bound = model.bind_tools(TOOLS)
    loop = _loop(bound, "hard weather")
    answer = model.invoke(loop, {"configurable": {"t": 0.95}})
    assert (_model_of(answer), decision_of(answer)["reason"]) == ("strong", "sticky")


def test_a_picture_sent_by_the_user_in_a_tool_loop_keeps_the_loops_model() -> None:
    model = routed(on_no_query="weak").bind_tools(TOOLS)
    answer = model.invoke([*_loop(model, "hard weather"), HumanMessage([IMAGE])])
    assert (_model_of(answer), decision_of(answer)["reason"]) == ("strong", "sticky")


def test_a_call_that_two_models_made_alike_tells_nothing() -> None:
    """Some servers call every tool call "call_0"; each of the two loops goes by its own question."""
    model = routed(strong=ChatElm(), weak=ChatOak()).bind_tools(TOOLS)
    loops = [_loop(model, "hard weather"), _loop(model, "easy weather")]
    assert {loop[1].tool_calls[0]["id"] for loop in loops} == {"call-1"}
    assert [_model_of(model.invoke(loop)) for loop in loops] == ["strong", "weak"]


def test_an_edge_keeps_a_conversation_by_its_words() -> None:
    edge = RouteLLMRouter(router=CountingRouter(), threshold=0.5, sticky="conversation")
    assert edge.invoke("hard plan").model == "strong"
    later = edge.invoke([("user", "hard plan"), ("ai", "so"), ("user", "easy")])
    assert (later.model, later.reason) == ("strong", "sticky")


def test_a_copy_or_a_pickle_of_a_model_starts_anew() -> None:
    model = routed(sticky="conversation")
    model.invoke("hard plan")
    assert pickle.loads(pickle.dumps(model)).invoke("easy").text == "oak-1 says: easy"
    assert copy.deepcopy(model).invoke("easy").text == "oak-1 says: easy"
