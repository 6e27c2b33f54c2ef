"""Every way to call a chat model asks the router once, the right child once, and tells it on one message."""

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from shared_router import CapabilityError, UnknownNameError
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import IN_ASYNC_NODES, CountingRouter, decision_of, routed

HARD, EASY = "elm-1 says: hard", "oak-1 says: easy"
QUESTIONS = ["hard", "easy", "hard"]
ANSWERS = [HARD, EASY, HARD]


class Weather(BaseModel):
    """The weather of a place."""

    place: str


async def test_invoke_and_ainvoke() -> None:
    assert routed().invoke("hard").text == HARD
    assert (await routed().ainvoke("easy")).text == EASY


async def test_a_stream_is_marked_on_exactly_one_chunk() -> None:
    chunks = list(routed().stream("hard"))
    achunks = [chunk async for chunk in routed().astream("hard")]
    for each in (chunks, achunks):
        assert "".join(chunk.text for chunk in each) == HARD
        assert [decision_of(chunk) is not None for chunk in each] == [True] + [False] * (len(each) - 1)
        assert decision_of(sum(each[1:], each[0]))["win_probability"] == 0.9


async def test_a_child_that_cannot_stream_yields_its_one_message() -> None:
    model = routed(weak=ChatStone())
    assert [chunk.text for chunk in model.stream("easy")] == ["stone-1 says: easy"]
    assert [chunk.text async for chunk in model.astream("easy")] == ["stone-1 says: easy"]


async def test_a_batch_is_scored_in_one_pass_and_answered_in_order() -> None:
    router = CountingRouter()
    model = routed(router=router)
    assert [answer.text for answer in model.batch(QUESTIONS)] == ANSWERS
    assert [answer.text for answer in await model.abatch(QUESTIONS)] == ANSWERS
    assert dict(model.batch_as_completed(QUESTIONS)).keys() == {0, 1, 2}
    assert {i: a.text async for i, a in model.abatch_as_completed(QUESTIONS)} == dict(enumerate(ANSWERS))
    assert router.asked == [QUESTIONS] * 4


async def test_a_batch_through_a_chain_is_scored_in_one_pass() -> None:
    router = CountingRouter()
    chain = ChatPromptTemplate.from_template("{q}") | routed(router=router) | StrOutputParser()
    inputs = [{"q": question} for question in QUESTIONS]
    assert chain.batch(inputs) == ANSWERS
    assert await chain.abatch(inputs) == ANSWERS
    assert router.asked == [QUESTIONS] * 2


def test_an_empty_batch_is_answered_with_nothing() -> None:
    router = CountingRouter()
    assert routed(router=router).batch([]) == []
    assert list(routed(router=router).batch_as_completed([])) == []
    assert router.asked == []


async def test_one_bad_request_of_a_batch_fails_alone() -> None:
    mistyped = {"configurable": {"routellm_rout": "weak"}}
    inputs: list[Any] = ["hard", "easy", 42, "easy"]
    configs: list[Any] = [{}, mistyped, {}, {"configurable": {"routellm_route": "strong"}}]
    model = routed()
    for answers in (
        model.batch(inputs, configs, return_exceptions=True),
        await model.abatch(inputs, configs, return_exceptions=True),
    ):
        first, second, third, fourth = answers
        assert (first.text, fourth.text) == (HARD, "elm-1 says: easy")
        assert (type(second), type(third)) == (UnknownNameError, ValueError)
    with pytest.raises(UnknownNameError):
        model.batch(inputs, configs)


async def test_a_router_that_raises_takes_no_other_answer_of_the_batch() -> None:
    def fail_on_bad(query: str) -> float:
        if query == "bad":
            raise RuntimeError
        return 0.9

    model = routed(router=CountingRouter(fail_on_bad), on_router_error="raise")
    inputs = ["hard", "bad", "hard"]
    for answers in (
        model.batch(inputs, return_exceptions=True),
        await model.abatch(inputs, return_exceptions=True),
    ):
        assert [type(answer) for answer in answers] == [AIMessage, RuntimeError, AIMessage]


def test_a_child_that_fails_takes_no_other_answer_of_the_batch() -> None:
    model = routed(strong=ChatElm(error=TimeoutError("child")))
    answers: list[Any] = model.batch(QUESTIONS, return_exceptions=True)
    assert [type(answer) for answer in answers] == [TimeoutError, AIMessage, TimeoutError]


async def test_generate_asks_each_child_for_its_own_and_keeps_the_order() -> None:
    router = CountingRouter()
    strong, weak = ChatElm(), ChatOak()
    model = routed(router=router, strong=strong, weak=weak)
    conversations: list[Any] = [[HumanMessage(question)] for question in QUESTIONS]
    for result in (model.generate(conversations), await model.agenerate(conversations)):
        assert [answers[0].text for answers in result.generations] == ANSWERS
        models = [decision_of(answers[0].message)["model"] for answers in result.generations]  # type: ignore[union-attr]
        assert models == ["strong", "weak", "strong"]
        assert result.llm_output == {"strong": {}, "weak": {}}
        assert len(result.run or []) == 3
    assert router.asked == [QUESTIONS] * 2
    assert (len(strong.calls), len(weak.calls)) == (4, 2)


