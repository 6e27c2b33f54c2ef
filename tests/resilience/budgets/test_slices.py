"""SlicedStore: few calls wait for the shared store, and together they stay within the limit."""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable

import pytest

from shared_router import Budget, BudgetExceededError, BudgetStoreError
from shared_router.resilience.budgets.slices import SlicedStore
from shared_router.resilience.budgets.store import Account, Taken
from tests.resilience.budgets.counting_store import CountingStore
from tests.resilience.budgets.fake_clock import FakeClock

ACCOUNT = Account("day:name", "a", 20_000)


def _take(slices: SlicedStore, amount: int, limit: int = 1000) -> int:
    return slices.take(ACCOUNT, amount, least=amount, limit=limit).granted


def _soon(holds: Callable[[], bool]) -> bool:
    """Wait for what another thread does."""
    until = time.monotonic() + 10
    while time.monotonic() < until and not holds():
        time.sleep(0.01)
    return holds()


def test_many_calls_ask_the_store_a_few_times() -> None:
    """A thousand calls of 1 of a million; slices begin at 8 calls and double."""
    store = CountingStore()
    slices = SlicedStore(store)
    assert sum(_take(slices, 1, 10**6) for _ in range(1000)) == 1000
    assert store.asked < 50


def test_a_process_is_granted_all_that_is_left_and_no_more() -> None:
    slices = SlicedStore(CountingStore())
    assert sum(_take(slices, 7) for _ in range(500)) == 994


def test_two_processes_never_pass_the_limit() -> None:
    store = CountingStore()
    one, other = SlicedStore(store), SlicedStore(store)
    granted = sum(_take(each, 3) for _ in range(500) for each in (one, other))
    assert granted <= store.taken(ACCOUNT) <= 1000
    assert granted > 900


