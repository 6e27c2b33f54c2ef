"""A blend of chat models: elm, oak and stone answer, the longest answer is ranked best."""

import asyncio
import threading
import time
from collections.abc import Sequence
from typing import Any

import pytest
from langchain_core.callbacks import UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, SystemMessage
from langchain_core.runnables import RunnableLambda
from langchain_tests.unit_tests import ChatModelUnitTests

from langchain_routellm import BlendedChatModel
from shared_router import (
    InvalidInputError,
    PlanTimeoutError,
    ScorerOutputError,
    TokenPrices,
    UnknownNameError,
)
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import decision_of
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS, Weather, all_of
from tests.langchain.test_cascades import ChatReply, _answers
from tests.langchain.test_standard import ABLE, _Capabilities, _no_web, _TwoModelsHeard, pytestmark

__all__ = ["_no_web", "pytestmark"]

PRICES = {"elm": TokenPrices(10.0, 30.0), "oak": TokenPrices(1.0, 3.0), "stone": TokenPrices(1.0, 3.0)}
QUESTION = "a short question"


def by_length(question: str, answers: Sequence[str]) -> list[float]:
    """Prefer long answers."""
    return [float(len(answer)) for answer in answers]


def joined(question: str, answers: Sequence[str]) -> str:
    """Write all answers down."""
    return " and ".join(answers)


def blended(**changes: Any) -> BlendedChatModel:
    """Return a blend of three, of which stone's name makes the longest answer."""
    models = {"elm": ChatElm(), "oak": ChatOak(), "stone": ChatStone(model="stone-1")}
    return BlendedChatModel(**{"models": models, "ranker": by_length, **changes})


def models_of(message: Any) -> list[str]:
    """Return who was asked."""
    return [call["model"] for call in decision_of(message)["calls"]]


async def test_every_way_to_call_it_answers_with_the_best_answer() -> None:
    for answer in await _answers(blended(), QUESTION):
        assert answer.text == f"stone-1 says: {QUESTION}"
        assert decision_of(answer)["model"] == "stone"
        assert decision_of(answer)["reason"] == "ranked"
        assert decision_of(answer)["ranker"] == "by_length"
        assert models_of(answer) == ["elm", "oak", "stone"]


async def test_every_way_to_call_it_answers_with_what_a_fuser_wrote() -> None:
    for answer in await _answers(blended(fuser=joined, top_k=2), QUESTION):
        assert answer.text == f"stone-1 says: {QUESTION} and elm-1 says: {QUESTION}"
        assert decision_of(answer)["reason"] == "fused:stone,elm"
        assert decision_of(answer)["model"] == "joined"
        assert models_of(answer) == ["elm", "oak", "stone", "joined"]


async def test_a_chat_model_fuses_by_a_prompt_with_the_best_answers_in_it() -> None:
    fuser = ChatOak(model="fuser-1")
    for answer in await _answers(blended(fuser=fuser), QUESTION):
        assert answer.text.startswith("fuser-1 says: Below are a request and 3 answers")
        assert f"<answer_1>\nstone-1 says: {QUESTION}\n</answer_1>" in answer.text
        assert decision_of(answer)["model"] == "fuser"
        assert models_of(answer) == ["elm", "oak", "stone", "fuser"]


async def test_every_call_is_told_with_its_score_and_dollars() -> None:
    """Three words read, six written: elm (3 * 10 + 5 * 30) / 1e6 dollars, the others a tenth of that."""
    model = blended(prices=PRICES)
    for answer in await _answers(model, QUESTION):
        told = decision_of(answer)
        assert [call["score"] for call in told["calls"]] == [28.0, 28.0, 30.0]
        assert [call["dollars"] for call in told["calls"]] == pytest.approx([180e-6, 18e-6, 18e-6])
        assert told["dollars"] == pytest.approx(216e-6)
        assert "threshold" not in told


def test_a_chat_model_that_fuses_is_on_the_bill() -> None:
    model = blended(fuser=ChatOak(model="fuser-1"), prices={**PRICES, "fuser": TokenPrices(1.0, 1.0)})
    told = decision_of(model.invoke(QUESTION))
    assert told["calls"][-1]["dollars"] > 0
    assert told["dollars"] == pytest.approx(216e-6 + told["calls"][-1]["dollars"])
    own = decision_of(blended(fuser=joined, prices=PRICES).invoke(QUESTION))
    assert own["calls"][-1] == {"model": "joined", "score": None, "dollars": 0.0}
    assert own["dollars"] == pytest.approx(216e-6)


