"""Which text is routed on, where the decision stands, and how one call is steered."""

import copy
from typing import Any

import pytest
from langchain_core.messages import AIMessage, BaseMessage, HumanMessage, SystemMessage, ToolMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompt_values import ChatPromptValue
from langchain_core.prompts import ChatPromptTemplate

from shared_router import InvalidInputError, RouterFallbackWarning, UnknownNameError
from tests.langchain.fake_tool_models import ChatElm
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.langchain.recorder import Recorder

IMAGE = {"type": "image_url", "image_url": {"url": "data:image/png;base64,hard"}}
STRONG = {
    "model": "strong",
    "win_probability": 0.9,
    "threshold": 0.5,
    "router": "fixed",
    "reason": "score",
}


def _config(**configurable: Any) -> Any:
    return {"configurable": configurable}


def test_a_question_goes_to_the_model_that_its_win_probability_names() -> None:
    assert routed().invoke("a hard one").text == "elm-1 says: a hard one"
    assert routed().invoke("an easy one").text == "oak-1 says: an easy one"


def test_the_decision_stands_on_the_message_as_flat_scalars() -> None:
    assert decision_of(routed().invoke("hard")) == STRONG


def test_the_decision_stands_in_the_childs_run_under_flat_keys_without_the_prompt() -> None:
    recorder = Recorder()
    routed().invoke("hard, my secret", config={"callbacks": [recorder]})
    (metadata,) = recorder.metadata
    ours = {key: value for key, value in metadata.items() if key.startswith("routellm_")}
    assert ours == {f"routellm_{key}": value for key, value in STRONG.items()}
    assert "secret" not in str(metadata)


@pytest.mark.parametrize(
    "given",
    [
        "hard",
        [HumanMessage("hard")],
        ChatPromptValue(messages=[HumanMessage("hard")]),
        [("system", "easy"), ("user", "hard")],
        [{"role": "user", "content": "hard"}],
        [HumanMessage([{"type": "text", "text": "hard"}, IMAGE])],
        [HumanMessage("easy"), AIMessage("easy"), HumanMessage("hard")],
        [HumanMessage("hard"), AIMessage("easy", tool_calls=[]), ToolMessage("easy", tool_call_id="1")],
    ],
)
def test_the_last_human_words_are_scored_in_every_form_of_input(given: Any) -> None:
    router = CountingRouter()
    routed(router=router).invoke(given)
    assert router.asked == [["hard"]]


@pytest.mark.parametrize(
    "given",
    [
        [SystemMessage("hard")],
        [HumanMessage([IMAGE])],
        [HumanMessage("")],
        [AIMessage("hard")],
        [HumanMessage("hard", additional_kwargs={"lc_source": "summarization"})],
    ],
)
def test_a_request_without_a_question_of_its_users_follows_on_no_query(given: list[BaseMessage]) -> None:
    router = CountingRouter()
    answer = routed(router=router, on_no_query="weak").invoke(given)
    assert (decision_of(answer)["model"], decision_of(answer)["reason"]) == ("weak", "no_query")
    assert router.asked == []


def test_no_messages_are_no_question_and_the_provider_judges_them() -> None:
    """A prompt may be stored with the provider, so that a request need not hold a message."""

    class Stored(ChatElm):
        def _reply(self, *args: Any, **kwargs: Any) -> Any:
            return "from a stored prompt", []

    strong = Stored()
    answer = routed(strong=strong).bind(prompt="stored-1").invoke([])
    assert (answer.text, decision_of(answer)["reason"]) == ("from a stored prompt", "no_query")
    assert strong.calls == [{"messages": [], "stop": None, "prompt": "stored-1"}]


def test_route_on_chooses_the_text() -> None:
    model = routed(route_on=lambda messages: messages[0].text)
    assert decision_of(model.invoke([SystemMessage("hard"), HumanMessage("hi")]))["model"] == "strong"


def test_route_on_must_return_text() -> None:
    with pytest.raises(InvalidInputError, match="route_on must return a string or None, got list"):
        routed(route_on=lambda messages: messages).invoke("hi")


