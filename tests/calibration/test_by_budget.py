"""A threshold for a budget: real dollars, both models', the router's and a cascade's."""

from typing import Any

import numpy as np
import pytest

from shared_router.calibration import for_budget
from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError, InvalidInputError
from shared_router.records.outcomes import Outcomes
from shared_router.testing import FixedRouter

PROMPTS = [f"question {i}" for i in range(10)]
ROUTER = FixedRouter({text: i / 10 for i, text in enumerate(PROMPTS)})


def given(**asked: Any) -> Any:
    """Ten prompts of rising score; a strong answer costs 1 cent and a weak one a tenth of that."""
    columns = {"strong_dollars": [0.01] * 10, "weak_dollars": [0.001] * 10}
    return for_budget(scores=[i / 10 for i in range(10)], **{**columns, **asked})


def test_as_many_go_strong_as_the_money_buys() -> None:
    """1,000 requests cost 1 dollar weak and 10 strong; 4 dollars buy (4 - 1) / 9 = a third: three of ten."""
    choice = given(dollars_per_1k=4)
    assert choice.strong_fraction == 0.3
    assert choice.dollars == pytest.approx(1 + 9 * 0.3)
    assert (choice.method, choice.target) == ("budget", 4.0)


def test_a_budget_that_is_met_to_the_cent_is_spent() -> None:
    assert given(dollars_per_1k=1 + 9 * 0.3).strong_fraction == 0.3
    assert given(dollars_per_1k=1).strong_fraction == 0


def test_more_than_all_strong_sends_all_strong() -> None:
    assert given(dollars_per_1k=50).threshold == 0


def test_dear_prompts_among_the_strong_ones_leave_money_for_fewer() -> None:
    """The prompt of highest score costs 5 cents strong: 4 dollars a thousand are 4 cents for these ten, less
    1 cent weak. That one takes 4.9 of the 3 cents left: none goes strong."""
    assert given(strong_dollars=[0.01] * 9 + [0.05], dollars_per_1k=4).strong_fraction == 0


def test_the_routers_own_cost_is_paid_from_the_budget() -> None:
    """1 dollar a thousand for scoring leaves 3: (3 - 1) / 9 = .22, two of ten."""
    choice = given(dollars_per_1k=4, router_dollars_per_1k=1)
    assert choice.strong_fraction == 0.2
    assert choice.dollars == pytest.approx(1 + 1 + 9 * 0.2)


def test_a_cascade_pays_for_the_weak_answer_too() -> None:
    """1 + 10 f <= 4: f = .3, and 3 strong answers on top of ten weak ones cost 4 dollars a thousand."""
    choice = given(dollars_per_1k=4, cascade=True)
    assert choice.strong_fraction == 0.3
    assert choice.dollars == pytest.approx(4.0)


def test_a_constant_router_spends_the_budget_by_a_coin() -> None:
    """A third of 300 prompts of one score: 4 dollars a thousand."""
    choice = for_budget(
        scores=[0.5] * 300, strong_dollars=[0.01] * 300, weak_dollars=[0.001] * 300, dollars_per_1k=4
    )
    assert choice.tie_share == pytest.approx(1 / 3)
    assert choice.dollars == pytest.approx(4.0)


def tokens(n_strong: int = 10) -> Outcomes:
    """Every prompt of 100 tokens; strong answers of 500 and weak ones of 250, the former for the first
    few."""
    unknown = [float("nan")] * (10 - n_strong)
    return Outcomes.from_columns(
        PROMPTS,
        measures={
            "input_tokens": {"big": [100.0] * n_strong + unknown, "small": [100.0] * 10},
            "output_tokens": {"big": [500.0] * n_strong + unknown, "small": [250.0] * 10},
        },
    )


PRICES = {"big": TokenPrices(10, 20), "small": TokenPrices(1, 2)}


