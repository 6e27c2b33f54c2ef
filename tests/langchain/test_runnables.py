"""The decision alone, and two whole chains of which one runs."""

from dataclasses import dataclass, field
from operator import itemgetter
from typing import Annotated, Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from langgraph.graph import END, START, StateGraph
from langgraph.graph.message import add_messages
from pydantic import BaseModel
from typing_extensions import TypedDict

from langchain_routellm import RoutedRunnable, RouteLLMRouter
from shared_router import InvalidInputError, RoutingDecision, UnknownNameError
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import CountingRouter, decision_of
from tests.langchain.recorder import Recorder

PROMPT = ChatPromptTemplate.from_template("Answer: {question}")
HARD = RoutingDecision("strong", 0.9, 0.5, "fixed", "score")
EASY = RoutingDecision("weak", 0.1, 0.5, "fixed", "score")


def _router(**changes: Any) -> RouteLLMRouter:
    return RouteLLMRouter(**{"router": CountingRouter(), "threshold": 0.5, **changes})


def _chains(**changes: Any) -> RoutedRunnable:
    chains = {"strong": PROMPT | ChatElm(), "weak": PROMPT | ChatOak()}
    settings = {"router": CountingRouter(), "threshold": 0.5, "route_on": itemgetter("question")}
    return RoutedRunnable(**{**chains, **settings, **changes})


@dataclass(slots=True)
class _DataclassState:
    messages: list[BaseMessage] = field(default_factory=list)
    question: str = "hard"


class _PydanticState(BaseModel):
    messages: list[tuple[str, str]] = []
    question: str = "hard"


@pytest.mark.parametrize(
    "given",
    [
        _DataclassState([HumanMessage("hard")]),
        _PydanticState(messages=[("user", "hard")]),
        "hard",
        HumanMessage("hard"),
        [HumanMessage("hard")],
        [("user", "hard")],
        ChatPromptTemplate.from_template("hard").invoke({}),
        {"messages": [HumanMessage("hard"), AIMessage("easy")]},
    ],
)
async def test_a_router_finds_the_question_in_what_graphs_and_chains_pass_on(given: Any) -> None:
    assert _router().invoke(given) == HARD
    assert await _router().ainvoke(given) == HARD


def test_a_router_finds_the_question_where_route_on_says() -> None:
    assert _router(route_on=itemgetter("question")).invoke({"question": "easy"}) == EASY


@pytest.mark.parametrize("given", [{"question": "hard"}, 42, None])
def test_a_router_says_how_to_tell_it_where_the_question_is(given: Any) -> None:
    with pytest.raises(InvalidInputError, match="must be a text, messages or a state .*give route_on="):
        _router().invoke(given)


async def test_a_routers_batch_is_one_pass_with_a_run_each() -> None:
    router, recorder = CountingRouter(), Recorder()
    decide = _router(router=router)
    assert decide.batch(["hard", "easy"], {"callbacks": [recorder]}) == [HARD, EASY]
    assert await decide.abatch(["hard", "easy"]) == [HARD, EASY]
    assert router.asked == [["hard", "easy"]] * 2
    assert [event[:4] for event in recorder.events if event[0] == "chain_start"] == [
        ("chain_start", 1, 0, "RouteLLMRouter"),
        ("chain_start", 2, 0, "RouteLLMRouter"),
    ]


async def test_a_bad_input_of_a_routers_batch_fails_alone() -> None:
    for outcomes in (
        _router().batch(["hard", 42, "easy"], return_exceptions=True),
        await _router().abatch(["hard", 42, "easy"], return_exceptions=True),
    ):
        first, second, third = list[Any](outcomes)
        assert (first, type(second), third) == (HARD, InvalidInputError, EASY)
    with pytest.raises(InvalidInputError):
        _router().batch(["hard", 42])


def test_a_state_without_messages_is_no_question() -> None:
    assert _router(on_no_query="weak").invoke({"messages": []}).reason == "no_query"


def test_the_key_that_holds_the_question_may_be_named() -> None:
    router = CountingRouter()
    edge = _router(router=router, query_keys=["topic", "question"])
    edge.invoke({"question": "hard", "context": "easy"})
    edge.invoke({"question": [HumanMessage("easy"), AIMessage("so")], "topic": None})
    edge.invoke({"messages": [HumanMessage("other")]})
    assert router.asked == [["hard"], ["easy"], ["other"]]
    chains = _chains(router=router, route_on="last_human", query_keys=["question"])
    assert chains.invoke({"question": "hard"}).text == "elm-1 says: Answer: hard"
    with pytest.raises(InvalidInputError, match=r"query_keys must be names of variables"):
        _router(query_keys="question")


