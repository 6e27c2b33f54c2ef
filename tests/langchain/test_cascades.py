import asyncio
import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from langchain_core.callbacks import BaseCallbackHandler, UsageMetadataCallbackHandler
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableLambda
from pydantic import BaseModel

from langchain_routellm import CascadedChatModel, savings
from shared_router import (
    CapabilityError,
    GivenAnswer,
    InvalidInputError,
    PlanTimeoutError,
    RoutingPolicy,
    ScorerOutputError,
    TokenPrices,
    UnknownNameError,
)
from shared_router.testing import FixedRouter
from tests.answer_scorers import BAD_ARGUMENTS, accepts, accepts_easy, broken, not_a_number, rejects, slow
from tests.langchain.cascaded import cascaded, models_of
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import by_word, decision_of
from tests.langchain.recorder import Recorder
from tests.langchain.scenarios import TOOLS, Weather, all_of

PRICES = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}
EASY, HARD = "an easy question", "a hard question"


class ChatReply(ChatOak):
    """Answer with a message that it is given."""

    message: Any = None

    def _answer(self, messages: list[Any], stop: Any, **kwargs: Any) -> AIMessage:
        super()._answer(messages, stop, **kwargs)
        given: AIMessage = self.message
        return given.model_copy()


async def _answers(model: Any, question: str, **config: Any) -> list[AIMessage]:
    """Return what each way to call a model answers."""
    streamed, astreamed = list(model.stream(question)), await all_of(model.astream(question))
    return [
        model.invoke(question),
        await model.ainvoke(question),
        sum(streamed[1:], streamed[0]),
        sum(astreamed[1:], astreamed[0]),
        *model.batch([question, question]),
        *await model.abatch([question]),
        next(answer for _, answer in model.batch_as_completed([question])),
        (await all_of(model.abatch_as_completed([question])))[0][1],
        model.generate([[HumanMessage(question)]]).generations[0][0].message,
        (await model.agenerate([[HumanMessage(question)]])).generations[0][0].message,
    ]


@pytest.mark.parametrize(
    ("question", "model", "asked", "reason"),
    [(EASY, "weak", ["weak"], "score"), (HARD, "strong", ["weak", "strong"], "escalated:score")],
)
@pytest.mark.parametrize("deadline", [None, 60.0])
async def test_every_way_to_call_it_answers_with_the_accepted_answer(
    question: str, model: str, asked: list[str], reason: str, deadline: float | None
) -> None:
    for answer in await _answers(cascaded(deadline=deadline), question):
        assert answer.text == f"{'elm' if model == 'strong' else 'oak'}-1 says: {question}"
        assert decision_of(answer)["model"] == model
        assert decision_of(answer)["reason"] == reason
        assert models_of(answer) == asked


async def test_every_call_is_told_with_its_score_and_dollars() -> None:
    """Three words read, six written: weak (3 + 18) / 1e6 dollars, strong ten times that."""
    for answer in await _answers(cascaded(prices=PRICES), HARD):
        told = decision_of(answer)
        assert told["calls"] == [
            {"model": "weak", "score": 0.1, "dollars": pytest.approx(18e-6)},
            {"model": "strong", "score": None, "dollars": pytest.approx(180e-6)},
        ]
        assert told["dollars"] == pytest.approx(198e-6)
        assert (told["threshold"], told["scorer"]) == (0.5, "Check(accepts_easy)")
        assert "router" not in told


async def test_usage_is_counted_once_for_each_call_that_was_made() -> None:
    """Three words read and five written by each of two models."""
    model, counter = cascaded(), UsageMetadataCallbackHandler()
    config: Any = {"callbacks": [counter]}
    model.invoke(HARD, config)
    await model.ainvoke(HARD, config)
    list(model.stream(HARD, config))
    model.batch([HARD], config)
    totals = {name: usage["input_tokens"] for name, usage in counter.usage_metadata.items()}
    assert totals == {"elm-1": 12, "oak-1": 12}
    assert (len(model.weak.calls), len(model.strong.calls)) == (4, 4)  # type: ignore[attr-defined]