def test_real_tokens_are_priced() -> None:
    """Strong: (100 * 10 + 500 * 20) / 1e6 = .011; weak: .0006. 5 dollars: (5 - .6) / 10.4 = .42."""
    choice = for_budget(ROUTER, tokens(), PRICES, dollars_per_1k=5, strong="big", weak="small")
    assert choice.strong_fraction == 0.4
    assert choice.dollars == pytest.approx(0.6 + 10.4 * 0.4)
    assert choice.notes == ()


def test_prompts_that_one_model_was_not_asked_count_as_its_mean_answer_and_are_counted() -> None:
    choice = for_budget(ROUTER, tokens(6), PRICES, dollars_per_1k=5, strong="big", weak="small")
    assert choice.dollars == pytest.approx(0.6 + 10.4 * 0.4)
    assert "4 of 10 prompts have no bill of big" in choice.explain()


def test_grades_of_the_table_say_what_the_budget_is_worth() -> None:
    graded = Outcomes.from_columns(
        PROMPTS,
        {"strong": [1.0] * 10, "weak": [1.0] * 5 + [0.0] * 5},
        measures={"dollars": {"strong": [0.01] * 10, "weak": [0.001] * 10}},
    )
    choice = for_budget(ROUTER, graded, dollars_per_1k=4)
    assert choice.quality == pytest.approx(0.8)
    assert choice.pgr == pytest.approx(0.6)


def test_a_budget_below_all_weak_is_refused_with_the_least_there_is() -> None:
    with pytest.raises(InvalidInputError, match="at least 1, .* got 0.5"):
        given(dollars_per_1k=0.5)
    with pytest.raises(InvalidInputError, match="must be at least 3, .* got 2"):
        given(dollars_per_1k=2, router_dollars_per_1k=2)


@pytest.mark.parametrize("budget", [-1, float("nan"), float("inf"), None, "4"])
def test_what_is_no_budget_is_refused(budget: object) -> None:
    with pytest.raises(InvalidInputError, match="dollars_per_1k must be dollars for 1,000 requests"):
        given(dollars_per_1k=budget)


def test_dollars_that_are_none_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="weak_dollars must be >= 0"):
        given(weak_dollars=[-0.1] * 10, dollars_per_1k=4)
    with pytest.raises(InvalidInputError, match="strong_dollars must be finite"):
        given(strong_dollars=[np.nan] * 10, dollars_per_1k=4)
    with pytest.raises(InvalidInputError, match="a budget needs outcomes"):
        for_budget(scores=[0.5], dollars_per_1k=4)


def test_a_table_without_a_bill_of_one_model_is_refused() -> None:
    with pytest.raises(DataError, match="needs dollars of both 'big' and 'small'"):
        for_budget(ROUTER, tokens(), {"big": PRICES["big"]}, dollars_per_1k=5, strong="big", weak="small")


def test_two_models_without_grades_must_be_named() -> None:
    with pytest.raises(InvalidInputError, match="strong= must name one of the data's models"):
        for_budget(ROUTER, tokens(), PRICES, dollars_per_1k=5)


def test_one_number_of_dollars_is_what_each_answer_costs() -> None:
    """10 dollars for 1,000 strong answers, 2 for weak ones: 4 buy (4 - 2) / 8 = .25 strong."""
    choice = for_budget(
        scores=np.linspace(0, 1, 100), strong_dollars=0.01, weak_dollars=0.002, dollars_per_1k=4
    )
    assert choice.strong_fraction == 0.25


def test_grades_of_one_model_alone_do_not_say_what_a_budget_is_worth() -> None:
    with pytest.raises(
        InvalidInputError, match="grades must be given of both models, got weak_scores= alone"
    ):
        for_budget(
            scores=[0.1, 0.9], strong_dollars=1, weak_dollars=0, dollars_per_1k=4, weak_scores=[1.0, 0.0]
        )


def test_dollars_beside_a_table_that_holds_them_are_refused() -> None:
    priced = Outcomes.from_columns(
        PROMPTS, measures={"dollars": {"strong": [0.01] * 10, "weak": [0.001] * 10}}
    )
    with pytest.raises(InvalidInputError, match="outcomes must come without strong_dollars=, which it holds"):
        for_budget(ROUTER, priced, dollars_per_1k=4, strong_dollars=1.0)
