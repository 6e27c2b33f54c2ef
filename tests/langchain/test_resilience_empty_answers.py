"""An answer with the status 200 that holds nothing: the other model answers, or it is given back as it is."""

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.exceptions import OutputParserException
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage
from langchain_core.runnables import Runnable
from pydantic import BaseModel

from langchain_routellm import CascadedChatModel, RouteLLMMiddleware
from shared_router import Budget, Resilience, TokenPrices
from tests.fault_server import FaultServer
from tests.faults import Fault
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.listening import Listener, reason_of
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.test_resilience_providers import HARD, by_each, routed_over

OF_HTML = (ValueError, AttributeError)
"""What ChatOpenAI raises of a page of HTML, by its release."""

EMPTY = "fallback:strong->weak:EmptyAnswerError"


class Fact(BaseModel):
    text: str


@pytest.fixture
def server() -> Iterator[FaultServer]:
    """A provider."""
    with FaultServer() as running:
        yield running


class Says(ChatElm):
    """A strong model that answers with one message."""

    said: Any = None

    def _answer(self, *args: Any, **kwargs: Any) -> AIMessage:
        return self.said if isinstance(self.said, AIMessage) else AIMessage(self.said or "")


@pytest.mark.parametrize(
    "kind",
    ["no_choices", "null_choices", "no_message", "null_message", "empty_message", "empty_body", "html"],
)
async def test_an_answer_that_holds_nothing_moves_on_by_every_entry_point(
    server: FaultServer, kind: Any
) -> None:
    server.plan.always["strong"] = Fault(kind)
    model = routed_over(server)
    answers = await by_each(model)
    generated: Any = model.generate([[HumanMessage(HARD)]]).generations[0][0]
    answers["generate"] = generated.message
    answers["batch"] = (await asyncio.to_thread(model.batch, [HARD]))[0]
    for entry_point, answer in answers.items():
        assert decision_of(answer)["model"] == "weak", entry_point
        assert answer.text, entry_point


@pytest.mark.parametrize("kind", ["no_choices", "html", "null_message"])
def test_without_resilience_the_childs_own_error_stays(server: FaultServer, kind: Any) -> None:
    server.plan.always["strong"] = Fault(kind)
    model = routed_over(server, resilience=None)
    with pytest.raises((IndexError, *OF_HTML)) as of_the_child:
        model.children["strong"].invoke(HARD)
    with pytest.raises(type(of_the_child.value)) as raised:
        model.invoke(HARD)
    assert type(raised.value) is type(of_the_child.value)
    assert server.models_asked == ["strong", "strong"]


def test_without_resilience_an_empty_answer_is_an_answer(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("empty_message")
    answer = routed_over(server, resilience=None).invoke(HARD)
    assert (answer.text, reason_of(answer)) == ("", "score")


async def test_where_both_hold_nothing_the_last_ones_empty_answer_is_the_answer(server: FaultServer) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("empty_message")}
    for entry_point, answer in (await by_each(routed_over(server))).items():
        assert answer.text == "", entry_point
        assert reason_of(answer) == EMPTY, entry_point


async def test_where_the_other_one_is_down_an_empty_answer_is_given_back(server: FaultServer) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("500")}
    for entry_point, answer in (await by_each(routed_over(server))).items():
        assert (answer.text, reason_of(answer)) == ("", "score"), entry_point


def test_where_both_are_unreadable_the_first_error_is_raised(server: FaultServer) -> None:
    server.plan.always |= {"strong": Fault("no_choices"), "weak": Fault("html")}
    with pytest.raises(IndexError) as raised:
        routed_over(server).invoke(HARD)
    assert isinstance(raised.value.__context__, OF_HTML)


@pytest.mark.parametrize(
    "said",
    [
        AIMessage("", response_metadata={"finish_reason": "length"}),
        AIMessage("", response_metadata={"finish_reason": "content_filter"}),
        AIMessage("", tool_calls=[{"name": "look", "args": {}, "id": "1"}]),
        AIMessage("", invalid_tool_calls=[{"name": "look", "args": "{", "id": "1", "error": None}]),
        AIMessage("", additional_kwargs={"refusal": "I will not"}),
        AIMessage("", additional_kwargs={"reasoning_content": "so"}),
        AIMessage([{"type": "image", "base64": "aGk=", "mime_type": "image/png"}]),
        AIMessage(" "),
    ],
)
def test_what_is_cut_withheld_or_holds_anything_stays(said: AIMessage) -> None:
    assert reason_of(routed(strong=Says(said=said), resilience=Resilience()).invoke(HARD)) == "score"