def test_a_threshold_of_one_call_applies_to_it_alone() -> None:
    model = routed()
    assert decision_of(model.invoke("hard", config=_config(routellm_threshold=0.95)))["model"] == "weak"
    assert decision_of(model.invoke("hard"))["model"] == "strong"


def test_a_route_of_one_call_overrides_the_router() -> None:
    router = CountingRouter()
    answer = routed(router=router).invoke("hard", config=_config(routellm_route="weak"))
    assert (decision_of(answer)["model"], decision_of(answer)["reason"]) == ("weak", "route")
    assert router.asked == []


@pytest.mark.parametrize(
    ("configurable", "error", "rule"),
    [
        ({"routellm_route": "strongest"}, UnknownNameError, "route must be one of"),
        ({"routellm_threshold": 1.5}, InvalidInputError, "threshold must be a number in"),
        ({"routellm_threshold": "high"}, InvalidInputError, "threshold must be a number in"),
        ({"routellm_treshold": 0.5}, UnknownNameError, "a routellm key must be one of"),
    ],
)
def test_a_configurable_value_that_is_none_is_refused(
    configurable: dict[str, Any], error: type[Exception], rule: str
) -> None:
    with pytest.raises(error, match=rule):
        routed().invoke("hi", config=_config(**configurable))


def test_the_runtime_keys_are_listed_by_config_specs() -> None:
    specs = {spec.id for spec in routed().config_specs}
    assert specs == {"routellm_threshold", "routellm_route", "routellm_tenant", "routellm_conversation"}
    chain = ChatPromptTemplate.from_template("{x}") | routed()
    assert {spec.id for spec in chain.config_specs} == specs


def test_a_model_drops_into_a_chain() -> None:
    chain = ChatPromptTemplate.from_template("Tell me of {topic}") | routed() | StrOutputParser()
    assert chain.invoke({"topic": "hard things"}) == "elm-1 says: Tell me of hard things"
    assert "".join(chain.stream({"topic": "tea"})) == "oak-1 says: Tell me of tea"


def test_a_childs_error_passes_through_as_it_is() -> None:
    error = TimeoutError("child")
    with pytest.raises(TimeoutError) as caught:
        routed(strong=ChatElm(error=error)).invoke("hard")
    assert caught.value is error


def test_a_router_that_fails_follows_on_router_error_with_one_warning() -> None:
    def fail(query: str) -> float:
        raise RuntimeError(query)

    model = routed(router=CountingRouter(fail), on_router_error="weak")
    with pytest.warns(RouterFallbackWarning, match="RuntimeError") as caught:
        answers = [model.invoke("my secret"), model.invoke("my secret")]
    assert [decision_of(answer)["reason"] for answer in answers] == ["router_error:RuntimeError"] * 2
    assert "win_probability" not in decision_of(answers[0])
    assert len(caught) == 1
    assert "secret" not in str(caught[0].message)


def test_on_router_error_raise_raises_what_the_router_raised() -> None:
    model = routed(router=CountingRouter(lambda _: float("nan")), on_router_error="raise")
    with pytest.raises(Exception, match="must be finite and in"):
        model.invoke("hi")


def test_the_input_and_the_childs_message_stay_as_they_were() -> None:
    messages = [HumanMessage("hard")]
    before = copy.deepcopy(messages)
    given = AIMessage("kept", response_metadata={"own": 1})
    from langchain_core.runnables import RunnableLambda

    answer = routed(strong=RunnableLambda(lambda _: given)).invoke(messages)
    assert messages == before
    assert given.response_metadata == {"own": 1}
    assert answer.response_metadata == {"own": 1, "routellm": STRONG}


def test_what_is_set_on_the_routed_model_reaches_the_childs_run() -> None:
    recorder = Recorder()
    model = routed(callbacks=[recorder], tags=["routed"], metadata={"team": "blue"})
    model.invoke("hard", config={"tags": ["call"]})
    ((_, _, _, _, tags, metadata, *_), *_) = recorder.events
    assert sorted(tags) == ["call", "routed"]
    assert metadata["team"] == "blue"
    assert "langchain-core" in metadata["lc_versions"]
