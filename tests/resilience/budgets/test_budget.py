"""Budget: reserve before, settle after, and never above the limit."""

import copy
import math
import pickle
import tempfile
import threading

import pytest

from shared_router import Budget, BudgetExceededError, InvalidInputError, tenant_scope
from tests.resilience.budgets.fake_clock import NOON, FakeClock


def test_what_is_reserved_is_not_left_until_it_is_settled_for_less() -> None:
    """Of 1 dollar 0.6 is reserved, so 0.6 more is refused; settled for 0.1, 0.9 is left."""
    budget = Budget(1.0, on_hard="raise")
    held = budget.reserve(0.6)
    with pytest.raises(BudgetExceededError, match="bound must be left"):
        budget.reserve(0.6)
    held.settle(0.1)
    assert budget.left() == pytest.approx(0.9)
    budget.reserve(0.9)
    assert budget.left() == 0


def test_a_limit_can_be_used_to_its_last_cent() -> None:
    """Ten tenths of a dollar are a dollar, which sums of floats are not."""
    budget = Budget(1.0, on_hard="raise")
    for _ in range(10):
        budget.reserve(0.1)
    assert budget.left() == 0


def test_what_is_released_is_left_again_and_only_the_first_end_counts() -> None:
    budget = Budget(1.0)
    held = budget.reserve(0.5)
    held.release()
    held.release()
    held.settle(0.4)
    assert budget.used() == 0


def test_a_call_whose_cost_is_not_known_counts_in_full() -> None:
    budget = Budget(1.0)
    for dollars in (None, math.nan, math.inf, -1.0):
        budget.reserve(0.2).settle(dollars)
    assert budget.used() == pytest.approx(0.8)


def test_a_call_that_cost_more_than_its_bound_counts_as_what_it_cost(
    caplog: pytest.LogCaptureFixture,
) -> None:
    budget = Budget(1.0, on_hard="raise")
    budget.reserve(0.2).settle(1.5)
    assert budget.used() == pytest.approx(1.5)
    assert budget.left() == 0
    assert "had reserved 0.2" in caplog.text
    with pytest.raises(BudgetExceededError):
        budget.reserve(0.001)


def test_a_call_that_costs_nothing_needs_no_budget() -> None:
    budget = Budget(1.0, on_hard="raise")
    budget.reserve(1.0)
    assert budget.reserve(0.0).dollars == 0


@pytest.mark.parametrize(
    ("per", "later"),
    [("hour", NOON + 3600), ("day", NOON + 86_400), ("month", NOON + 5 * 86_400)],
)
def test_a_budget_renews_with_the_calendar_in_utc(per: str, later: float) -> None:
    """Noon of 26 November: one hour, one day on; five days on it is 1 December."""
    clock = FakeClock()
    budget = Budget(1.0, per=per, clock=clock)  # type: ignore[arg-type]
    budget.reserve(1.0)
    assert budget.left() == 0
    clock.now = later
    assert budget.left() == 1.0


def test_a_call_that_ends_in_the_next_period_is_settled_in_its_own() -> None:
    clock = FakeClock()
    budget = Budget(1.0, per="hour", clock=clock)
    held = budget.reserve(0.8)
    clock.now += 3600
    held.settle(0.1)
    assert budget.left() == 1.0
    clock.now -= 3600
    assert budget.used() == pytest.approx(0.1)


def test_a_clock_that_goes_back_finds_what_was_spent() -> None:
    clock = FakeClock()
    budget = Budget(1.0, per="hour", clock=clock)
    budget.reserve(1.0)
    clock.now += 100 * 365 * 86_400  # somebody sets the year wrongly, and then right
    assert budget.left() == 1.0
    clock.now = NOON
    assert budget.left() == 0


def test_a_clock_that_goes_back_beyond_what_is_kept_opens_nothing() -> None:
    """Hours 0, 1 and 2 are kept; hour -5 then counts as hour 0, which is spent."""
    clock = FakeClock()
    budget = Budget(1.0, per="hour", clock=clock, for_weak=0.0)
    for hour in range(3):
        clock.now = NOON + 3600 * hour
        budget.reserve(1.0)
    clock.now = NOON - 5 * 3600
    with pytest.raises(BudgetExceededError):
        budget.reserve(0.01)


def test_each_tenant_has_its_own_budget_and_those_without_one_share_theirs() -> None:
    budget = Budget(1.0, key="tenant")
    budget.reserve(1.0, "ann")
    assert budget.left("ann") == 0
    assert budget.left("bob") == 1.0
    with tenant_scope("ann"):
        assert budget.left() == 0
    budget.reserve(0.4)
    assert budget.left() == pytest.approx(0.6)
    assert budget.left("None") == 1.0


def test_a_budget_without_a_key_is_everybodys() -> None:
    budget = Budget(1.0)
    budget.reserve(0.7, "ann")
    assert budget.left("bob") == pytest.approx(0.3)


