"""What prompts would cost, by hand."""

import pytest

from shared_router.costs.prices import TokenPrices
from shared_router.playground.bills import both_bills

PRICES = {"strong": TokenPrices(2.0, 10.0), "weak": TokenPrices(0.2, 1.0)}


def test_the_bill_is_told_routed_and_both_ways() -> None:
    """8 characters are 2 tokens, 5 are 2 too; an answer has 100. Strong: (2 x 2 + 100 x 10) / 1e6 each,
    weak a tenth of it."""
    bills = both_bills(["eight ch", "five!"], ["strong", "weak"], prices=PRICES, answer_tokens=100)
    assert bills.all_strong == pytest.approx(2 * 1004e-6)
    assert bills.all_weak == pytest.approx(2 * 100.4e-6)
    assert bills.routed == pytest.approx(1004e-6 + 100.4e-6)
    assert bills.saved == pytest.approx(0.45)


def test_nothing_is_saved_of_a_bill_of_nothing() -> None:
    free = dict.fromkeys(("strong", "weak"), TokenPrices(0.0, 0.0))
    assert both_bills(["a"], ["weak"], prices=free, answer_tokens=1).saved == 0.0
