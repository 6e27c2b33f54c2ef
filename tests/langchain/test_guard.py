"""A guard through a routed chat model: in every way of asking, in conversations, beside a policy."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage

from langchain_routellm import CascadedChatModel, RoutedChatModel, RoutedRunnable, RouteLLMRouter
from shared_router import ConversationGuard, InvalidInputError, Resilience, RoutingPolicy, VetoError
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.listening import RateLimitError
from tests.langchain.models import decision_of, routed


def guard(question: str) -> str | Exception | None:
    if "forbidden" in question:
        return VetoError("not here")
    return "strong" if "risky" in question else None


def of(model: RoutedChatModel, asked: Any) -> Any:
    decision = decision_of(model.invoke(asked))
    return decision["model"], decision["reason"]


async def test_a_guards_word_counts_in_every_way_of_asking() -> None:
    model = routed(guard=guard)
    chunks = [chunk async for chunk in model.astream("risky")]
    answers = [
        model.invoke("risky"),
        await model.ainvoke("risky"),
        *model.batch(["risky"]),
        *(await model.abatch(["risky"])),
        next(iter(model.stream("risky"))),
        chunks[0],
    ]
    assert [decision_of(each)["reason"] for each in answers] == ["guard"] * len(answers)
    assert {decision_of(each)["model"] for each in answers} == {"strong"}
    assert of(model, "easy") == ("weak", "score")


async def test_a_guard_refuses_a_call_and_no_other_of_its_batch() -> None:
    model = routed(guard=guard)
    with pytest.raises(VetoError, match="not here"):
        model.invoke("forbidden")
    with pytest.raises(VetoError, match="not here"):
        await model.ainvoke("forbidden")
    refused, answered = model.batch(["forbidden", "easy"], return_exceptions=True)
    assert isinstance(refused, VetoError)
    assert decision_of(answered)["model"] == "weak"


def test_a_guard_goes_before_the_route_of_a_call() -> None:
    config: Any = {"configurable": {"routellm_route": "weak"}}
    assert decision_of(routed(guard=guard).invoke("risky", config))["reason"] == "guard"


@pytest.mark.parametrize("remembers", [True, False])
def test_a_guard_reads_each_turn_of_a_conversation_that_keeps_its_model(remembers: bool) -> None:
    """Also of one that nobody remembers, which goes by its first question."""
    model = routed(guard=guard, sticky="conversation")
    first = HumanMessage("easy question of the first turn")
    answer = model.invoke([first]) if remembers else AIMessage("yes")
    said = [first, answer, HumanMessage("and something risky, which is another question")]
    assert of(model, said) == ("strong", "guard")
    plain = [*said[:2], HumanMessage("and something plain, which is another question")]
    assert of(model, plain)[0] == "weak"


def test_a_conversation_guard_reads_what_was_said_before() -> None:
    heard: list[Sequence[Any]] = []
    model = routed(guard=ConversationGuard(lambda messages: heard.append(messages)))
    model.invoke([HumanMessage("one"), AIMessage("two"), HumanMessage("What is three and three?")])
    assert [each.text for each in heard[0]] == ["one", "two", "What is three and three?"]


def test_a_guard_that_is_assigned_is_asked_from_then_on() -> None:
    model = routed()
    assert of(model, "risky") == ("weak", "score")
    model.guard = guard
    assert of(model, "risky") == ("strong", "guard")


def test_a_guard_is_given_to_a_policy_or_beside_its_file(tmp_path: Path) -> None:
    policy = RoutingPolicy(FixedRouter(0.1), guard=guard)
    assert of(routed(router=None, threshold=None, policy=policy), "risky") == ("strong", "guard")
    with pytest.raises(InvalidInputError, match="policy must come without .* guard"):
        routed(router=None, threshold=None, policy=policy, guard=guard)
    RoutingPolicy(guard=guard).save(tmp_path / "policy.json")
    with pytest.raises(InvalidInputError, match="saved with a guard must be given one"):
        routed(router=None, threshold=None, policy=tmp_path / "policy.json")
    model = routed(router=None, threshold=None, policy=tmp_path / "policy.json", guard=guard)
    assert of(model, "risky") == ("strong", "guard")


def test_a_guard_stands_in_no_repr_and_no_dump() -> None:
    model = routed(guard=guard)
    assert "guard" not in repr(model).replace("on_guard_error", "")
    assert "guard" not in model.model_dump(include={"guard"})


def test_chains_and_routers_take_a_guard_too() -> None:
    rules: Any = {"router": FixedRouter(0.1), "threshold": 0.5, "guard": guard}
    assert RouteLLMRouter(**rules).invoke("risky").reason == "guard"
    chain = RoutedRunnable(strong=lambda _: "strong", weak=lambda _: "weak", **rules)
    assert [chain.invoke(each) for each in ("risky", "easy")] == ["strong", "weak"]
    with pytest.raises(VetoError, match="not here"):
        chain.invoke("forbidden")


def names(question: str) -> str | None:
    """Name one model for what is risky and the other one for what is private."""
    return "strong" if "risky" in question else "weak" if "private" in question else None


@pytest.mark.parametrize("routes", [RoutedChatModel, CascadedChatModel])
def test_no_fallback_and_no_escalation_asks_another_model_than_the_guards(routes: Any) -> None:
    """Each guarded model is down, or its answer is no good; the other one would answer."""
    rules: Any = {"guard": names, "resilience": Resilience()}
    if routes is CascadedChatModel:
        rules["scorer"] = lambda question, answer: 0.0
    down: Any = {"error": RateLimitError("down")}
    first = routes(strong=ChatElm(**down), weak=ChatOak(), **rules)
    second = routes(strong=ChatElm(), weak=ChatOak(**down), **rules)
    for model, question in ((first, "risky"), (second, "private")):
        with pytest.raises(RateLimitError):
            model.invoke(question)
        with pytest.raises(RateLimitError):
            list(model.stream(question))
    assert of(first, "private") == ("weak", "guard")
