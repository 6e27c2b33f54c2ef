"""The bill and what routing saved, worked by hand."""

import pytest

from shared_router import InvalidInputError, RejectedCalls, TokenPrices, TokenUsage, savings_of

PRICES = {
    "strong": TokenPrices(10.0, 30.0, cached_input_per_million_tokens=1.0),
    "weak": TokenPrices(1.0, 3.0),
}


def test_usages_add_up_field_by_field() -> None:
    total = TokenUsage(1, 10, 5, 4, 2) + TokenUsage(2, 20, 6, 0, 3)
    assert total == TokenUsage(3, 30, 11, 4, 5)


def test_the_bill_and_the_saving() -> None:
    """In millionths of a dollar: strong 100 * 10 + 50 * 30 = 2500, weak 200 * 1 + 100 * 3 = 500, together
    3000; all strong 2500 + 200 * 10 + 100 * 30 = 7500; saved 4500 of 7500 = 0.6."""
    usage = {"strong": TokenUsage(1, 100, 50), "weak": TokenUsage(3, 200, 100)}
    savings = savings_of(usage, PRICES)
    assert savings.dollars == {"strong": pytest.approx(0.0025), "weak": pytest.approx(0.0005)}
    assert savings.dollars_spent == pytest.approx(0.003)
    assert savings.dollars_all_strong == pytest.approx(0.0075)
    assert savings.dollars_saved == pytest.approx(0.0045)
    assert savings.saved_fraction == pytest.approx(0.6)
    assert savings.strong_fraction == 0.25


def test_cached_tokens_stay_cached_in_the_estimate() -> None:
    """Weak: 100 prompt tokens, 40 of them cached. As strong: 60 * 10 + 40 * 1 = 640 millionths."""
    savings = savings_of({"weak": TokenUsage(1, 100, 0, cached_input_tokens=40)}, PRICES)
    assert savings.dollars_all_strong == pytest.approx(0.00064)


def test_longer_answers_of_the_strong_model_are_estimated_for_the_others_calls_alone() -> None:
    """Strong: 10 * 30 = 300. Weak as strong: 10 * 1.5 * 30 = 450. Together 750 millionths."""
    usage = {"strong": TokenUsage(1, 0, 10), "weak": TokenUsage(1, 0, 10)}
    savings = savings_of(usage, PRICES, answer_length_ratio=1.5)
    assert savings.dollars_all_strong == pytest.approx(0.00075)
    assert "1.5 times as long" in savings.counterfactual


def test_no_calls_cost_and_save_nothing() -> None:
    savings = savings_of({}, PRICES)
    assert (savings.dollars_spent, savings.saved_fraction, savings.strong_fraction) == (0, 0, 0)


def test_prices_must_name_every_model() -> None:
    with pytest.raises(InvalidInputError, match=r"prices must name every model, got none for \['weak'\]"):
        savings_of({"weak": TokenUsage()}, {"strong": PRICES["strong"]})


@pytest.mark.parametrize("ratio", [0.0, -1.0, float("nan"), float("inf")])
def test_an_answer_length_ratio_must_be_positive(ratio: float) -> None:
    with pytest.raises(InvalidInputError, match="answer_length_ratio must be > 0"):
        savings_of({}, PRICES, answer_length_ratio=ratio)


def test_a_rejected_answer_is_paid_and_is_none_the_strong_model_would_have_given() -> None:
    """Weak, rejected: 100 * 1 + 10 * 3 = 130; strong: 100 * 10 + 20 * 30 = 1600 millionths, which all strong
    is too."""
    usage = {"weak": TokenUsage(1, 100, 10), "strong": TokenUsage(1, 100, 20)}
    savings = savings_of(usage, PRICES, rejected={"weak": usage["weak"]})
    assert savings.dollars_spent == pytest.approx(0.00173)
    assert savings.dollars_all_strong == pytest.approx(0.0016)
    assert savings.dollars_saved == pytest.approx(-0.00013)
    assert savings.strong_fraction == 1.0


def test_what_another_call_of_the_same_plan_has_followed_was_rejected() -> None:
    rejected = RejectedCalls()
    rejected.add("one", "weak", TokenUsage(1, 10, 1))
    rejected.add(None, "weak", TokenUsage(1, 7, 7))
    rejected.add("two", "weak", TokenUsage(1, 20, 2))
    assert rejected.usage == {}
    rejected.add("two", "strong", TokenUsage(1, 20, 9))
    rejected.add("one", "weak", TokenUsage(1, 10, 1))
    assert rejected.usage == {"weak": TokenUsage(2, 30, 3)}


def test_plans_that_no_call_follows_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_router.costs.rejected.KEPT", 2)
    rejected = RejectedCalls()
    for plan in ("one", "two", "three", "one"):
        rejected.add(plan, "weak", TokenUsage(1, 10, 1))
    assert rejected.usage == {}
