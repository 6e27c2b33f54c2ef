"""What is bound reaches the children that can be bound to it, as it was given, and shows to who looks."""

import copy
import pickle
from typing import Any

import pytest
from langchain_core.messages import AIMessage
from langchain_core.runnables import Runnable, RunnableLambda
from langchain_core.tools import tool
from langgraph.prebuilt import create_react_agent

from shared_router import CapabilityError
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import decision_of, routed
from tests.langchain.scenarios import TOOLS, Weather, add_numbers, get_weather

SEARCH = {"type": "web_search"}


class OwnTools(ChatElm):
    """A model whose provider has a search of its own."""

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        if tools == [SEARCH]:
            return self.bind(search=True)
        return super().bind_tools(tools, **kwargs)


class Refusing(ChatOak):
    """A model that refuses what it does not know, with an error of the test's choice."""

    refusal: Any = None

    def bind_tools(self, tools: Any, **kwargs: Any) -> Any:
        raise self.refusal

    def with_structured_output(self, schema: Any, **kwargs: Any) -> Any:
        raise self.refusal


def test_a_prebound_model_shows_its_tools_as_its_child_would() -> None:
    bound: Any = routed().bind_tools(TOOLS)
    child: Any = ChatElm().bind_tools(TOOLS)
    assert bound.kwargs["tools"] == child.kwargs["tools"]


@pytest.mark.parametrize("copied", [lambda model: pickle.loads(pickle.dumps(model)), copy.deepcopy])
def test_a_bound_model_is_copied_though_a_tools_function_is_nowhere_to_import(copied: Any) -> None:
    @tool
    def weather(city: str) -> str:
        """Tell the weather."""
        return f"It rains in {city}."

    bound: Any = copied(routed().bind_tools([weather]))
    child: Any = ChatElm().bind_tools([weather])
    assert bound.kwargs["tools"] == child.kwargs["tools"]
    assert decision_of(bound.invoke("easy"))["model"] == "weak"


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_an_agent_keeps_the_options_of_a_prebound_model() -> None:
    weak = ChatOak()
    bound = routed(weak=weak).bind_tools(TOOLS, parallel_tool_calls=False)
    create_react_agent(bound, TOOLS).invoke({"messages": [("user", "hello")]})
    assert [call["parallel_tool_calls"] for call in weak.calls] == [False]
    assert [tool["function"]["name"] for tool in weak.calls[0]["tools"]] == ["get_weather", "add_numbers"]


@pytest.mark.filterwarnings("ignore:create_react_agent has been moved")
def test_an_agents_check_for_other_tools_than_those_bound_works() -> None:
    bound = routed().bind_tools([get_weather])
    with pytest.raises(ValueError, match="Missing tools"):
        create_react_agent(bound, [add_numbers])
    with pytest.raises(ValueError, match="Number of tools"):
        create_react_agent(bound, TOOLS)


def test_tools_bound_anew_over_those_bound_replace_them_as_they_do_bare() -> None:
    strong = ChatElm()
    other: Any = ChatElm().bind_tools([add_numbers])
    routed(strong=strong).bind_tools([get_weather]).bind(tools=other.kwargs["tools"]).invoke("hard")
    assert [tool["name"] for tool in strong.calls[0]["tools"]] == ["add_numbers"]


@pytest.mark.parametrize(
    "refusal",
    [ValueError("no"), TypeError("no"), KeyError("no"), NotImplementedError(), AttributeError("no")],
)
def test_what_one_child_refuses_goes_to_the_other(refusal: Exception) -> None:
    model = routed(weak=Refusing(refusal=refusal))
    answer = model.bind_tools(TOOLS).invoke("easy")
    assert (decision_of(answer)["model"], decision_of(answer)["reason"]) == ("strong", "capability:tools")
    assert isinstance(model.with_structured_output(Weather).invoke("easy 3"), Weather)
    reverse = routed(strong=Refusing(refusal=refusal), weak=ChatElm())
    assert decision_of(reverse.bind_tools(TOOLS).invoke("hard"))["model"] == "weak"


def test_a_tool_that_only_one_provider_has_goes_to_it() -> None:
    strong = OwnTools()
    weak = Refusing(refusal=ValueError("Unsupported tool type"))
    answer = routed(strong=strong, weak=weak).bind_tools([SEARCH]).invoke("easy")
    assert decision_of(answer)["reason"] == "capability:tools"
    assert strong.calls[0]["search"] is True


def test_all_refusals_are_told_together_where_no_child_is_left() -> None:
    model = routed(strong=Refusing(refusal=ValueError("no json")), weak=Refusing(refusal=TypeError("no way")))
    with pytest.raises(
        CapabilityError, match="strong: ValueError: no json; weak: TypeError: no way"
    ) as caught:
        model.with_structured_output(Weather, method="json_mode")
    assert isinstance(caught.value.__cause__, ValueError)


def test_a_mistake_that_all_children_refuse_alike_is_told_in_their_words() -> None:
    refusal = ValueError("Unsupported function 42")
    with pytest.raises(ValueError, match="^Unsupported function 42$") as caught:
        routed(strong=Refusing(refusal=refusal), weak=Refusing(refusal=refusal)).bind_tools([42])  # type: ignore[list-item]
    assert caught.value is refusal


def test_a_runnable_child_without_tools_leaves_them_to_the_other() -> None:
    weak: Any = RunnableLambda(lambda _: AIMessage("fixed"))
    assert decision_of(routed(weak=weak).bind_tools(TOOLS).invoke("easy"))["model"] == "strong"


class Narrow(ChatElm):
    """A model that structures its output and takes no options."""

    def with_structured_output(self, schema: Any) -> Runnable[Any, Any]:  # type: ignore[override]
        return self | RunnableLambda(lambda message: schema(place=message.text, days=1))


def test_a_child_is_told_only_what_the_caller_gave() -> None:
    model = routed(strong=Narrow(), weak=Narrow())
    assert model.with_structured_output(Weather).invoke("hard").place == "elm-1 says: hard"  # type: ignore[union-attr]
    with pytest.raises(TypeError, match="include_raw"):
        model.with_structured_output(Weather, include_raw=False)
