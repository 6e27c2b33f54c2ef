"""Tokens and dollars of routed calls, counted through whatever wraps them."""

import asyncio
from typing import Any

import pytest
from langchain.agents import create_agent
from langchain_core.caches import InMemoryCache
from langchain_core.messages import AIMessage
from langchain_core.output_parsers import StrOutputParser
from langchain_core.prompts import ChatPromptTemplate
from langchain_core.runnables import RunnableLambda

from langchain_routellm import RoutedChatModel, SavingsCallback, savings
from shared_router import InvalidInputError, TokenPrices, TokenUsage
from shared_router.testing import FixedRouter
from tests.langchain.fake_tool_models import ChatElm, ChatOak, ChatStone
from tests.langchain.models import routed
from tests.langchain.scenarios import TOOLS
from tests.three_tiers import ThreeTiers


class Named(ThreeTiers):
    """Three models of other names."""

    models = ("big", "medium", "small")


PRICES = {"strong": TokenPrices(10, 30), "weak": TokenPrices(1, 3)}


def test_tokens_are_counted_by_model() -> None:
    """ "elm-1 says: hard": 1 word sent, 3 answered; the same for the weak model's "oak-1 says: easy"."""
    counting = SavingsCallback()
    routed().batch(["hard", "easy", "easy"], {"callbacks": [counting]})
    assert counting.usage == {"strong": TokenUsage(1, 1, 3), "weak": TokenUsage(2, 2, 6)}


def test_a_report_says_what_routing_saved() -> None:
    """In millionths: strong 1 * 10 + 3 * 30 = 100, weak 2 * 1 + 6 * 3 = 20; all strong 100 + 2 * 100."""
    counting = SavingsCallback(PRICES)
    routed().batch(["hard", "easy", "easy"], {"callbacks": [counting]})
    report = counting.report()
    assert report.dollars_spent == pytest.approx(120e-6)
    assert report.dollars_all_strong == pytest.approx(300e-6)
    assert report.saved_fraction == pytest.approx(0.6)


def test_cached_and_reasoning_tokens_are_counted_apart() -> None:
    counting = SavingsCallback()
    strong = ChatElm(cached_tokens=4, reasoning_tokens=2)
    routed(strong=strong).invoke("hard", {"callbacks": [counting]})
    assert counting.usage == {"strong": TokenUsage(1, 5, 5, cached_input_tokens=4, reasoning_tokens=2)}


async def test_everything_in_a_block_is_counted_once() -> None:
    model = routed()
    chain = ChatPromptTemplate.from_template("{q}") | model | StrOutputParser()
    with savings(PRICES) as counting:
        chain.invoke({"q": "hard"})
        list(chain.stream({"q": "hard"}))
        await chain.ainvoke({"q": "hard"})
        await asyncio.gather(*(model.ainvoke("easy") for _ in range(3)))
        ChatElm().invoke("not routed")
    chain.invoke({"q": "after the block"})
    assert counting.usage == {"strong": TokenUsage(3, 3, 9), "weak": TokenUsage(3, 3, 9)}


def test_blocks_inside_one_another_count_their_own() -> None:
    with savings() as outer:
        routed().invoke("hard")
        with savings() as inner:
            routed().invoke("easy")
    assert (set(outer.usage), set(inner.usage)) == ({"strong"}, {"weak"})


def test_an_agents_steps_are_counted() -> None:
    agent: Any = create_agent(routed(), tools=TOOLS)
    with savings() as counting:
        agent.invoke({"messages": [("user", "hard weather")]})
    assert counting.usage["strong"].calls == 2


def test_an_answer_from_the_cache_is_a_call_without_tokens() -> None:
    counting = SavingsCallback()
    model = routed(strong=ChatElm(cache=InMemoryCache()))
    for _ in range(2):
        model.invoke("hard", {"callbacks": [counting]})
    assert counting.usage == {"strong": TokenUsage(2, 1, 3)}


def test_a_call_that_fails_is_not_counted() -> None:
    counting = SavingsCallback()
    model = routed(strong=ChatElm(error=TimeoutError("down"))).with_fallbacks([routed(strong=ChatElm())])
    model.invoke("hard", {"callbacks": [counting]})
    assert counting.usage["strong"].calls == 1
    assert counting._models == {}


def test_calls_without_reported_tokens_are_counted_as_such() -> None:
    class Silent(ChatElm):
        def _usage(self, *args: Any) -> Any:
            return None

    counting = SavingsCallback()
    routed(strong=Silent()).invoke("hard", {"callbacks": [counting]})
    assert counting.unmetered_calls == 1
    assert counting.usage == {"strong": TokenUsage(calls=1)}


def test_a_child_that_is_no_chat_model_is_counted_by_the_models_in_it() -> None:
    weak: Any = RunnableLambda(lambda _: AIMessage("fixed"))
    counting = SavingsCallback()
    routed(strong=ChatElm().with_fallbacks([ChatElm()]), weak=weak).batch(
        ["hard", "easy"], {"callbacks": [counting]}
    )
    assert counting.usage == {"strong": TokenUsage(1, 1, 3)}


def test_savings_over_named_models_are_told_against_the_best() -> None:
    """In millionths, each answer 1 word sent and 3 written: strong at 10 and 30 is 100, medium at 2 and 3 is
    11; all strong is 200, so that 89 of 200 are saved."""
    scores = {"hard": 0.9, "fair": 0.5}
    prices = {"big": TokenPrices(10, 30), "medium": TokenPrices(2, 3)}
    model = RoutedChatModel(
        models={"big": ChatElm(), "medium": ChatStone(), "small": ChatOak()},
        policy=Named(FixedRouter(scores)),
    )
    with savings(prices, strong="big") as counted:
        model.batch(["hard", "fair"])
    report = counted.report()
    assert report.dollars_all_strong == pytest.approx(200e-6)
    assert report.saved_fraction == pytest.approx(89 / 200)
    assert report.strong_fraction == 0.5


def test_prices_are_checked() -> None:
    with pytest.raises(InvalidInputError, match="the price of strong must be TokenPrices, got float"):
        SavingsCallback({"strong": 1.0})  # type: ignore[dict-item]
    with pytest.raises(InvalidInputError, match="prices must name every model"), savings() as counting:
        counting.report()