def test_callbacks_hear_of_each_childs_run_once_and_of_no_other() -> None:
    recorder = Recorder()
    cascaded().invoke(HARD, {"callbacks": [recorder]})
    assert [event[0] for event in recorder.events] == ["model_start", "model_end"] * 2
    told = [each["routellm_model"] for each in recorder.metadata]
    assert told == ["weak", "strong"]
    assert recorder.metadata[0]["routellm_plan"] == recorder.metadata[1]["routellm_plan"]
    assert recorder.metadata[1]["routellm_reason"] == "escalated:score"


def test_savings_are_less_the_rejected_weak_calls() -> None:
    """Weak 18, strong 180 millionths of a dollar; all strong would have been one strong call each."""
    model = cascaded(prices=PRICES)
    with savings(PRICES) as counted:
        model.invoke(HARD)
        report = counted.report()
    assert report.dollars == {"weak": pytest.approx(18e-6), "strong": pytest.approx(180e-6)}
    assert report.dollars_all_strong == pytest.approx(180e-6)
    assert report.dollars_saved == pytest.approx(-18e-6)
    assert report.strong_fraction == 1.0
    with savings(PRICES) as counted:
        model.batch([HARD, EASY])
        report = counted.report()
    assert report.dollars_all_strong == pytest.approx(360e-6)
    assert report.dollars_spent == pytest.approx((18 + 180 + 18) * 1e-6)
    assert report.strong_fraction == 0.5


@pytest.mark.parametrize(
    ("message", "reason"),
    [
        (AIMessage(""), "empty"),
        (AIMessage("half an ans", response_metadata={"finish_reason": "length"}), "cut_short"),
        (AIMessage("half an ans", response_metadata={"stop_reason": "max_tokens"}), "cut_short"),
        (AIMessage("half an ans", response_metadata={"status": "incomplete"}), "cut_short"),
        (AIMessage("no", additional_kwargs={"refusal": "I will not"}), "withheld"),
        (AIMessage([{"type": "refusal", "refusal": "I will not"}]), "withheld"),
        (AIMessage("I'm sorry, but I can't help with that."), "refused"),
    ],
)
async def test_an_answer_that_nobody_could_use_is_rejected_unread(message: AIMessage, reason: str) -> None:
    model = cascaded(weak=ChatReply(message=message), scorer=accepts)
    for answer in (model.invoke(EASY), await model.ainvoke(EASY)):
        assert decision_of(answer)["reason"] == f"escalated:{reason}"


async def test_a_weak_model_that_fails_is_passed_over() -> None:
    model = cascaded(weak=ChatOak(error=ConnectionError("down")))
    for answer in await _answers(model, EASY):
        assert decision_of(answer)["reason"] == "escalated:error:ConnectionError"
        assert models_of(answer) == ["weak", "strong"]


def test_a_strong_model_that_fails_is_the_callers_to_know() -> None:
    with pytest.raises(ConnectionError):
        cascaded(strong=ChatElm(error=ConnectionError("down"))).invoke(HARD)


def test_a_batchs_errors_stand_in_their_answers_places() -> None:
    model = cascaded(strong=ChatElm(error=ConnectionError("down")))
    first, second, third = model.batch([EASY, HARD, 42], return_exceptions=True)
    assert first.text == f"oak-1 says: {EASY}"
    assert isinstance(second, ConnectionError)
    assert isinstance(third, ValueError)
    with pytest.raises(ValueError, match="Invalid input type"):
        model.batch([EASY, 42])


@pytest.mark.parametrize("scorer", [broken, not_a_number])
async def test_a_scorer_that_fails_leaves_the_answer_to_the_rule(scorer: Any) -> None:
    for rule in ("strong", "weak"):
        model = cascaded(scorer=scorer, on_scorer_error=rule)
        for answer in (model.invoke(EASY), await model.ainvoke(EASY)):
            assert decision_of(answer)["model"] == rule
    with pytest.raises((KeyError, ScorerOutputError)):
        cascaded(scorer=scorer, on_scorer_error="raise").invoke(EASY)


