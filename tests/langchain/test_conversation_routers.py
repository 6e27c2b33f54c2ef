"""A router that reads conversations is given them, whole, by everything that routes in LangChain."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.prompts import ChatPromptTemplate

from langchain_routellm import RoutedChatModel, RouteLLMRouter
from tests.conversation_reader import Reader
from tests.langchain.fake_tool_models import ChatElm, ChatOak

TALK = [HumanMessage("What is 2+2?"), AIMessage("4"), HumanMessage("Now prove it.")]
AS_GIVEN = [
    {"role": "user", "content": "What is 2+2?"},
    {"role": "assistant", "content": "4"},
    {"role": "user", "content": "Now prove it."},
]


def routed(reader: Reader, **settings: Any) -> RoutedChatModel:
    return RoutedChatModel(strong=ChatElm(), weak=ChatOak(), router=reader, threshold=0.5, **settings)


@pytest.mark.parametrize("way", ["invoke", "ainvoke", "stream", "batch", "abatch", "router"])
def test_a_router_that_reads_conversations_decides_by_all_of_them(way: str) -> None:
    reader = Reader()
    model = routed(reader)
    match way:
        case "invoke":
            model.invoke(TALK)
        case "ainvoke":
            asyncio.run(model.ainvoke(TALK))
        case "stream":
            list(model.stream(TALK))
        case "batch":
            model.batch([TALK, "a question"])
        case "abatch":
            asyncio.run(model.abatch([TALK, "a question"]))
        case "router":
            assert RouteLLMRouter(router=reader, threshold=0.5).invoke(TALK).model == "strong"
    assert reader.given[0] == AS_GIVEN
    assert [each[0]["content"] for each in reader.given[1:]] == ["a question"] * (len(reader.given) - 1)


def test_an_answer_in_the_conversation_can_make_it_go_strong() -> None:
    model = routed(Reader())
    assert model.invoke(TALK).text.startswith("elm-1")
    assert model.invoke(TALK[:1]).text.startswith("oak-1")


def test_a_templates_variable_is_the_conversations_last_turn() -> None:
    reader = Reader()
    template = ChatPromptTemplate([("system", "Be brief."), ("placeholder", "{before}"), ("human", "Q: {q}")])
    (template | routed(reader, query_keys=["q"])).invoke({"before": TALK[:2], "q": "Now prove it."})
    assert reader.given[0][-1] == {"role": "user", "content": "Now prove it."}
    assert [message["role"] for message in reader.given[0]] == ["system", "user", "assistant", "user"]


def test_a_text_that_the_caller_chose_is_asked_about_alone() -> None:
    reader = Reader()
    answer = routed(reader, route_on=lambda messages: "chosen").invoke(TALK)
    assert answer.response_metadata["routellm"]["win_probability"] == 0.25
    assert reader.given == []
