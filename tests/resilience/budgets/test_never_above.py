"""Whatever comes in whatever order: spent and reserved together stay within the limit."""

from __future__ import annotations

import random
import threading

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from shared_router import (
    Bill,
    Budget,
    BudgetExceededError,
    Budgets,
    CallSize,
    RoutingPolicy,
    RoutingRequest,
    TokenPrices,
)
from shared_router.resilience.budgets.reservation import Reservation
from shared_router.testing import FixedRouter
from tests.resilience.budgets.counting_store import CountingStore
from tests.resilience.budgets.fake_clock import FakeClock

LIMIT = 1000
"""Billionths of a dollar."""


class SharedBudget(RuleBasedStateMachine):
    """Three processes' budgets over one store, and a clock that goes on and back."""

    held = Bundle("held")

    def __init__(self) -> None:
        super().__init__()
        self.clock, store = FakeClock(), CountingStore()
        self.budgets = [
            Budget(LIMIT / 1e9, per="hour", on_hard="raise", store=store, clock=self.clock) for _ in range(3)
        ]
        self.counted: dict[int, int] = {}  # by hour: what is spent and reserved

    @rule(target=held, which=st.integers(0, 2), amount=st.integers(0, LIMIT))
    def reserve(self, which: int, amount: int) -> tuple[Reservation | None, int, int]:
        hour = int(self.clock.now // 3600)
        try:
            reservation = self.budgets[which].reserve(amount / 1e9)
        except BudgetExceededError:
            return None, 0, hour
        self.counted[hour] = self.counted.get(hour, 0) + amount
        return reservation, amount, hour

    @rule(call=consumes(held), share=st.floats(0, 1))
    def settle(self, call: tuple[Reservation | None, int, int], share: float) -> None:
        reservation, amount, hour = call
        if reservation is not None:
            cost = int(amount * share)
            reservation.settle(cost / 1e9)
            self.counted[hour] -= amount - cost

    @rule(call=consumes(held))
    def release(self, call: tuple[Reservation | None, int, int]) -> None:
        reservation, amount, hour = call
        if reservation is not None:
            reservation.release()
            self.counted[hour] -= amount

    @rule(hours=st.sampled_from([-2, -1, 0, 1, 2, 500]))
    def pass_time(self, hours: int) -> None:
        self.clock.now += 3600 * hours

    @invariant()
    def stay_within_the_limit(self) -> None:
        assert all(counted <= LIMIT for counted in self.counted.values())


SharedBudget.TestCase.settings = settings(max_examples=60, stateful_step_count=40, deadline=None)
TestSharedBudget = SharedBudget.TestCase


def test_100_000_adversarial_requests_from_64_threads_never_pass_a_budget() -> None:
    """All score high, half are pinned strong; each bound is large and settles for all of it or for nothing.

    The whole budget is 2 dollars, the strong model's part 1.8; strong calls cost up to 0.01 dollars.
    """
    budget, router = Budget(2.0, soft=0.8), FixedRouter(1.0)
    policy = RoutingPolicy(router, threshold=0.0)
    bill = Bill({"strong": TokenPrices(0.0, 100.0), "weak": TokenPrices(0.0, 1.0)}, ("strong", "weak"))
    budgets = Budgets(budget, bill=bill, policy=policy, max_output_tokens={"strong": 100, "weak": 100})
    costs: list[float] = []
    most: list[float] = []

    def attack(seed: int) -> None:
        rng = random.Random(seed)
        for _ in range(100_000 // 64 + 1):
            tokens = rng.choice([1, 10, 100])
            route = "strong" if rng.random() < 0.5 else None
            try:
                allowance = budgets.ask(
                    RoutingRequest("jailbreak", route=route), CallSize((), max_output_tokens=tokens)
                )
                decision, held = allowance.admit(policy.decide(allowance.request))
            except BudgetExceededError:
                continue
            dollars = allowance.bounds[decision.model] * rng.choice([0.0, 0.5, 1.0])
            held.settle(dollars)
            costs.append(dollars)
            most.append(budget.used())

    threads = [threading.Thread(target=attack, args=(seed,)) for seed in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(costs) <= 2.0 + 1e-9
    assert max(most) <= 2.0
    assert sum(costs) > 1.99
