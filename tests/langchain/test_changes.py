"""A field changed after construction is checked and passed on as the constructor would."""

from pathlib import Path
from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.rate_limiters import InMemoryRateLimiter

from langchain_routellm import RoutedChatModel
from shared_router import CapabilityError, InvalidInputError, RoutingPolicy, UnknownNameError
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import CountingRouter, decision_of, routed
from tests.three_tiers import ThreeTiers


class Named(ThreeTiers):
    """Three models of other names."""

    models = ("big", "mid", "small")


POLICY = ThreeTiers(FixedRouter(0.5))
LIMITER = InMemoryRateLimiter()


def _assigned(model: RoutedChatModel, name: str, value: Any) -> RoutedChatModel:
    setattr(model, name, value)
    return model


def _copied(model: RoutedChatModel, name: str, value: Any) -> RoutedChatModel:
    return model.model_copy(update={name: value})


changing = pytest.mark.parametrize("change", [_assigned, _copied])


@changing
@pytest.mark.parametrize(
    ("name", "value"),
    [("output_version", "v1"), ("rate_limiter", LIMITER), ("disable_streaming", True), ("verbose", True)],
)
def test_a_setting_of_every_chat_model_reaches_copies_of_the_children(
    change: Any, name: str, value: Any
) -> None:
    strong = ChatElm()
    before = getattr(strong, name)
    model = change(routed(strong=strong), name, value)
    assert [getattr(child, name) for child in model.children.values()] == [value, value]
    assert getattr(model, name) == value
    assert getattr(strong, name) == before


@changing
@pytest.mark.parametrize(
    ("name", "value", "rule"),
    [
        ("cache", InMemoryCache(), "cache must be set on the children"),
        ("threshold", 2, "threshold must be a number"),
        ("router", 42, "router must be a Router"),
        ("sticky", "always", "sticky must be"),
        ("route_on", "first", "route_on must be"),
        ("strong", 42, "strong must be a chat model"),
        ("weak", None, "weak must be a chat model"),
        ("prices", {"strong": 1}, "the price of strong must be TokenPrices"),
        ("policy", 0.3, "policy must be a RoutingPolicy or the path of its file, got float"),
        ("models", {"one": ChatElm()}, "models must be two or more models by name"),
    ],
)
def test_what_the_constructor_refuses_is_refused_later(change: Any, name: str, value: Any, rule: str) -> None:
    model = routed()
    with pytest.raises(ValueError, match=rule):
        change(model, name, value)
    assert decision_of(model.invoke("hard"))["model"] == "strong"


@changing
def test_a_new_child_has_the_settings_of_the_model(change: Any) -> None:
    model = change(routed(output_version="v1"), "weak", ChatStone())
    assert model.invoke("easy").content == [{"type": "text", "text": "stone-1 says: easy"}]


@changing
def test_callbacks_and_tags_set_later_reach_the_run(change: Any) -> None:
    from tests.langchain.recorder import Recorder

    recorder = Recorder()
    change(routed(), "callbacks", [recorder]).invoke("hard")
    assert recorder.metadata[0]["routellm_model"] == "strong"


@changing
def test_a_policy_set_later_decides(change: Any) -> None:
    policy = RoutingPolicy(CountingRouter(), threshold=0.95)
    model = change(RoutedChatModel(strong=ChatElm(), weak=ChatOak()), "policy", policy)
    assert model.policy is policy
    assert decision_of(model.invoke("hard"))["model"] == "weak"


@changing
def test_a_subclass_with_a_policy_of_its_own_keeps_it(change: Any) -> None:
    class Own(RoutedChatModel):
        @property
        def policy(self) -> RoutingPolicy:
            return POLICY

    models: Any = {"strong": ChatElm(), "medium": ChatStone(), "weak": ChatOak()}
    model = Own(**{"models": models})
    assert decision_of(change(model, "threshold", 0.3).invoke("b"))["model"] == "medium"


@changing
@pytest.mark.parametrize(
    ("name", "value", "asked"),
    [
        ("route_on", lambda messages: "hard " + messages[-1].text, "hard why?"),
        ("strip", str.upper, "HARD PLAN\nWHY?"),
        ("follow_ups", False, "why?"),
    ],
)
def test_another_way_to_find_questions_holds_from_then_on(
    change: Any, name: str, value: Any, asked: str
) -> None:
    router = CountingRouter()
    history: list[Any] = [("user", "hard plan"), ("ai", "so"), ("user", "why?")]
    change(routed(router=router), name, value).invoke(history)
    assert router.asked == [[asked]]