@pytest.mark.parametrize("said", ["", [], [{"type": "text", "text": ""}]])
async def test_an_empty_message_moves_on_in_whatever_form(said: Any) -> None:
    model = routed(strong=Says(said=AIMessage(said)), resilience=Resilience())
    for answer in (model.invoke(HARD), await model.ainvoke(HARD)):
        assert reason_of(answer) == EMPTY


@pytest.mark.parametrize("include_raw", [False, True])
@pytest.mark.parametrize("method", ["function_calling", "json_schema"])
def test_an_object_that_cannot_be_read_of_nothing_is_asked_of_the_other_model(
    server: FaultServer, include_raw: bool, method: str
) -> None:
    server.plan.always["strong"] = Fault("empty_message")
    built: Runnable[Any, Any] = routed_over(server).with_structured_output(
        Fact, include_raw=include_raw, method=method
    )
    answer = built.invoke(HARD)
    assert (answer["parsed"] if include_raw else answer).text.startswith(" by weak")


async def test_what_is_raised_over_an_empty_answer_is_raised_where_no_other_model_answers(
    server: FaultServer,
) -> None:
    server.plan.always |= {"strong": Fault("empty_message"), "weak": Fault("500")}
    listener = Listener()
    built = routed_over(server, observers=[listener]).with_structured_output(Fact, method="json_mode")
    for _ in range(2):
        with pytest.raises(OutputParserException):
            built.invoke(HARD)
    with pytest.raises(OutputParserException):
        await built.ainvoke(HARD)
    assert [[model for model, _ in each] for each in listener.asked] == [["strong", "weak"]] * 3
    assert {each[0][1] for each in listener.asked} == {"EmptyAnswerError"}


def test_what_is_raised_over_an_answer_that_holds_something_stays(server: FaultServer) -> None:
    """The provider has answered: that its words are no JSON is not its failure."""
    built = routed_over(server).with_structured_output(Fact, method="json_mode")
    with pytest.raises(OutputParserException):
        built.invoke(HARD)
    assert server.models_asked == ["strong"]


def test_an_object_of_a_withheld_answer_is_asked_of_the_other_model(server: FaultServer) -> None:
    server.plan.always["strong"] = Fault("withheld")
    model = routed_over(server, resilience=Resilience(refusals=True, failures=None))
    answer: Any = model.with_structured_output(Fact, method="json_schema").invoke(HARD)
    assert answer.text.startswith(" by weak")


def test_an_empty_answer_is_billed_by_its_tokens() -> None:
    """100 tokens at a dollar a million are .0001 dollars, for each of the two models that answered."""
    usage = {"input_tokens": 60, "output_tokens": 40, "total_tokens": 100}
    one = TokenPrices(1.0, 1.0)
    spent, listener = Budget(1.0, per="day", max_output_tokens=1000), Listener()
    model = routed(
        strong=Says(said=AIMessage("", usage_metadata=usage)),
        weak=Says(said=AIMessage("so", usage_metadata=usage)),
        resilience=Resilience(),
        budget=spent,
        prices={"strong": one, "weak": one},
        observers=[listener],
    )
    assert model.invoke(HARD).text == "so"
    assert spent.used() == pytest.approx(0.0002)
    assert listener.asked == [[("strong", "EmptyAnswerError"), ("weak", None)]]


def test_empty_answers_open_a_breaker() -> None:
    model = routed(strong=Says(), resilience=Resilience(failures=2))
    reasons = [reason_of(model.invoke(HARD)) for _ in range(3)]
    assert reasons == [EMPTY, EMPTY, "fallback:strong->weak:breaker"]


async def test_an_agent_behind_the_middleware_is_answered_by_the_other_model() -> None:
    """Its weak model has the last word where it says nothing too, as after a tool's result it may."""
    routing = RouteLLMMiddleware(
        strong=Says(), weak=ChatOak(), router=CountingRouter(), threshold=0.5, resilience=Resilience()
    )
    built = create_agent(Says(), middleware=[routing])
    asked: Any = {"messages": [("user", HARD)]}
    for result in (built.invoke(asked), await built.ainvoke(asked)):
        messages: list[BaseMessage] = result["messages"]
        assert messages[-1].text.startswith("oak")
        assert reason_of(messages[-1]) == EMPTY


def test_a_cascades_last_model_that_says_nothing_leaves_the_answer_at_hand() -> None:
    """The weak answer was rejected, and is better than none."""
    model = CascadedChatModel(
        strong=Says(),
        weak=ChatOak(),
        scorer=lambda question, answer: 0.0,
        resilience=Resilience(),
    )
    answer = model.invoke(HARD)
    assert answer.text.startswith("oak")
    assert reason_of(answer) == EMPTY
