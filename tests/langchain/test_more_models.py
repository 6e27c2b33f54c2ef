"""Three models under one, through a subclass that names them and a policy that decides between them."""

from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.tools import tool
from typing_extensions import override

from langchain_routellm import RoutedChatModel, RoutedRunnable, RouteLLMRouter
from langchain_routellm.children import Child
from shared_router import InvalidInputError, RoutingPolicy, TokenPrices, UnknownNameError
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.three_tiers import ThreeTiers

SCORES = {"hard weather": 0.9, "fair weather": 0.5, "easy weather": 0.1}


class ThreeModels(RoutedChatModel):
    """A chat model over three."""

    medium: Child

    @property
    @override
    def children(self) -> dict[str, Child]:
        return {"strong": self.strong, "medium": self.medium, "weak": self.weak}

    @property
    @override
    def policy(self) -> RoutingPolicy:
        return ThreeTiers(FixedRouter(SCORES))


@tool
def weather(city: str) -> str:
    """Tell the weather."""
    return f"It rains in {city}."


def three(**kwargs: Any) -> ThreeModels:
    given = {"strong": ChatOak(model="big"), "medium": ChatElm(model="mid"), "weak": ChatOak(model="small")}
    return ThreeModels(**{**given, **kwargs})


ASKED = [("hard weather", "strong"), ("fair weather", "medium"), ("easy weather", "weak")]


@pytest.mark.parametrize(("question", "name"), ASKED)
async def test_each_question_goes_to_one_of_three(question: str, name: str) -> None:
    """(1 - 0.9) * 3 = 0.3, (1 - 0.5) * 3 = 1.5 and (1 - 0.1) * 3 = 2.7: tiers 0, 1 and 2."""
    routed = three()
    answers = [routed.invoke(question), await routed.ainvoke(question), *routed.batch([question, question])]
    assert [answer.response_metadata["routellm"]["model"] for answer in answers] == [name] * 4
    assert answers[0].text == routed.children[name].invoke(question).text
    streamed = "".join(chunk.text for chunk in routed.stream(question))
    assert streamed == answers[0].text


def test_a_batch_over_three_models_is_answered_in_order() -> None:
    routed = three()
    answers = routed.batch([question for question, _ in ASKED])
    assert [answer.response_metadata["routellm"]["model"] for answer in answers] == [n for _, n in ASKED]


@pytest.mark.parametrize(("question", "name"), ASKED)
def test_each_of_three_is_given_tools_in_its_own_format(question: str, name: str) -> None:
    answer = three().bind_tools([weather]).invoke(question)
    assert answer.response_metadata["routellm"]["model"] == name
    assert [call["name"] for call in answer.tool_calls] == ["weather"]


def test_a_tool_loop_stays_with_the_third_model() -> None:
    model = three().bind_tools([weather])
    asked = HumanMessage("fair weather")
    first = model.invoke([asked])
    result = ToolMessage("hard weather", tool_call_id=first.tool_calls[0]["id"])
    decision = model.invoke([asked, first, result]).response_metadata["routellm"]
    assert (decision["model"], decision["reason"]) == ("medium", "sticky")


def test_what_the_third_model_cannot_do_goes_to_the_best_that_can() -> None:
    model = three(medium=ChatStone(model="mid")).bind_tools([weather])
    decision = model.invoke("fair weather").response_metadata["routellm"]
    assert (decision["model"], decision["reason"]) == ("strong", "score")


def test_the_third_model_may_have_a_price() -> None:
    """Two words are read and as many written as the answer has, at $1 a million."""
    prices = {"medium": TokenPrices(1.0, 1.0)}
    answer = three(prices=prices).invoke("fair weather")
    tokens = 2 + len(answer.text.split())
    assert answer.response_metadata["routellm"]["dollars"] == pytest.approx(tokens / 1e6)
    with pytest.raises(InvalidInputError, match="small"):
        three(prices={"small": TokenPrices(1.0, 1.0)})


def test_one_call_can_name_the_third_model() -> None:
    routed = three()
    config: Any = {"configurable": {"routellm_route": "medium"}}
    answer = routed.invoke("hard weather", config)
    assert isinstance(answer, AIMessage)
    assert answer.response_metadata["routellm"]["model"] == "medium"
    with pytest.raises(UnknownNameError, match=r"route must be one of \['strong', 'medium', 'weak'\]"):
        routed.invoke("hard weather", {"configurable": {"routellm_route": "small"}})


def test_a_chain_may_be_one_of_many() -> None:
    chains = RoutedRunnable(
        models={"strong": ChatElm(), "medium": lambda messages: "medium", "weak": ChatOak()},
        policy=ThreeTiers(FixedRouter(SCORES)),
    )
    question = next(question for question, name in ASKED if name == "medium")
    assert chains.invoke(question) == "medium"
    with pytest.raises(InvalidInputError, match="models must be those that the policy"):
        RoutedRunnable(models={"strong": ChatElm(), "other": ChatOak()}, policy=ThreeTiers())
    with pytest.raises(InvalidInputError, match="weak must be a Runnable"):
        RoutedRunnable(strong=ChatElm())


@pytest.mark.parametrize("per", ["run", "step"])
@pytest.mark.parametrize(("question", "name"), ASKED)
def test_an_agents_model_may_be_one_of_many(question: str, name: str, per: Any) -> None:
    from langchain.agents import create_agent

    from langchain_routellm import RouteLLMMiddleware

    routing = RouteLLMMiddleware(
        models={"strong": ChatElm(), "medium": ChatStone(), "weak": ChatOak()},
        policy=ThreeTiers(FixedRouter(SCORES)),
        per=per,
    )
    agent: Any = create_agent(ChatOak(model="unused"), middleware=[routing])
    answer = agent.invoke({"messages": [("user", question)]})["messages"][-1]
    assert answer.response_metadata["routellm"]["model"] == name


def test_an_edge_may_lead_to_one_of_many() -> None:
    edge = RouteLLMRouter(policy=ThreeTiers(FixedRouter(SCORES)))
    assert [decision.model for decision in edge.batch([q for q, _ in ASKED])] == [name for _, name in ASKED]
