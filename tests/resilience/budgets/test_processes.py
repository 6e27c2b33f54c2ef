"""Several real processes share one budget, in SQLite and in Redis."""

from __future__ import annotations

import itertools
import multiprocessing
import os
import signal
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared_router import Budget, BudgetExceededError, BudgetStoreError
from tests.resilience.budgets.spending import DOLLARS, hold, spend
from tests.resilience.budgets.stores import redis_server

DATABASES = itertools.count(1)
SPAWN = multiprocessing.get_context("spawn")


@pytest.fixture(params=["sqlite", "redis"])
def address(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """Return a store that nobody has used; each Redis database of the 16 is one."""
    if request.param == "redis":
        yield f"{request.getfixturevalue('redis_url')}?db={next(DATABASES)}"
    else:
        yield str(tmp_path / "budgets.db")


def test_four_processes_of_16_threads_spend_the_limit_and_never_more(address: str) -> None:
    results = SPAWN.Queue()
    processes = [SPAWN.Process(target=spend, args=(address, seed, 16, results)) for seed in range(4)]
    for process in processes:
        process.start()
    spent = [results.get(timeout=120) for _ in processes]
    for process in processes:
        process.join(60)
    assert sum(spent) <= DOLLARS * 1e9
    assert sum(spent) >= 0.9 * DOLLARS * 1e9
    # all that is left has gone back to the store
    assert Budget(DOLLARS, store=address).used() == pytest.approx(sum(spent) / 1e9)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_slices_of_its_own_and_puts_them_back(address: str) -> None:
    """Parent and child each hold a slice of the same budget; at the end only what they spent is taken."""
    budget = Budget(DOLLARS, store=address, on_hard="raise")
    budget.reserve(0.1).settle(0.05)
    fork = multiprocessing.get_context("fork")
    results = fork.Queue()
    child = fork.Process(target=lambda: results.put(_spent_of(budget)))
    child.start()
    assert results.get(timeout=60) == pytest.approx(0.02)
    child.join(60)
    budget.close()
    assert Budget(DOLLARS, store=address).used() == pytest.approx(0.07)


def _spent_of(budget: Budget) -> float:
    budget.reserve(0.1).settle(0.02)
    return 0.02


def test_a_redis_that_goes_away_is_the_policys_choice(caplog: pytest.LogCaptureFixture) -> None:
    """Each budget holds a slice of at most an eighth of a dollar, which calls are still served from."""
    with tempfile.TemporaryDirectory() as folder:
        with redis_server(Path(folder)) as url:
            closed = Budget(DOLLARS, store=url, on_hard="raise")
            open_ = Budget(DOLLARS, store=url, on_hard="raise", on_store_error="open")
            for budget in (closed, open_):
                budget.reserve(0.1)
        with pytest.raises(BudgetStoreError, match="Redis must answer"):
            closed.reserve(0.5)
        open_.reserve(0.5)
        with pytest.raises(BudgetExceededError):
            open_.reserve(0.5)
    assert "calls are refused" in caplog.text
    assert "counts alone" in caplog.text


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="this system kills in another way")
def test_what_a_killed_process_held_counts_as_spent_and_the_rest_is_left(address: str) -> None:
    """It had reserved 0.1, which may be billed, and held a slice of at most an eighth of a dollar."""
    started = SPAWN.Queue()
    process = SPAWN.Process(target=hold, args=(address, started))
    process.start()
    assert started.get(timeout=60) == 0.1
    os.kill(process.pid or 0, signal.SIGKILL)
    process.join(60)
    left = Budget(DOLLARS, store=address, on_hard="raise").left()
    assert 0.9 - 0.125 <= left <= 0.9