@pytest.mark.parametrize("state", [_DataclassState(), _PydanticState()])
def test_a_key_may_name_a_field_of_a_state_that_is_an_object(state: object) -> None:
    assert _router(query_keys=["question"]).invoke(state) == HARD


def test_a_router_after_a_template_is_routed_on_its_variable() -> None:
    router = CountingRouter()
    chain: Any = PROMPT | _router(router=router, query_keys=["question"])
    assert chain.invoke({"question": "easy"}) == EASY
    assert router.asked == [["easy"]]


def test_a_router_takes_the_run_time_keys() -> None:
    decision = _router().invoke("hard", {"configurable": {"routellm_route": "weak"}})
    assert (decision.model, decision.reason) == ("weak", "route")
    assert {spec.id for spec in _router().config_specs} == {
        "routellm_threshold",
        "routellm_route",
        "routellm_conversation",
        "routellm_tenant",
    }
    with pytest.raises(UnknownNameError):
        _router().invoke("hard", {"configurable": {"routellm_model": "weak"}})


class _State(TypedDict):
    messages: Annotated[list[BaseMessage], add_messages]


@pytest.mark.parametrize(("question", "answer"), [("hard", "elm-1 says: hard"), ("easy", "oak-1 says: easy")])
def test_a_router_chooses_a_graphs_edge(question: str, answer: str) -> None:
    graph = StateGraph(_State)
    strong, weak = ChatElm(), ChatOak()
    graph.add_node("strong", lambda state: {"messages": [strong.invoke(state["messages"])]})
    graph.add_node("weak", lambda state: {"messages": [weak.invoke(state["messages"])]})
    edge: Any = _router() | (lambda decision: decision.model)
    graph.add_conditional_edges(START, edge, ["strong", "weak"])
    graph.add_edge("strong", END)
    graph.add_edge("weak", END)
    state = graph.compile().invoke({"messages": [HumanMessage(question)]})
    assert state["messages"][-1].text == answer


async def test_a_chain_is_chosen_whole() -> None:
    chains = _chains()
    assert chains.invoke({"question": "hard"}).text == "elm-1 says: Answer: hard"
    assert (await chains.ainvoke({"question": "easy"})).text == "oak-1 says: Answer: easy"
    chunks = list(chains.stream({"question": "hard"}))
    achunks = [chunk async for chunk in chains.astream({"question": "hard"})]
    assert "".join(chunk.text for chunk in chunks) == "elm-1 says: Answer: hard"
    assert [chunk.text for chunk in achunks] == [chunk.text for chunk in chunks]
    assert [bool(decision_of(chunk)) for chunk in chunks] == [True] + [False] * (len(chunks) - 1)


async def test_chains_are_chosen_for_a_batch_in_one_pass() -> None:
    router = CountingRouter()
    chains = _chains(router=router)
    inputs = [{"question": "hard"}, {"question": "easy"}]
    for answers in (chains.batch(inputs), await chains.abatch(inputs)):
        assert [decision_of(answer)["model"] for answer in answers] == ["strong", "weak"]
    assert dict(chains.batch_as_completed(inputs)).keys() == {0, 1}
    assert router.asked == [["hard", "easy"]] * 3


def test_a_chosen_chains_run_is_the_only_run_and_carries_the_decision() -> None:
    recorder = Recorder()
    _chains().invoke({"question": "hard"}, {"callbacks": [recorder]})
    starts = [event for event in recorder.events if event[0].endswith("_start")]
    assert [(event[0], event[1], event[2]) for event in starts][:2] == [
        ("chain_start", 1, 0),
        ("chain_start", 2, 1),
    ]
    assert recorder.metadata[0]["routellm_model"] == "strong"


def test_chains_of_any_output_and_functions_may_be_chosen() -> None:
    chains = _chains(
        strong=PROMPT | ChatElm() | StrOutputParser(), weak=lambda given: given["question"].upper()
    )
    assert chains.invoke({"question": "hard"}) == "elm-1 says: Answer: hard"
    assert chains.invoke({"question": "easy"}) == "EASY"
    composed: Any = RunnableLambda(lambda text: {"question": text}) | chains
    assert composed.batch(["hard", "easy"]) == ["elm-1 says: Answer: hard", "EASY"]


def test_a_chain_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="weak must be a Runnable, a function .* got int"):
        _chains(weak=42)