async def test_a_slow_scorer_is_given_up() -> None:
    model = cascaded(scorer=slow, scorer_timeout=0.01)
    for answer in (model.invoke(EASY), await model.ainvoke(EASY)):
        assert decision_of(answer)["reason"] == "escalated:scorer_error:ScorerTimeoutError"


class ChatSlow(ChatElm):
    """Answer after half a second."""

    def _generate(self, *args: Any, **kwargs: Any) -> Any:
        time.sleep(0.5)
        return super()._generate(*args, **kwargs)

    async def _agenerate(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(0.5)
        return super()._generate(*args, **kwargs)


async def test_a_deadline_bounds_the_whole_plan() -> None:
    late = cascaded(strong=ChatSlow(), deadline=0.15)
    for answer in (late.invoke(HARD), await late.ainvoke(HARD)):
        assert decision_of(answer)["reason"] == "deadline"
        assert decision_of(answer)["model"] == "weak"
        assert models_of(answer) == ["weak", "strong"]
    too_late = cascaded(weak=ChatSlow(), strong=ChatSlow(), deadline=0.05)
    with pytest.raises(PlanTimeoutError):
        too_late.invoke(EASY)
    with pytest.raises(PlanTimeoutError):
        await too_late.ainvoke(EASY)


@pytest.mark.parametrize(("arguments", "valid"), [({"place": "Rome"}, True), ({"town": "Rome"}, False)])
def test_a_weak_answer_that_calls_tools_is_scored_by_their_schemas(arguments: Any, valid: bool) -> None:
    asked = AIMessage("", tool_calls=[{"name": "get_weather", "args": arguments, "id": "1"}])
    model = cascaded(weak=ChatReply(message=asked), scorer=broken)
    answer = model.bind_tools(TOOLS).invoke(EASY)
    assert decision_of(answer)["model"] == ("weak" if valid else "strong")
    assert decision_of(answer)["calls"][0]["score"] == float(valid)
    passing = cascaded(weak=ChatReply(message=asked), on_tool_calls="pass").bind_tools(TOOLS).invoke(HARD)
    assert decision_of(passing)["reason"] == "tool_calls"
    assert decision_of(passing)["calls"] == [{"model": "weak", "score": None, "dollars": None}]


def test_tool_calls_that_cannot_be_parsed_or_name_no_tool_are_rejected() -> None:
    unread = AIMessage(
        "", invalid_tool_calls=[{"name": "get_weather", "args": "{", "id": "1", "error": None}]
    )
    unknown = AIMessage("", tool_calls=[{"name": "get_wether", "args": {"place": "Rome"}, "id": "1"}])
    for message in (unread, unknown):
        answer = cascaded(weak=ChatReply(message=message)).bind_tools(TOOLS).invoke(EASY)
        assert decision_of(answer)["reason"] == "escalated:tool_calls"


async def test_structured_output_is_scored_as_the_object_it_is() -> None:
    read: list[str] = []

    def scorer(question: str, answer: str) -> float:
        read.append(answer)
        return accepts_easy(question, answer)

    structured = cascaded(scorer=scorer).with_structured_output(Weather)
    for question in (EASY, HARD):
        outcomes = [structured.invoke(question), await structured.ainvoke(question)]
        outcomes += list(structured.stream(question))
        assert all(isinstance(each, Weather) for each in outcomes)
    assert Weather.model_validate_json(read[0])


class Other(BaseModel):
    """Something that no model here writes."""

    n: int


def test_an_object_that_cannot_be_parsed_is_passed_over() -> None:
    unread: Any = RunnableLambda(lambda _: AIMessage("no object"))

    class ChatNoObject(ChatOak):
        def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
            def parse(message: AIMessage) -> Any:
                raise ValueError("no object")

            return unread | parse

    found = cascaded(weak=ChatNoObject(), scorer=accepts).with_structured_output(Weather).invoke(EASY)
    assert isinstance(found, Weather)
    raw: Any = cascaded(scorer=accepts).with_structured_output(Weather, include_raw=True).invoke(EASY)
    assert models_of(raw["raw"]) == ["weak"]


def test_the_question_is_scored_and_not_what_stands_around_it() -> None:
    asked: list[str] = []

    def scorer(question: str, answer: str) -> float:
        asked.append(question)
        return 1.0

    model = cascaded(scorer=scorer)
    model.invoke([("system", "You are hard."), ("user", "Hi"), ("ai", "Hello"), ("user", EASY)])
    assert asked == [EASY]


@pytest.mark.parametrize(("rule", "model"), [("strong", "strong"), ("weak", "weak")])
def test_a_question_with_an_image_is_not_for_a_scorer_of_text(rule: Any, model: str) -> None:
    image = {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}}
    asked = [HumanMessage([{"type": "text", "text": "What is this?"}, image])]
    answer = cascaded(scorer=broken, on_scorer_error=rule).invoke(asked)
    assert decision_of(answer)["reason"] == "scorer_cannot_read:images"
    assert models_of(answer) == [model]
    with pytest.raises(CapabilityError, match="images"):
        cascaded(scorer=accepts, on_scorer_error="raise").invoke(asked)

    class Seeing:
        reads = ("images",)

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return 1.0

    assert models_of(cascaded(scorer=Seeing()).invoke(asked)) == ["weak"]


