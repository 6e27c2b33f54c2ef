"""With prices a decision says what its answer cost, once, on the last chunk where it streams."""

from typing import Any

import pytest
from langchain_core.caches import InMemoryCache
from langchain_core.language_models import FakeListChatModel
from langchain_core.messages import AIMessage
from langchain_core.runnables import RunnableLambda

from shared_router import InvalidInputError, TokenPrices
from tests.langchain.fake_tool_models import ChatElm, ChatStone
from tests.langchain.models import decision_of, routed

PRICES = {"strong": TokenPrices(10, 100, 1), "weak": TokenPrices(1, 10)}
# "elm-1 says: hard": 1 word sent, 3 words answered; 1 * 10 + 3 * 100 = 310 millionths of a dollar
DOLLARS = pytest.approx(310e-6)


def test_an_answer_says_its_dollars() -> None:
    assert decision_of(routed(prices=PRICES).invoke("hard"))["dollars"] == DOLLARS
    assert "dollars" not in decision_of(routed().invoke("hard"))


def test_cached_and_reasoning_tokens_are_billed_as_such() -> None:
    """4 cached and 1 other prompt token, 3 + 2 answer tokens: 4 * 1 + 1 * 10 + 5 * 100 = 514."""
    model = routed(strong=ChatElm(cached_tokens=4, reasoning_tokens=2), prices=PRICES)
    assert decision_of(model.invoke("hard"))["dollars"] == pytest.approx(514e-6)


async def test_a_stream_says_its_dollars_on_its_last_chunk() -> None:
    model = routed(prices=PRICES)
    for chunks in (list(model.stream("hard")), [chunk async for chunk in model.astream("hard")]):
        carried = [decision_of(chunk) for chunk in chunks if decision_of(chunk)]
        assert [set(each) for each in carried] == [set(decision_of(routed().invoke("hard"))), {"dollars"}]
        whole: Any = sum(chunks[1:], chunks[0])
        assert decision_of(whole)["dollars"] == DOLLARS
        assert decision_of(whole)["model"] == "strong"


def test_a_child_that_cannot_stream_says_its_dollars_with_its_one_message() -> None:
    (message,) = routed(strong=ChatStone(), prices=PRICES).stream("hard")
    assert decision_of(message)["dollars"] == DOLLARS


def test_an_answer_from_the_cache_costs_nothing() -> None:
    model = routed(strong=ChatElm(cache=InMemoryCache()), prices=PRICES)
    assert [decision_of(model.invoke("hard"))["dollars"] for _ in range(2)] == [DOLLARS, 0.0]


def test_an_answer_without_usage_has_no_dollars() -> None:
    model = routed(strong=RunnableLambda(lambda _: AIMessage("x")))
    assert "dollars" not in decision_of(model.model_copy(update={"prices": PRICES}).invoke("hard"))


async def test_a_stream_without_usage_has_no_dollars() -> None:
    model = routed(strong=FakeListChatModel(responses=["as you like"]), prices=PRICES)
    for chunks in (list(model.stream("hard")), [chunk async for chunk in model.astream("hard")]):
        whole: Any = sum(chunks[1:], chunks[0])
        assert decision_of(whole)["model"] == "strong"
        assert "dollars" not in decision_of(whole)


@pytest.mark.parametrize(
    ("prices", "message"),
    [
        ({"strong": 1.0}, "the price of strong must be TokenPrices, got float"),
        ({"medium": TokenPrices(1, 1)}, "prices must be by model"),
        (3.0, "prices must be by model"),
    ],
)
def test_prices_must_be_token_prices_by_model(prices: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        routed(prices=prices)
