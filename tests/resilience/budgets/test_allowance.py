"""Budgets and Allowance: what a call may be decided to, and what is held for it."""

import asyncio
from collections.abc import Sequence

import pytest

from shared_router import (
    Bill,
    Budget,
    BudgetExceededError,
    Budgets,
    CallSize,
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    TokenPrices,
)
from shared_router.testing import FixedRouter

PRICES = {"strong": TokenPrices(0.0, 100.0), "weak": TokenPrices(0.0, 1.0)}
SIZE = CallSize((), max_output_tokens=1000)
"""A call that costs up to 0.1 dollars at the strong model and 0.001 at the weak one."""


def _policy(win_probability: float = 0.9, threshold: float = 0.5) -> RoutingPolicy:
    return RoutingPolicy(FixedRouter(win_probability), threshold=threshold)


def _budgets(budget: Budget | Sequence[Budget], policy: RoutingPolicy | None = None) -> Budgets:
    bill = Bill(PRICES, ("strong", "weak"))
    most = {"strong": 1000, "weak": 1000}
    return Budgets(budget, bill=bill, policy=policy or _policy(), max_output_tokens=most)


def test_a_call_within_budget_is_decided_as_ever_and_its_bound_is_held() -> None:
    budget, policy = Budget(1.0), _policy()
    allowance = _budgets(budget).ask(RoutingRequest("why?"), SIZE)
    decision, held = allowance.admit(policy.decide(allowance.request))
    assert (decision.model, decision.reason) == ("strong", "score")
    assert budget.used() == pytest.approx(0.1)
    held.settle(0.02)
    assert budget.used() == pytest.approx(0.02)


def test_over_soft_the_threshold_is_raised_and_the_decision_says_so() -> None:
    """Soft at 0.5, hard at 0.9, 0.85 used: the threshold is 0.5 + 0.5 * 7/8, above the score of 0.9."""
    budget, policy = Budget(1.0, soft=0.5), _policy()
    budget.reserve(0.85)
    small = CallSize((), max_output_tokens=10)
    allowance = _budgets(budget).ask(RoutingRequest("why?"), small)
    decision, _ = allowance.admit(policy.decide(allowance.request))
    assert (decision.model, decision.reason) == ("weak", "budget:soft")
    assert decision.threshold == pytest.approx(0.9375)


def test_over_soft_a_requests_own_threshold_is_raised_too() -> None:
    budget = Budget(1.0, soft=0.5, soft_threshold=0.7)
    budget.reserve(0.5)
    asked = [
        _budgets(budget).ask(RoutingRequest("why?", threshold=own), SIZE).request.threshold
        for own in (0.1, 0.8)
    ]
    assert asked == [0.7, 0.8]


def test_over_hard_the_weakest_alone_is_left_and_no_router_is_asked() -> None:
    budget, policy = Budget(1.0), _policy()
    budget.reserve(0.85)
    allowance = _budgets(budget).ask(RoutingRequest("why?"), SIZE)
    decision, _ = allowance.admit(policy.decide(allowance.request))
    assert (decision.model, decision.reason, decision.win_probability) == ("weak", "budget:hard", None)


@pytest.mark.parametrize("pin", [{"route": "strong"}, {"sticky_to": "strong"}])
def test_over_hard_neither_a_pin_nor_a_conversation_keeps_the_strong_model(pin: dict[str, str]) -> None:
    budget, policy = Budget(1.0), _policy()
    budget.reserve(0.85)
    allowance = _budgets(budget).ask(RoutingRequest("why?", **pin), SIZE)  # type: ignore[arg-type]
    decision, _ = allowance.admit(policy.decide(allowance.request))
    assert (decision.model, decision.reason) == ("weak", "budget:hard")


def test_over_hard_a_pin_to_the_weak_model_is_the_callers_reason() -> None:
    budget, policy = Budget(1.0), _policy()
    budget.reserve(0.85)
    allowance = _budgets(budget).ask(RoutingRequest("why?", route="weak"), SIZE)
    decision, _ = allowance.admit(policy.decide(allowance.request))
    assert (decision.model, decision.reason) == ("weak", "route")


