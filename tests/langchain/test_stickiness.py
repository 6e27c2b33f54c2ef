"""A conversation goes up where its question needs it, and leaves a model only where that is worth it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from langchain_core.messages import AIMessage, HumanMessage, ToolMessage
from langchain_core.runnables import RunnableConfig

from langchain_routellm import RoutedChatModel, RouteLLMMiddleware, RouteLLMRouter
from shared_router import InvalidInputError, Resilience, Stickiness, TokenPrices, conversation_scope
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak
from tests.langchain.models import decision_of, routed
from tests.langchain.scenarios import TOOLS

PRICES = {
    "strong": TokenPrices(10.0, 10.0, cached_input_per_million_tokens=1.0),
    "weak": TokenPrices(5.0, 5.0, cached_input_per_million_tokens=0.5),
}
NAMED: RunnableConfig = {"configurable": {"thread_id": "a"}}
SCORES = FixedRouter(
    {"hi": 0.1, "prove it": 0.9, "thanks": 0.1, "perhaps": 0.52, "barely": 0.48, "prove weather": 0.9}
)


def _talk(model: RoutedChatModel, *said: str, config: Any = None) -> list[tuple[str, str]]:
    """Say one thing after another, and return where each went and why."""
    history: list[Any] = []
    went = []
    for text in said:
        history.append(HumanMessage(text))
        answer = model.invoke(history, config)
        history.append(answer)
        went.append((decision_of(answer)["model"], decision_of(answer)["reason"]))
    return went


@pytest.mark.parametrize("config", [None, NAMED])
def test_a_greeting_first_does_not_pin_a_proof_to_the_weak_model(config: Any) -> None:
    model = routed(router=SCORES, sticky="upward")
    assert _talk(model, "hi", "prove it", "thanks", config=config) == [
        ("weak", "score"),
        ("strong", "score"),
        ("strong", "sticky"),
    ]


async def test_a_conversation_goes_up_in_an_event_loop_too() -> None:
    model = routed(router=SCORES, sticky="upward")
    first = await model.ainvoke([HumanMessage("hi")], NAMED)
    second = await model.ainvoke([HumanMessage("hi"), first, HumanMessage("prove it")], NAMED)
    assert decision_of(second)["model"] == "strong"


def test_a_conversation_goes_up_only_where_the_score_passes_by_the_margin() -> None:
    """The threshold is 0.5: a score of 0.52 passes it, and not 0.524."""
    said = ("hi", "perhaps")
    assert _talk(routed(router=SCORES, sticky="upward"), *said)[-1] == ("weak", "sticky")
    no_margin = Stickiness("upward", margin=0.0)
    assert _talk(routed(router=SCORES, sticky=no_margin), *said)[-1] == ("strong", "score")


@pytest.mark.parametrize("sticky", ["upward", Stickiness("priced", least_cached_tokens=1)])
def test_a_tool_loop_stays_with_the_model_that_asked_for_the_tools(sticky: Any) -> None:
    model = routed(router=SCORES, sticky=sticky, prices=PRICES).bind_tools(TOOLS)
    history: list[Any] = [HumanMessage("prove weather")]
    asked = model.invoke(history)
    assert decision_of(asked)["model"] == "strong"
    history += [asked, *(ToolMessage("found", tool_call_id=call["id"]) for call in asked.tool_calls)]
    assert asked.tool_calls
    assert decision_of(model.invoke(history))["model"] == "strong"


def test_a_name_joins_what_words_do_not() -> None:
    """Each call says only its own question, as where a chain fills in a summary of what was said."""
    model = routed(router=SCORES, sticky="upward")
    model.invoke("prove it", NAMED)
    assert decision_of(model.invoke("thanks", NAMED))["model"] == "strong"
    other: RunnableConfig = {"configurable": {"thread_id": "b"}}
    assert decision_of(model.invoke("thanks", other))["model"] == "weak"


def test_a_block_can_name_the_conversation() -> None:
    model = routed(router=SCORES, sticky="conversation")
    with conversation_scope("a"):
        model.invoke("prove it")
        assert decision_of(model.invoke("thanks"))["reason"] == "sticky"
    assert decision_of(model.invoke("thanks"))["reason"] == "score"


def _long(text: str) -> list[Any]:
    """Return a conversation of 8,000 characters, about 2,000 tokens, of which nearly all was read before."""
    return [HumanMessage("prove it " + "x" * 8000), AIMessage("So."), HumanMessage(text)]


def test_a_conversation_stays_where_its_prompt_is_cached_and_leaves_where_it_is_not() -> None:
    """2,000 tokens cost the weak model 10 thousandths of a dollar cold, the strong one 2 as they are cached.

    So the strong model is the cheaper one for five minutes. Without a discount only the margin keeps it.
    """
    scores = FixedRouter(lambda query: 0.9 if query.startswith("prove") else 0.1)
    no_discount = {name: TokenPrices(p.input_per_million_tokens, 10.0) for name, p in PRICES.items()}
    for prices, expected in ((PRICES, ("strong", "sticky")), (no_discount, ("weak", "score"))):
        model = routed(router=scores, sticky="priced", prices=prices)
        model.invoke(_long("thanks")[:1], NAMED)
        decision = decision_of(model.invoke(_long("thanks"), NAMED))
        assert (decision["model"], decision["reason"]) == expected


def test_what_is_cached_is_gone_after_five_minutes(monkeypatch: pytest.MonkeyPatch) -> None:
    scores = FixedRouter(lambda query: 0.9 if query.startswith("prove") else 0.1)
    model = routed(router=scores, sticky=Stickiness("priced", cache_seconds=0.0), prices=PRICES)
    model.invoke(_long("thanks")[:1], NAMED)
    assert decision_of(model.invoke(_long("thanks"), NAMED))["model"] == "weak"


def test_a_short_conversation_has_nothing_cached() -> None:
    model = routed(router=SCORES, sticky="priced", prices=PRICES)
    assert _talk(model, "prove it", "thanks", "barely", "prove it", "barely") == [
        ("strong", "score"),
        ("weak", "score"),
        ("weak", "score"),
        ("strong", "score"),
        ("strong", "sticky"),
    ]


def test_a_rule_that_weighs_prices_is_refused_without_them() -> None:
    with pytest.raises(InvalidInputError, match="must come with prices"):
        routed(sticky="priced")
    with pytest.raises(InvalidInputError, match="must come with prices"):
        RouteLLMRouter(sticky="priced")
    model = routed(sticky="priced", prices=PRICES)
    with pytest.raises(InvalidInputError, match="must come with prices"):
        model.prices = None
    model = routed()
    with pytest.raises(InvalidInputError, match="must come with prices"):
        model.sticky = "priced"


def test_a_router_of_a_graph_keeps_a_conversation_up_by_its_name() -> None:
    router = RouteLLMRouter(router=SCORES, threshold=0.5, sticky="upward")
    said = ["hi", "prove it", "thanks"]
    assert [router.invoke(text, NAMED).model for text in said] == ["weak", "strong", "strong"]


class FailsAtSecond(ChatElm):
    """A model that answers its first call, and no other."""

    def _reply(self, *args: Any, **kwargs: Any) -> Any:
        if len(self.calls) > 1:
            raise ConnectionError("gone")
        return super()._reply(*args, **kwargs)


ASKING: list[Any] = [
    lambda model: model.invoke("thanks", NAMED),
    lambda model: list(model.stream("thanks", NAMED)),
    lambda model: asyncio.run(model.ainvoke("thanks", NAMED)),
    lambda model: asyncio.run(_streamed(model)),
]


async def _streamed(model: RoutedChatModel) -> list[Any]:
    return [chunk async for chunk in model.astream("thanks", NAMED)]


@pytest.mark.parametrize("ask", ASKING)
@pytest.mark.parametrize("sticky", ["conversation", "upward"])
@pytest.mark.parametrize("resilience", [None, Resilience(max_attempts=1)])
def test_a_conversation_whose_model_failed_is_decided_anew(ask: Any, sticky: Any, resilience: Any) -> None:
    """The strong model fails at the second turn, which was kept to it; the third is decided by its score."""
    model = routed(router=SCORES, sticky=sticky, strong=FailsAtSecond(), resilience=resilience)
    model.invoke("prove it", NAMED)
    with pytest.raises(ConnectionError):
        ask(model)
    decision = decision_of(model.invoke("thanks", NAMED))
    assert (decision["model"], decision["reason"]) == ("weak", "score")


def test_a_conversation_that_another_model_answered_goes_back_at_its_next_question() -> None:
    model = routed(router=SCORES, sticky="conversation", strong=FailsAtSecond(), resilience=Resilience())
    model.invoke("prove it", NAMED)
    assert decision_of(model.invoke("thanks", NAMED))["reason"].startswith("fallback:strong->weak")
    assert decision_of(model.invoke("thanks", NAMED))["reason"] == "score"


@pytest.mark.parametrize("per", ["run", "step"])
def test_an_agents_conversation_goes_up_by_its_threads_name(per: Any) -> None:
    agents = pytest.importorskip("langchain.agents")
    memory = pytest.importorskip("langgraph.checkpoint.memory")
    routing = RouteLLMMiddleware(
        strong=ChatElm(), weak=ChatOak(), router=SCORES, threshold=0.5, sticky="upward", per=per
    )
    agent = agents.create_agent(
        ChatOak(), tools=[], middleware=[routing], checkpointer=memory.InMemorySaver()
    )
    went = []
    for text in ("hi", "prove it", "thanks"):
        answer = agent.invoke({"messages": [("user", text)]}, NAMED)["messages"][-1]
        went.append(decision_of(answer)["model"])
    assert went == ["weak", "strong", "strong"]