def test_the_same_slice_is_not_served_twice_to_many_threads() -> None:
    store = CountingStore()
    slices = SlicedStore(store)
    granted: list[int] = []
    threads = [
        threading.Thread(target=lambda: granted.extend(_take(slices, 3) for _ in range(20)))
        for _ in range(64)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sum(granted) == 999


def test_a_strong_calls_limit_is_kept_in_the_slice_too() -> None:
    slices = SlicedStore(CountingStore())
    granted = sum(_take(slices, 10, limit=900) for _ in range(200))
    assert granted == 900
    assert _take(slices, 100, limit=1000) == 100


def test_only_a_call_that_the_slice_cannot_serve_would_wait() -> None:
    slices = SlicedStore(CountingStore())
    assert slices.would_wait(ACCOUNT, 1, 1000)
    _take(slices, 1)
    assert not slices.would_wait(ACCOUNT, 1, 1000)
    assert slices.would_wait(ACCOUNT, 900, 1000)


def test_a_spent_budget_is_not_asked_for_at_each_call() -> None:
    store = CountingStore()
    slices = SlicedStore(store, clock=FakeClock())
    _take(slices, 1000)
    asked = store.asked
    assert sum(_take(slices, 1) for _ in range(100)) == 0
    assert store.asked <= asked + 2


def test_what_others_put_back_is_found_again_soon() -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    store.take(ACCOUNT, 1000, least=1000, limit=1000)
    assert _take(slices, 10) == 0
    store.put_back(ACCOUNT, 500)
    clock.now += 0.3
    assert _take(slices, 10) == 10


def test_a_slice_that_nobody_uses_goes_back() -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    _take(slices, 10)
    assert store.taken(ACCOUNT) > 10
    clock.now += 3
    assert _soon(lambda: store.taken(ACCOUNT) == 10)
    assert _soon(lambda: slices._tender is None)


def test_what_a_call_did_not_need_goes_back_after_its_slice_has() -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    _take(slices, 10)
    clock.now += 3
    assert _soon(lambda: store.taken(ACCOUNT) == 10)
    slices.put_back(ACCOUNT, 4)
    assert _soon(lambda: store.taken(ACCOUNT) == 6)


def test_closing_puts_back_all_but_what_calls_have_reserved() -> None:
    store = CountingStore()
    slices = SlicedStore(store)
    _take(slices, 10)
    slices.close()
    assert store.taken(ACCOUNT) == 10


def test_a_fork_does_not_serve_its_parents_slice() -> None:
    """The parent holds most of the limit as its slice and reservation; its child is granted only the rest."""
    store = CountingStore()
    slices = SlicedStore(store)
    _take(slices, 10)
    held = slices._slices[ACCOUNT].free
    assert held > 0
    slices.forget()
    assert not slices._slices
    assert sum(_take(slices, 1) for _ in range(2000)) == 1000 - 10 - held


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_forgets_what_it_holds() -> None:
    slices = SlicedStore(CountingStore())
    _take(slices, 10)
    child = os.fork()
    if child == 0:
        os._exit(0 if not slices._slices else 1)
    assert os.waitpid(child, 0)[1] == 0
    assert slices._slices


def test_a_store_that_is_away_refuses_calls_and_says_so_once(caplog: pytest.LogCaptureFixture) -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    store.is_away = True
    for _ in range(10):
        with pytest.raises(BudgetStoreError, match="got ConnectionRefusedError"):
            _take(slices, 1)
        clock.now += 0.5
    assert len(caplog.records) == 1
    assert "calls are refused" in caplog.text
    store.is_away = False
    clock.now += 2
    assert _take(slices, 1) == 1


def test_a_store_that_is_away_is_left_alone_for_a_second() -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    store.is_away = True
    for _ in range(100):
        with pytest.raises(BudgetStoreError):
            _take(slices, 1)
    assert store.asked == 1


def test_an_open_budget_counts_alone_meanwhile_and_tells_the_store_after(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """200 were taken before; meanwhile 800 more and none beyond; the store hears of all of them."""
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, on_store_error="open", clock=clock)
    _take(slices, 200)
    slices.close()
    _take(slices, 0)
    store.is_away = True
    clock.now += 2
    assert sum(_take(slices, 10) for _ in range(200)) == 800
    assert "counts alone" in caplog.text
    assert len(caplog.records) == 1
    store.is_away = False
    clock.now += 2
    slices.put_back(ACCOUNT, 300)
    assert _take(slices, 10, limit=2000) == 10
    assert _soon(lambda: store.taken(ACCOUNT) >= 710)
    slices.close()
    assert store.taken(ACCOUNT) == 710


def test_what_may_have_been_put_back_is_not_put_back_again() -> None:
    store, clock = CountingStore(), FakeClock()
    slices = SlicedStore(store, clock=clock)
    _take(slices, 10)
    store.is_away = True
    slices.close()
    store.is_away = False
    slices.close()
    assert store.taken(ACCOUNT) > 10


def test_a_budget_closed_by_its_store_refuses_with_the_stores_error() -> None:
    store = CountingStore()
    store.is_away = True
    with pytest.raises(BudgetStoreError, match='on_store_error="open"'):
        Budget(1.0, store=store).reserve(0.1)


def test_a_budget_opened_without_its_store_still_has_its_limit(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.ERROR)
    store = CountingStore()
    store.is_away = True
    budget = Budget(1.0, store=store, on_store_error="open", on_hard="raise")
    budget.reserve(1.0)
    with pytest.raises(BudgetExceededError):
        budget.reserve(0.01)


def test_an_old_periods_slice_is_not_served_from() -> None:
    """The clock goes from hour 4 back to hour 0, which counts as hour 2, the oldest that is kept."""
    store = CountingStore()
    slices = SlicedStore(store)
    for period in range(2, 5):
        store.take(ACCOUNT._replace(period=period), 100, least=100, limit=100)
    asked = ACCOUNT._replace(period=0)
    assert slices.take(asked, 10, least=10, limit=100) == Taken(0, 100, 2)


def test_a_budget_tells_what_would_ask_its_store_and_puts_back_what_it_holds() -> None:
    store = CountingStore()
    budget = Budget(1.0, store=store)
    assert budget.would_wait()
    budget.reserve(0.01)
    assert not budget.would_wait(dollars=0.01)
    assert budget.would_wait(dollars=0.9)
    budget.close()
    assert Budget(1.0, store=store).used() == pytest.approx(0.01)