def test_an_original_is_not_changed_by_its_copy() -> None:
    model = routed()
    model.model_copy(update={"threshold": 0.95, "output_version": "v1"})
    assert (model.threshold, model.strong.output_version) == (0.5, None)  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("slip", "near"),
    [
        ("treshold", "threshold"),
        ("cost_threshold", "threshold"),
        ("week", "weak"),
        ("Threshold", "threshold"),
        ("stickey", "sticky"),
        ("price", "prices"),
        ("on_router_eror", "on_router_error"),
        ("route", "router"),
        ("polcy", "policy"),
        ("callback", "callbacks"),
    ],
)
def test_a_misspelt_argument_is_refused_with_the_near_name(slip: str, near: str) -> None:
    with pytest.raises(UnknownNameError, match=f"got '{slip}'; did you mean '{near}'"):
        routed(**{slip: 0.3})
    with pytest.raises(UnknownNameError, match=f"did you mean '{near}'"):
        setattr(routed(), slip, 0.3)
    with pytest.raises(UnknownNameError, match=f"did you mean '{near}'"):
        routed().model_copy(update={slip: 0.3})


def test_a_name_of_nobodys_is_refused_as_by_every_chat_model() -> None:
    with pytest.raises(ValueError, match="no field"):
        setattr(routed(), "temperature", 0.3)  # noqa: B010


def test_models_may_be_named_with_a_policy_over_the_names() -> None:
    def score(query: str) -> float:
        return {"a": 0.9, "b": 0.5, "c": 0.1}[query]

    models = {"strong": ChatElm(), "medium": ChatStone(), "weak": ChatOak()}
    model = RoutedChatModel(models=models, policy=ThreeTiers(FixedRouter(score)))
    answers = model.batch(["a", "b", "c"])
    assert [decision_of(answer)["model"] for answer in answers] == ["strong", "medium", "weak"]
    assert (model.strong, model.weak) == (models["strong"], models["weak"])
    routed_on = model.invoke("c", {"configurable": {"routellm_route": "medium"}})
    assert decision_of(routed_on)["model"] == "medium"
    changed = model.model_copy(update={"output_version": "v1"})
    assert [child.output_version for child in changed.children.values()] == ["v1"] * 3  # type: ignore[attr-defined]
    rebuilt: Any = model.configurable_fields()
    assert decision_of(rebuilt.invoke("b"))["model"] == "medium"


def test_one_of_named_models_may_be_exchanged() -> None:
    model = RoutedChatModel(
        models={"strong": ChatElm(), "weak": ChatOak()}, router=CountingRouter(), threshold=0.5
    )
    model.strong = ChatElm(model="elm-2")
    assert model.invoke("hard").text == "elm-2 says: hard"
    other = RoutedChatModel(
        models={"big": ChatElm(), "mid": ChatStone(), "small": ChatOak()}, policy=Named(FixedRouter(0.9))
    )
    with pytest.raises(InvalidInputError, match="models name all models, got strong beside them"):
        other.strong = ChatElm()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        (
            {"models": {"strong": ChatElm(), "medium": ChatOak()}},
            "models must be those that the policy decides",
        ),
        ({"models": [ChatElm(), ChatOak()]}, "models must be two or more models by name, got list"),
        ({"models": {"strong": ChatElm(), "weak": 42}}, "weak must be a chat model"),
        ({"models": {"strong": ChatElm(), "weak": ChatOak()}, "weak": ChatStone()}, "got strong= or weak="),
        ({"strong": ChatElm(), "weak": ChatOak(), "policy": ThreeTiers()}, "'medium'"),
        (
            {"strong": ChatElm(), "weak": ChatOak(), "policy": RoutingPolicy(), "threshold": 0.3},
            "must come without",
        ),
    ],
)
def test_models_and_policy_must_fit(arguments: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        RoutedChatModel(**arguments)


def test_a_router_may_be_given_by_path(tmp_path: Path) -> None:
    from shared_router.routers.random import RandomRouter

    RandomRouter().save(tmp_path)
    model = RoutedChatModel(strong=ChatElm(), weak=ChatOak(), router=tmp_path)
    assert decision_of(model.invoke("hi"))["router"] == str(tmp_path)


def test_capability_errors_stay_errors_of_ours() -> None:
    silent = routed(strong=ChatStone(), weak=ChatStone())
    with pytest.raises(CapabilityError, match="strong and weak cannot: tools"):
        silent.bind_tools([])