def test_a_router_before_it_spares_hard_questions_the_weak_call() -> None:
    router = FixedRouter(by_word)
    model = cascaded(scorer=rejects, router=router, router_threshold=0.5)
    hard, easy = model.batch([HARD, EASY])
    assert models_of(hard) == ["strong"]
    assert models_of(easy) == ["weak", "strong"]
    told = decision_of(easy)
    assert (told["router"], told["router_threshold"], told["win_probability"]) == ("fixed", 0.5, 0.1)
    policy = RoutingPolicy(router, threshold=0.95)
    assert models_of(cascaded(scorer=accepts, policy=policy).invoke(HARD)) == ["weak"]


def test_one_call_is_steered() -> None:
    model = cascaded(scorer=lambda question, answer: 0.3)
    assert models_of(model.invoke(EASY)) == ["weak", "strong"]
    lenient: Any = {"configurable": {"routellm_threshold": 0.9}}
    assert models_of(model.invoke(EASY, lenient)) == ["weak"]
    assert decision_of(model.invoke(EASY, lenient))["threshold"] == 0.9
    for name in ("strong", "weak"):
        answer = model.invoke(EASY, {"configurable": {"routellm_route": name}})
        assert (models_of(answer), decision_of(answer)["reason"]) == ([name], "route")
    with pytest.raises(InvalidInputError, match="threshold must be a number in"):
        model.invoke(EASY, {"configurable": {"routellm_threshold": 2}})


def test_a_request_that_one_model_alone_can_serve_is_not_judged() -> None:
    model = cascaded(weak=ChatStone(), scorer=broken)
    answer = model.bind_tools(TOOLS).invoke(EASY)
    assert models_of(answer) == ["strong"]
    assert decision_of(answer)["reason"].startswith("capability:tools")


def test_several_answers_are_asked_for_where_the_scorer_wants_them() -> None:
    class Three:
        n_answers = 3

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return len({each.text for each in answers}) / len(answers)

    answer = cascaded(scorer=Three(), threshold=0.9).invoke(EASY)
    told = decision_of(answer)["calls"]
    assert [(call["model"], call["score"]) for call in told] == [
        ("weak", pytest.approx(1 / 3)),
        ("weak", None),
        ("weak", None),
    ]


def test_log_probabilities_are_asked_for_and_read() -> None:
    tokens = [
        {
            "token": "4",
            "logprob": -0.1,
            "top_logprobs": [{"token": "4", "logprob": -0.1}, {"token": "5", "logprob": -2.5}],
        }
    ]
    weak = ChatReply(message=AIMessage("4", response_metadata={"logprobs": {"content": tokens}}))
    read: list[GivenAnswer] = []

    class Confident:
        reads = ("token_log_probabilities",)

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            read.extend(answers)
            return 1.0

    cascaded(weak=weak, scorer=Confident()).invoke(EASY)
    assert weak.calls[0]["logprobs"] is True
    assert read[0].token_log_probabilities == (-0.1,)
    assert read[0].runner_up_log_probabilities == (-2.5,)


