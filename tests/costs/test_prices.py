"""costs.py: dollars from tokens."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import InvalidInputError, TokenPrices, check_prices

PRICES = st.floats(0, 1000)
COUNTS = st.integers(0, 10**9)


def test_a_calls_price_is_the_sum_over_its_tokens() -> None:
    """2.50 a million in and 10 a million out: 1,000 x 2.50e-6 + 500 x 10e-6 = .0025 + .005 = .0075."""
    prices = TokenPrices(2.5, 10.0)
    assert prices.dollars(input_tokens=1000, output_tokens=500) == pytest.approx(0.0075, abs=1e-15)


def test_cached_tokens_cost_their_own_price() -> None:
    """600 at 2.50, 400 cached at 1.25, 500 out at 10: .0015 + .0005 + .005 = .007."""
    prices = TokenPrices(2.5, 10.0, cached_input_per_million_tokens=1.25)
    cost = prices.dollars(input_tokens=1000, output_tokens=500, cached_input_tokens=400)
    assert cost == pytest.approx(0.007, abs=1e-15)


def test_cached_tokens_without_a_price_of_their_own_cost_what_others_cost() -> None:
    prices = TokenPrices(2.5, 10.0)
    cost = prices.dollars(input_tokens=1000, output_tokens=0, cached_input_tokens=400)
    assert cost == prices.dollars(input_tokens=1000, output_tokens=0)


def test_free_cached_tokens_are_free() -> None:
    prices = TokenPrices(2.5, 10.0, cached_input_per_million_tokens=0.0)
    assert prices.dollars(input_tokens=1000, output_tokens=0, cached_input_tokens=1000) == 0


@pytest.mark.parametrize("price", [-0.01, float("nan"), float("inf"), 10**400, True])
@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_price_that_no_bill_could_hold_is_refused(price: float, place: int) -> None:
    prices = [1.0, 1.0, 1.0]
    prices[place] = price
    with pytest.raises(InvalidInputError, match="_per_million_tokens must be dollars >= 0"):
        TokenPrices(*prices)


@pytest.mark.parametrize("prices", [(None, 1.0), (1.0, None)])
def test_what_is_sent_and_what_is_answered_must_have_a_price(prices: Any) -> None:
    with pytest.raises(InvalidInputError, match="_per_million_tokens must be dollars >= 0, got None"):
        TokenPrices(*prices)


@pytest.mark.parametrize(("sent", "answered", "cached"), [(-1, 0, 0), (0, -1, 0), (0, 0, -1), (5, 0, 6)])
def test_counts_that_no_call_could_have_are_refused(sent: int, answered: int, cached: int) -> None:
    with pytest.raises(InvalidInputError, match="token counts must be >= 0"):
        TokenPrices(1, 1).dollars(input_tokens=sent, output_tokens=answered, cached_input_tokens=cached)


@given(PRICES, PRICES, COUNTS, COUNTS, COUNTS)
def test_another_token_never_makes_a_call_cheaper(
    price_in: float, price_out: float, sent: int, answered: int, more: int
) -> None:
    prices = TokenPrices(price_in, price_out)
    base = prices.dollars(input_tokens=sent, output_tokens=answered)
    assert 0 <= base <= prices.dollars(input_tokens=sent + more, output_tokens=answered + more)


@pytest.mark.parametrize("prices", [None, {}, {"weak": TokenPrices(1.0, 2.0)}])
def test_prices_by_model_may_name_some_of_the_models(prices: dict[str, TokenPrices] | None) -> None:
    check_prices(prices, ("strong", "weak"))


@pytest.mark.parametrize("prices", [3, [], {"medium": TokenPrices(1.0, 2.0)}])
def test_prices_must_be_by_a_models_name(prices: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"prices must be by model, one of \['strong', 'weak'\], got"):
        check_prices(prices, ("weak", "strong"))


def test_a_models_price_must_be_token_prices() -> None:
    with pytest.raises(InvalidInputError, match="the price of weak must be TokenPrices, got float"):
        check_prices({"weak": 1.0}, ("strong", "weak"))  # type: ignore[dict-item]


def test_stored_and_reasoning_tokens_cost_their_own_prices() -> None:
    """500 at 3, 100 read at .3, 400 stored at 3.75, 200 out at 15, 300 reasoning at 10, a million each:
    1,500 + 30 + 1,500 + 3,000 + 3,000 = 9,030 millionths."""
    prices = TokenPrices(
        3.0,
        15.0,
        cached_input_per_million_tokens=0.3,
        cache_write_per_million_tokens=3.75,
        reasoning_per_million_tokens=10.0,
    )
    cost = prices.dollars(
        input_tokens=1000,
        cached_input_tokens=100,
        cache_write_tokens=400,
        output_tokens=500,
        reasoning_tokens=300,
    )
    assert cost == pytest.approx(0.00903, abs=1e-15)


def test_stored_and_reasoning_tokens_without_prices_cost_what_others_cost() -> None:
    prices = TokenPrices(2.5, 10.0)
    plain = prices.dollars(input_tokens=1000, output_tokens=500)
    parts = prices.dollars(input_tokens=1000, output_tokens=500, cache_write_tokens=400, reasoning_tokens=500)
    assert parts == plain


@pytest.mark.parametrize(
    "parts",
    [
        {"cache_write_tokens": -1},
        {"reasoning_tokens": -1},
        {"reasoning_tokens": 6},
        {"cache_write_tokens": 11},
        {"cached_input_tokens": 6, "cache_write_tokens": 5},
    ],
)
def test_parts_that_are_more_than_the_whole_are_refused(parts: dict[str, int]) -> None:
    with pytest.raises(InvalidInputError, match="cached and cache-write ones at most input_tokens"):
        TokenPrices(1, 1).dollars(input_tokens=10, output_tokens=5, **parts)


@pytest.mark.parametrize("name", ["cache_write_per_million_tokens", "reasoning_per_million_tokens"])
def test_a_further_price_that_no_bill_could_hold_is_refused(name: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} must be dollars >= 0"):
        TokenPrices(1, 1, **{name: -1.0})