async def test_generate_works_over_a_runnable_child() -> None:
    model = routed(weak=RunnableLambda(lambda messages: ChatOak().invoke(messages)))
    conversations: list[Any] = [[HumanMessage("easy")]]
    assert model.generate(conversations).generations[0][0].text == EASY
    assert (await model.agenerate(conversations)).generations[0][0].text == EASY


async def test_wrappers_that_call_generate_directly_get_the_childs() -> None:
    model = routed()
    assert model._generate([HumanMessage("hard")]).generations[0].text == HARD
    assert (await model._agenerate([HumanMessage("hard")])).generations[0].text == HARD
    other = routed(strong=RunnableLambda(lambda messages: ChatElm().invoke(messages)))
    assert other._generate([HumanMessage("hard")]).generations[0].text == HARD
    assert (await other._agenerate([HumanMessage("hard")])).generations[0].text == HARD


def test_tools_are_bound_by_the_child_that_is_chosen_in_its_own_format() -> None:
    strong, weak = ChatElm(), ChatOak()
    bound = routed(strong=strong, weak=weak).bind_tools([Weather], tool_choice="any")
    for question in ("hard", "easy"):
        (call,) = bound.invoke(question).tool_calls
        assert (call["name"], call["args"]) == ("Weather", {"place": question})
    assert [tool.keys() for tool in strong.calls[0]["tools"]] == [{"name", "input_schema"}]
    assert [tool.keys() for tool in weak.calls[0]["tools"]] == [{"type", "function"}]


def test_a_tool_that_is_none_is_refused_when_it_is_bound() -> None:
    with pytest.raises(ValueError, match="42"):
        routed().bind_tools([42])  # type: ignore[list-item]


def test_a_model_that_cannot_use_tools_is_not_asked_to() -> None:
    answer = routed(strong=ChatStone()).bind_tools([Weather]).invoke("hard weather")
    assert (decision_of(answer)["model"], decision_of(answer)["reason"]) == ("weak", "capability:tools")


def test_tools_that_no_child_can_use_are_refused_when_they_are_bound() -> None:
    model = routed(strong=ChatStone(), weak=ChatStone())
    with pytest.raises(CapabilityError, match="strong and weak cannot: tools"):
        model.bind_tools([Weather])
    with pytest.raises(CapabilityError, match="strong and weak cannot: structured_output"):
        model.with_structured_output(Weather)


async def test_structured_output_is_each_childs_own_method() -> None:
    strong, weak = ChatElm(), ChatOak()
    router = CountingRouter()
    model = routed(strong=strong, weak=weak, router=router).with_structured_output(Weather)
    assert model.invoke("hard") == Weather(place="hard")
    assert await model.ainvoke("easy") == Weather(place="easy")
    assert model.batch(["hard", "easy"]) == [Weather(place="hard"), Weather(place="easy")]
    assert "response_schema" in strong.calls[0]
    assert "tools" in weak.calls[0]
    assert router.asked == [["hard"], ["easy"], ["hard", "easy"]]
    assert model.OutputType is Weather


def test_structured_output_with_its_raw_message_carries_its_decision() -> None:
    model = routed().with_structured_output(Weather, include_raw=True)
    answer: Any = model.invoke("hard")
    assert answer["parsed"] == Weather(place="hard")
    assert decision_of(answer["raw"])["model"] == "strong"


async def test_run_time_keys_work_through_everything_that_wraps_a_model() -> None:
    config: Any = {"configurable": {"routellm_route": "weak"}}
    model = routed()
    wrapped: list[Any] = [
        model.bind_tools([Weather]),
        model.with_config({"tags": ["t"]}),
        model.with_retry(),
        model.with_fallbacks([ChatStone()]),
        ChatPromptTemplate.from_messages([("user", "{q}")]) | model,
        RunnableLambda(lambda question: model.invoke(question)),
    ]
    for each in wrapped:
        given = {"q": "hard"} if "PromptTemplate" in repr(each) else "hard"
        assert decision_of(each.invoke(given, config=config))["model"] == "weak"
        if IN_ASYNC_NODES or not isinstance(each, RunnableLambda):
            assert decision_of(await each.ainvoke(given, config=config))["model"] == "weak"
        assert decision_of(model.with_config(config).invoke("hard"))["model"] == "weak"


async def test_a_router_that_blocks_scores_off_the_event_loop() -> None:
    threads: list[str] = []

    def note(query: str) -> float:
        import threading

        threads.append(threading.current_thread().name)
        return 0.9

    await routed(router=CountingRouter(note, blocking=True)).ainvoke("hi")
    await routed(router=CountingRouter(note, blocking=False)).ainvoke("hi")
    assert threads[0] != "MainThread"
    assert threads[1] == "MainThread"


async def test_a_hundred_streams_at_once_lose_and_double_nothing() -> None:
    model = routed()

    async def text(i: int) -> str:
        return "".join([chunk.text async for chunk in model.astream(f"hard {i}")])

    texts = await asyncio.gather(*(text(i) for i in range(100)))
    assert texts == [f"elm-1 says: hard {i}" for i in range(100)]