async def test_usage_is_counted_once_for_each_call_that_was_made() -> None:
    model, counter = blended(), UsageMetadataCallbackHandler()
    config: Any = {"callbacks": [counter]}
    model.invoke(QUESTION, config)
    await model.ainvoke(QUESTION, config)
    list(model.stream(QUESTION, config))
    model.batch([QUESTION], config)
    totals = {name: usage["input_tokens"] for name, usage in counter.usage_metadata.items()}
    assert totals == {"elm-1": 12, "oak-1": 12, "stone-1": 12}


def test_callbacks_hear_of_each_childs_run_once_and_of_no_other() -> None:
    recorder = Recorder()
    blended().invoke(QUESTION, {"callbacks": [recorder]})
    assert sorted(event[0] for event in recorder.events) == ["model_end"] * 3 + ["model_start"] * 3
    assert sorted(each["routellm_model"] for each in recorder.metadata) == ["elm", "oak", "stone"]
    assert len({each["routellm_plan"] for each in recorder.metadata}) == 1


async def test_listeners_to_a_stream_hear_of_the_best_answer_alone() -> None:
    heard = [event async for event in blended().astream_events(QUESTION, version="v2")]
    text = "".join(event["data"]["chunk"].text for event in heard if event["event"] == "on_chat_model_stream")
    assert text == f"stone-1 says: {QUESTION}"


async def test_the_models_are_asked_at_the_same_time() -> None:
    together = threading.Barrier(3, timeout=5)

    class ChatTogether(ChatOak):
        def _answer(self, *args: Any, **kwargs: Any) -> Any:
            together.wait()
            return super()._answer(*args, **kwargs)

    models: dict[str, Any] = {name: ChatTogether(model=name) for name in ("one", "two", "three")}
    assert blended(models=models).invoke(QUESTION).text == f"three says: {QUESTION}"
    begun: list[str] = []
    all_begun = asyncio.Event()

    class ChatAwaiting(ChatOak):
        async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
            begun.append(self.model)
            if len(begun) == 3:
                all_begun.set()
            await asyncio.wait_for(all_begun.wait(), 5)
            return self._generate(*args, **kwargs)

    models = {name: ChatAwaiting(model=name) for name in ("one", "two", "three")}
    assert (await blended(models=models).ainvoke(QUESTION)).text == f"three says: {QUESTION}"


@pytest.mark.parametrize(
    "bad",
    [
        ChatElm(error=ConnectionError("down")),
        ChatReply(message=AIMessage("")),
        RunnableLambda(lambda _: 1 / 0),
    ],
)
async def test_an_answer_that_fails_leaves_the_blend(bad: Any) -> None:
    model = blended(models={"bad": bad, "oak": ChatOak(), "elm": ChatElm(model="elm-with-a-long-name")})
    for answer in (model.invoke(QUESTION), await model.ainvoke(QUESTION)):
        assert decision_of(answer)["model"] == "elm"
        assert decision_of(answer)["calls"][0] == {"model": "bad", "score": None, "dollars": None}
    alone = blended(models={"bad": bad, "oak": ChatOak()})
    assert decision_of(alone.invoke(QUESTION))["reason"] == "only_answer"


async def test_where_every_model_fails_the_first_ones_error_is_raised() -> None:
    down = {"a": ChatOak(error=ConnectionError("down")), "b": ChatElm(error=ValueError("no"))}
    with pytest.raises(ConnectionError, match="down"):
        blended(models=down).invoke(QUESTION)
    with pytest.raises(ConnectionError, match="down"):
        await blended(models=down).ainvoke(QUESTION)


def test_a_batchs_errors_stand_in_their_answers_places() -> None:
    good, bad = blended().batch([QUESTION, 42], return_exceptions=True)
    assert good.text == f"stone-1 says: {QUESTION}"
    assert isinstance(bad, ValueError)