def test_a_key_can_be_made_of_the_tenant() -> None:
    budget = Budget(1.0, key=lambda tenant: (tenant or "").split("/")[0])
    budget.reserve(1.0, "acme/ann")
    assert budget.left("acme/bob") == 0
    assert budget.left("other/ann") == 1.0


def test_a_standing_is_open_then_soft_then_hard() -> None:
    """Half of the dollar is soft; the last tenth is the weakest model's."""
    budget = Budget(1.0, soft=0.5)
    standings = []
    for dollars in (0.25, 0.25, 0.25, 0.15, 0.0):
        standings.append(budget.standing())
        budget.reserve(dollars)
    assert standings == ["open", "open", "soft", "soft", "hard"]


def test_the_last_share_is_kept_for_the_weakest_model() -> None:
    budget = Budget(1.0, for_weak=0.25)
    budget.reserve(0.75, strong=True)
    with pytest.raises(BudgetExceededError):
        budget.reserve(0.01, strong=True)
    budget.reserve(0.25)


def test_over_soft_the_threshold_rises_to_1_at_hard() -> None:
    """Soft at 0.5 and hard at 0.9: at 0.7, halfway, 0.4 becomes 0.4 + 0.6 / 2."""
    budget = Budget(1.0, soft=0.5)
    assert budget.raised(0.4) == 0.4
    budget.reserve(0.7)
    assert budget.raised(0.4) == pytest.approx(0.7)
    budget.reserve(0.2)
    assert budget.raised(0.4) == 1.0


def test_over_soft_a_given_threshold_applies_and_never_a_lower_one() -> None:
    budget = Budget(1.0, soft=0.5, soft_threshold=0.8)
    assert budget.raised(0.4) == 0.4
    budget.reserve(0.5)
    assert budget.raised(0.4) == 0.8
    assert budget.raised(0.9) == 0.9


@pytest.mark.parametrize("dollars", [-0.1, math.nan, math.inf, None])
def test_what_is_no_amount_cannot_be_reserved(dollars: object) -> None:
    with pytest.raises(InvalidInputError, match="dollars must be >= 0"):
        Budget(1.0).reserve(dollars)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "dollars", [0, -1, -0.0, math.nan, math.inf, True, "1", None, 9_000_001, 10**400, 1e-12]
)
def test_a_budget_of_no_dollars_is_refused(dollars: object) -> None:
    with pytest.raises(InvalidInputError, match=r"^dollars must be > 0"):
        Budget(dollars)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("argument", "value"),
    [
        ("per", "week"),
        ("soft", 1.0),
        ("soft", 80),
        ("soft", 10**400),
        ("clock", None),
        ("clock", 5),
        ("store", "/no/such/folder/budget.db"),
        ("store", tempfile.gettempdir()),
        ("soft", math.nan),
        ("soft_threshold", 0.5),
        ("on_hard", "strong"),
        ("for_weak", 1.0),
        ("max_output_tokens", 0),
        ("max_output_tokens", 10.0),
        ("max_output_tokens", True),
        ("count_tokens", 4),
        ("key", ""),
        ("key", 7),
        ("store", 7),
        ("store", ""),
        ("on_store_error", "warn"),
    ],
)
def test_an_argument_outside_its_rule_is_refused_by_name(argument: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=f"^{argument} must"):
        Budget(1.0, **{argument: value})  # type: ignore[arg-type]


def test_a_raising_budget_keeps_nothing_for_the_weakest() -> None:
    with pytest.raises(InvalidInputError, match="for_weak must"):
        Budget(1.0, on_hard="raise", for_weak=0.1)


def test_a_copy_of_a_model_has_no_second_budget() -> None:
    budget = Budget(1.0)
    assert copy.deepcopy(budget) is budget
    assert copy.copy(budget) is budget


def test_a_pickle_keeps_the_settings() -> None:
    budget = pickle.loads(pickle.dumps(Budget(2.0, per="hour", soft=0.5, max_output_tokens=10)))
    assert (budget.dollars, budget.per, budget.soft, budget.max_output_tokens) == (2.0, "hour", 0.5, 10)


def test_a_repr_holds_no_key_and_no_stores_address() -> None:
    shown = repr(Budget(2.0, key="sk-secret", store="redis://:password@localhost:1"))
    assert "secret" not in shown
    assert "password" not in shown


def test_64_threads_never_pass_the_limit_and_waste_none_of_it() -> None:
    """A dollar is a thousand calls of a tenth of a cent; 64 threads ask for 1,600 and get a thousand."""
    budget = Budget(1.0, on_hard="raise")
    granted = []

    def spend() -> None:
        for _ in range(25):
            try:
                budget.reserve(0.001).settle(0.001)
            except BudgetExceededError:
                continue
            granted.append(0.001)

    threads = [threading.Thread(target=spend) for _ in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(granted) == 1000
    assert budget.used() == 1.0
