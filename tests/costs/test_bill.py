import warnings

import pytest

from shared_router import Bill, InvalidInputError, RouterWarning, TokenPrices, TokenUsage

PRICES = {"strong": TokenPrices(10.0, 30.0), "weak": TokenPrices(1.0, 3.0)}
NAMES = ["strong", "weak"]


def test_an_answer_costs_what_the_model_that_gave_it_does() -> None:
    """1,000 read at 10 and 100 written at 30 dollars a million: 0.010 + 0.003."""
    bill = Bill(PRICES, NAMES)
    assert bill.dollars("strong", TokenUsage(1, 1000, 100)) == pytest.approx(0.013)


def test_dollars_that_nobody_can_know_are_none() -> None:
    bill = Bill({"weak": PRICES["weak"]}, NAMES)
    assert bill.dollars("strong", TokenUsage(1, 1000, 100)) is None
    assert bill.dollars("weak", None) is None


def test_tokens_that_contradict_each_other_lose_no_answer() -> None:
    """30 cached beside 10 others: 10 at 1 dollar a million and 30 at 0.1 are 13 millionths."""
    bill = Bill({"weak": TokenPrices(1.0, 1.0, cached_input_per_million_tokens=0.1)}, ["strong", "weak"])
    beside = TokenUsage(1, input_tokens=10, cached_input_tokens=30)
    assert bill.dollars("weak", beside) == pytest.approx(13e-6)
    assert bill.dollars("weak", TokenUsage(1, input_tokens=10, output_tokens=-1)) is None


def test_a_price_that_is_missing_is_said_once() -> None:
    bill = Bill({"weak": PRICES["weak"]}, NAMES)
    with pytest.warns(RouterWarning, match="prices must name every model, got none for strong"):
        bill.expect("strong")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        bill.expect("strong")
        bill.expect("weak")
        Bill(None, NAMES).expect("strong")


@pytest.mark.parametrize("strong", [TokenPrices(0.5, 3.0), TokenPrices(1.0, 2.0)])
def test_a_better_model_that_is_cheaper_is_warned_of(strong: TokenPrices) -> None:
    with pytest.warns(RouterWarning, match="got strong cheaper than weak; are the two exchanged?"):
        Bill({**PRICES, "strong": strong}, NAMES)


@pytest.mark.parametrize("strong", [TokenPrices(0.5, 4.0), TokenPrices(1.0, 3.0), TokenPrices(2.0, 2.0)])
def test_equal_and_mixed_prices_are_no_mistake(strong: TokenPrices) -> None:
    Bill({**PRICES, "strong": strong}, NAMES)


def test_prices_are_by_the_models_names_and_those_that_may_answer_for_them() -> None:
    assert Bill({"backup": PRICES["weak"]}, NAMES, ["backup"]).prices == {"backup": PRICES["weak"]}
    with pytest.raises(InvalidInputError, match="prices must be by model"):
        Bill({"backup": PRICES["weak"]}, NAMES)