def test_a_scorer_for_another_model_is_refused() -> None:
    class Fitted:
        model = "oak-1"

        def good_enough(self, question: str, answers: Sequence[GivenAnswer]) -> float:
            return 1.0

    assert models_of(cascaded(scorer=Fitted()).invoke(EASY)) == ["weak"]
    with pytest.raises(InvalidInputError, match=r"must judge the model that it was fitted for \(oak-1\)"):
        cascaded(scorer=Fitted(), weak=ChatOak(model="oak-2"))
    unnamed: Any = RunnableLambda(lambda _: AIMessage("4"))
    assert models_of(cascaded(scorer=Fitted(), weak=unnamed).invoke(EASY)) == ["weak"]
    model = cascaded(scorer=Fitted())
    with pytest.raises(InvalidInputError, match="fitted for"):
        model.weak = ChatOak(model="oak-2")


@pytest.mark.parametrize(
    "changes",
    [*BAD_ARGUMENTS, {"models": {"a": ChatElm(), "b": ChatOak()}}, {"weak": None}, {"scorrer": accepts}],
)
def test_bad_arguments_are_refused(changes: Any) -> None:
    with pytest.raises((InvalidInputError, UnknownNameError)):
        cascaded(**changes)


def test_an_argument_is_changed_under_its_rule() -> None:
    model = cascaded(scorer=rejects)
    model.scorer = accepts
    assert models_of(model.invoke(HARD)) == ["weak"]
    model.threshold = 0.0
    assert models_of(model.invoke(HARD)) == ["weak", "strong"]
    model.threshold = 0.5
    model.router, model.router_threshold = FixedRouter(by_word), 0.5
    assert models_of(model.invoke(HARD)) == ["strong"]
    for name, value in {"threshold": 2, "scorer": 1, "deadline": 0, "router_threshold": 2}.items():
        with pytest.raises(InvalidInputError):
            setattr(model, name, value)
    copied = model.model_copy(update={"router": None, "router_threshold": None, "scorer": rejects})
    assert models_of(copied.invoke(HARD)) == ["weak", "strong"]
    assert models_of(model.invoke(EASY)) == ["weak"]


def test_it_says_what_it_is() -> None:
    model = cascaded()
    assert "cascade" in model._identifying_params
    assert repr(model.cascade) == "Cascade(Check(accepts_easy), threshold=0.5)"
    assert isinstance(model, CascadedChatModel)


def test_a_tool_loop_is_judged_to_its_end() -> None:
    """The weak model asks for a tool; what it makes of the tool's result is scored like any answer."""
    model = cascaded(scorer=rejects)
    bound = model.bind_tools(TOOLS)
    messages: list[Any] = [HumanMessage("What is the weather in Rome?")]
    messages.append(bound.invoke(messages))
    assert models_of(messages[-1]) == ["weak"]
    (call,) = messages[-1].tool_calls
    messages.append(ToolMessage("sunny", tool_call_id=call["id"]))
    answer = bound.invoke(messages)
    assert models_of(answer) == ["weak", "strong"]


def test_a_run_id_that_a_caller_gives_is_one_runs() -> None:
    seen: list[tuple[UUID, str]] = []

    class Ids(BaseCallbackHandler):
        def on_chat_model_start(self, serialized: Any, messages: Any, *, run_id: UUID, **kwargs: Any) -> None:
            seen.append((run_id, kwargs["metadata"]["routellm_model"]))

    given = uuid4()
    cascaded().invoke(HARD, {"run_id": given, "callbacks": [Ids()]})
    assert [model for _, model in seen] == ["weak", "strong"]
    assert [run_id == given for run_id, _ in seen] == [True, False]