class ChatSlow(ChatElm):
    """Answer after half a second."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        time.sleep(0.5)
        return super()._generate(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0.5)
        return super()._generate(*args, **kwargs)


async def test_a_model_that_is_late_leaves_the_blend() -> None:
    models = {"slow": ChatSlow(), "oak": ChatOak(), "elm": ChatElm(model="elm-with-a-long-name")}
    model = blended(models=models, deadline=0.2)
    for answer in (model.invoke(QUESTION), await model.ainvoke(QUESTION)):
        assert decision_of(answer)["model"] == "elm"
        assert [call["score"] is None for call in decision_of(answer)["calls"]] == [True, False, False]
    late = blended(models={"a": ChatSlow(), "b": ChatSlow()}, deadline=0.05)
    with pytest.raises(PlanTimeoutError):
        late.invoke(QUESTION)
    with pytest.raises(PlanTimeoutError):
        await late.ainvoke(QUESTION)


def _broken(question: str, answers: Sequence[str]) -> list[float]:
    raise KeyError("broken")


async def test_a_ranker_that_fails_leaves_the_answer_to_the_rule() -> None:
    for rule, name in (("first", "elm"), ("oak", "oak")):
        model = blended(ranker=_broken, on_scorer_error=rule)
        for answer in (model.invoke(QUESTION), await model.ainvoke(QUESTION)):
            assert decision_of(answer)["model"] == name
            assert decision_of(answer)["reason"] == "ranker_error:KeyError"
    with pytest.raises(KeyError):
        blended(ranker=_broken, on_scorer_error="raise").invoke(QUESTION)
    with pytest.raises(ScorerOutputError):
        blended(ranker=lambda question, answers: [1.0], on_scorer_error="raise").invoke(QUESTION)


async def test_a_fuser_that_fails_leaves_the_best_answer() -> None:
    fusers: list[Any] = [ChatOak(error=ConnectionError("down")), lambda question, answers: ""]
    for fuser in fusers:
        model = blended(fuser=fuser)
        for answer in (model.invoke(QUESTION), await model.ainvoke(QUESTION)):
            assert decision_of(answer)["model"] == "stone"
            assert decision_of(answer)["reason"].startswith("fuser_error:")


def _asking(**arguments: Any) -> ChatReply:
    call = {"name": "get_weather", "args": arguments, "id": "1"}
    return ChatReply(message=AIMessage("", tool_calls=[call]))


def test_calls_of_tools_are_ranked_by_their_schemas_and_never_fused() -> None:
    models = {"a": _asking(town="Rome"), "b": _asking(place="Rome"), "c": ChatOak()}
    answer = blended(models=models, ranker=_broken, fuser=joined).bind_tools(TOOLS).invoke(QUESTION)
    assert decision_of(answer)["model"] == "b"
    assert decision_of(answer)["reason"] == "tool_calls"
    assert [call["score"] for call in decision_of(answer)["calls"]] == [0.0, 1.0, None]
    assert answer.tool_calls[0]["args"] == {"place": "Rome"}


def test_only_models_that_take_tools_are_asked_with_tools() -> None:
    answer = blended().bind_tools(TOOLS).invoke(QUESTION)
    assert models_of(answer) == ["elm", "oak"]


async def test_structured_output_is_ranked_as_the_object_it_is() -> None:
    read: list[list[str]] = []

    def ranker(question: str, answers: Sequence[str]) -> list[float]:
        read.append(list(answers))
        return [0.0, 1.0]

    replies = {"a": {"place": "Rome", "days": 1}, "b": {"place": "Oslo", "days": 2}}
    models = {
        name: ChatReply(message=AIMessage("", tool_calls=[{"name": "Weather", "args": args, "id": "1"}]))
        for name, args in replies.items()
    }
    structured = blended(models=models, ranker=ranker, fuser=joined).with_structured_output(Weather)
    outcomes = [structured.invoke(QUESTION), await structured.ainvoke(QUESTION)]
    for outcome in (*outcomes, *structured.stream(QUESTION)):
        assert isinstance(outcome, Weather)
        assert outcome.place == "Oslo"
    assert Weather.model_validate_json(read[0][0]).place == "Rome"


def test_an_image_is_not_ranked_by_who_reads_words_alone() -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,iVBORw0KGgo="}}
    message = HumanMessage([{"type": "text", "text": "what is it?"}, image])
    models = {"elm": ChatElm(profile={"image_inputs": True}), "oak": ChatOak(profile={"image_inputs": True})}
    answer = blended(models=models).invoke([message])
    assert decision_of(answer)["reason"] == "ranker_cannot_read:images"
    assert decision_of(answer)["model"] == "elm"


async def test_one_model_can_be_asked_for() -> None:
    model, config = blended(), {"configurable": {"routellm_route": "oak"}}
    for answer in (model.invoke(QUESTION, config), await model.ainvoke(QUESTION, config)):  # type: ignore[arg-type]
        assert answer.text == f"oak-1 says: {QUESTION}"
        assert decision_of(answer)["reason"] == "route"
        assert models_of(answer) == ["oak"]
    with pytest.raises(UnknownNameError):
        model.invoke(QUESTION, {"configurable": {"routellm_route": "ash"}})


def test_a_request_without_a_question_goes_to_the_first_model() -> None:
    answer = blended().invoke([SystemMessage("be nice")])
    assert decision_of(answer)["reason"] == "no_query"
    assert models_of(answer) == ["elm"]


async def test_a_chain_streams_a_blend() -> None:
    chain = RunnableLambda(lambda text: text) | blended()
    assert "".join([chunk.text async for chunk in chain.astream(QUESTION)]) == f"stone-1 says: {QUESTION}"
    assert len(await all_of(blended().astream(QUESTION))) == 1


def test_a_rule_that_is_assigned_holds_from_then_on() -> None:
    model = blended()
    model.ranker = lambda question, answers: [-float(len(answer)) for answer in answers]
    assert decision_of(model.invoke(QUESTION))["model"] == "elm"
    model.fuser = joined
    model.top_k = 3
    assert decision_of(model.invoke(QUESTION))["reason"] == "fused:elm,oak,stone"
    with pytest.raises(InvalidInputError, match="top_k"):
        model.top_k = 0
    assert model.top_k == 3
    copy = model.model_copy(update={"fuser": None})
    assert decision_of(copy.invoke(QUESTION))["reason"] == "ranked"
    assert model.fuser is joined


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"models": None}, "must be of models by name"),
        ({"models": {"a": ChatOak()}}, "two models or more"),
        ({"ranker": None}, "a ranker or a fuser"),
        ({"ranker": 3}, "ranker must be a function"),
        ({"fuser": 3}, "fuser must be a function"),
        ({"top_k": 0}, "top_k must be"),
        ({"on_scorer_error": "ash"}, "on_scorer_error must be one of"),
        ({"deadline": 0}, "deadline must be"),
        ({"scorer_timeout": "1"}, "scorer_timeout must be"),
        ({"router": "static-v2"}, "asks every model, got router"),
        ({"threshold": 0.5}, "asks every model, got threshold"),
        ({"threshold": 0.0}, "asks every model, got threshold"),
        ({"models": [ChatElm(), ChatOak()]}, "must be of models by name, got list"),
        ({"models": {"fuser": ChatElm(), "b": ChatOak()}, "fuser": ChatOak()}, 'must not be called "fuser"'),
        ({"models": {"raise": ChatElm(), "b": ChatOak()}}, "must have a name"),
        ({"ranker": None, "rankr": by_length}, "did you mean 'ranker'"),
        ({"budget": object()}, "cannot carry out budget"),
        ({"resilience": object()}, "cannot carry out resilience"),
        ({"observers": ["log.jsonl"]}, "cannot carry out observers"),
        ({"strong": ChatOak()}, "strong"),
    ],
)
def test_arguments_that_break_a_rule_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        blended(**arguments)


class _Blended:
    @property
    def chat_model_class(self) -> type[BlendedChatModel]:
        return BlendedChatModel

    @property
    def chat_model_params(self) -> dict[str, Any]:
        models = {"elm": ChatElm(**ABLE), "oak": ChatOak(**ABLE)}
        return {"models": models, "ranker": by_length}


class TestUnit(_Blended, _Capabilities, ChatModelUnitTests):
    pass


class TestIntegration(_Blended, _Capabilities, _TwoModelsHeard):
    pass