def test_the_weak_model_is_asked_while_its_own_bound_is_left_and_then_nobody() -> None:
    """Of the last tenth of a dollar, a hundred answers of up to 0.001 dollars."""
    budget = Budget(1.0)
    budget.reserve(0.9)
    budgets = _budgets(budget)
    for _ in range(100):
        budgets.ask(RoutingRequest("why?"), SIZE).reserve("weak")
    with pytest.raises(BudgetExceededError, match="0.001000000 dollars where 0.000000000 of 1 a day"):
        budgets.ask(RoutingRequest("why?"), SIZE)
    assert budget.used() == 1.0


def test_a_request_that_only_the_strong_model_can_serve_is_refused_over_hard() -> None:
    budget = Budget(1.0)
    budget.reserve(0.85)
    with pytest.raises(BudgetExceededError):
        _budgets(budget).ask(RoutingRequest("why?", candidates=("strong",), needs="images"), SIZE)


def test_a_budget_that_raises_moves_no_call_to_another_model() -> None:
    budget, policy = Budget(1.0, on_hard="raise"), _policy()
    budget.reserve(0.95)
    allowance = _budgets(budget).ask(RoutingRequest("why?"), SIZE)
    with pytest.raises(BudgetExceededError):
        allowance.admit(policy.decide(allowance.request))
    assert budget.used() == pytest.approx(0.95)


def test_what_others_take_between_decision_and_call_moves_it_to_the_weakest() -> None:
    budget, policy = Budget(1.0), _policy()
    allowance = _budgets(budget).ask(RoutingRequest("why?"), SIZE)
    decision = policy.decide(allowance.request)
    budget.reserve(0.9)
    decision, _ = allowance.admit(decision)
    assert (decision.model, decision.reason) == ("weak", "budget:hard")


def test_a_call_must_fit_all_budgets_and_leaves_nothing_behind_where_it_does_not() -> None:
    day, hour = Budget(10.0, on_hard="raise"), Budget(0.05, per="hour", on_hard="raise")
    allowance = _budgets([day, hour]).ask(RoutingRequest("why?"), SIZE)
    with pytest.raises(BudgetExceededError, match="0.05 an? hour"):
        allowance.reserve("strong")
    assert (day.used(), hour.used()) == (0, 0)


def test_a_tenants_spent_budget_is_its_own() -> None:
    budget = Budget(1.0, key="tenant")
    budget.reserve(0.9, "ann")
    budgets = _budgets(budget)
    assert budgets.ask(RoutingRequest("why?", tenant="ann"), SIZE).request.candidates == ("weak",)
    assert budgets.ask(RoutingRequest("why?", tenant="bob"), SIZE).request.candidates is None


def test_an_event_loop_is_served_alike() -> None:
    async def call() -> tuple[str, str]:
        budget, policy = Budget(1.0, soft=0.5), _policy()
        budget.reserve(0.85)
        allowance = await _budgets(budget).aask(RoutingRequest("why?"), SIZE)
        decision, held = await allowance.aadmit(policy.decide(allowance.request))
        held.release()
        assert budget.used() == pytest.approx(0.85)
        return decision.model, decision.reason

    assert asyncio.run(call()) == ("weak", "budget:hard")


def test_a_model_without_a_price_is_refused_at_construction() -> None:
    bill = Bill({"strong": PRICES["strong"]}, ("strong", "weak"))
    with pytest.raises(InvalidInputError, match=r"prices must name every model .* \['weak'\]"):
        Budgets(Budget(1.0, max_output_tokens=9), bill=bill, policy=_policy(), max_output_tokens={})


def test_answers_that_nothing_bounds_are_refused_at_construction() -> None:
    bill = Bill(PRICES, ("strong", "weak"))
    with pytest.raises(
        InvalidInputError, match=r"how long an answer may be, got no max_tokens .* \['weak'\]"
    ):
        Budgets(Budget(1.0), bill=bill, policy=_policy(), max_output_tokens={"strong": 5, "weak": None})
    Budgets(Budget(1.0, max_output_tokens=9), bill=bill, policy=_policy(), max_output_tokens={"strong": 5})


@pytest.mark.parametrize("budget", [None, 1.0, [], "1", [Budget(1.0), 2]])
def test_what_is_no_budget_is_refused(budget: object) -> None:
    with pytest.raises(InvalidInputError, match="budget must be a Budget or a list of them"):
        _budgets(budget)  # type: ignore[arg-type]
