"""What every store keeps to: a limit that is never passed, and periods that do not open again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from shared_router import BudgetStoreError, MissingExtraError
from shared_router.resilience.budgets.memory_store import MemoryStore
from shared_router.resilience.budgets.redis_store import RedisStore
from shared_router.resilience.budgets.sqlite_store import SqliteStore
from shared_router.resilience.budgets.store import Account, BudgetStore, Taken

ACCOUNT = Account("day:name", "a", 20_000)


@pytest.fixture(params=["memory", "sqlite", "redis"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[BudgetStore]:
    if request.param == "redis":
        yield RedisStore(request.getfixturevalue("redis_url"), prefix=uuid4().hex)
    elif request.param == "sqlite":
        yield SqliteStore(tmp_path / "budgets.db")
    else:
        yield MemoryStore()


def test_it_grants_what_is_left_and_never_more(store: BudgetStore) -> None:
    """Of 100: 60, then 40 of the 60 wished for, then nothing."""
    assert store.take(ACCOUNT, 60, least=1, limit=100) == Taken(60, 60, 20_000)
    assert store.take(ACCOUNT, 60, least=1, limit=100) == Taken(40, 100, 20_000)
    assert store.take(ACCOUNT, 60, least=1, limit=100) == Taken(0, 100, 20_000)


def test_it_grants_nothing_where_less_is_left_than_is_needed(store: BudgetStore) -> None:
    store.take(ACCOUNT, 60, least=60, limit=100)
    assert store.take(ACCOUNT, 50, least=41, limit=100) == Taken(0, 60, 20_000)


def test_what_is_put_back_is_left_again(store: BudgetStore) -> None:
    store.take(ACCOUNT, 100, least=100, limit=100)
    store.put_back(ACCOUNT, 30)
    assert store.take(ACCOUNT, 100, least=1, limit=100).granted == 30


def test_what_cost_more_than_was_reserved_is_taken_whatever_the_limit(store: BudgetStore) -> None:
    store.take(ACCOUNT, 90, least=90, limit=100)
    store.put_back(ACCOUNT, -50)
    assert store.take(ACCOUNT, 0, least=0, limit=100) == Taken(0, 140, 20_000)


def test_accounts_are_apart(store: BudgetStore) -> None:
    store.take(ACCOUNT, 100, least=100, limit=100)
    for other in (
        ACCOUNT._replace(budget="hour:name"),
        ACCOUNT._replace(key="b"),
        ACCOUNT._replace(period=20_001),
    ):
        assert store.take(other, 100, least=100, limit=100).granted == 100


def test_three_periods_are_kept_and_an_older_one_counts_as_the_oldest(store: BudgetStore) -> None:
    for period in range(4):
        store.take(ACCOUNT._replace(period=period), 100, least=100, limit=100)
    assert store.take(ACCOUNT._replace(period=0), 1, least=1, limit=100) == Taken(0, 100, 1)


def test_what_is_put_back_into_a_period_that_is_gone_opens_no_other(store: BudgetStore) -> None:
    for period in range(4):
        store.take(ACCOUNT._replace(period=period), 100, least=100, limit=100)
    store.put_back(ACCOUNT._replace(period=0), 100)
    assert store.take(ACCOUNT._replace(period=1), 1, least=1, limit=100).granted == 0


def test_it_holds_nine_million_dollars_to_the_billionth(store: BudgetStore) -> None:
    most = 9_000_000 * 10**9
    assert store.take(ACCOUNT, most - 1, least=1, limit=most).granted == most - 1
    assert store.take(ACCOUNT, 5, least=1, limit=most) == Taken(1, most, 20_000)


def test_threads_are_granted_the_limit_and_no_more(store: BudgetStore) -> None:
    """16 threads ask 25 times for 1 of 300."""
    granted: list[int] = []
    _in_threads(
        16, lambda: granted.extend(store.take(ACCOUNT, 1, least=1, limit=300).granted for _ in range(25))
    )
    assert sum(granted) == 300


def test_a_key_that_lost_its_place_in_memory_never_finds_its_budget_open_again() -> None:
    """Of ten places, key 0 takes 90 of 100, and a hundred others 1 each: key 0 keeps its place.

    Key 1 loses its place at 1, and finds at least 1 taken.
    """
    store = MemoryStore(size=10)
    store.take(ACCOUNT._replace(key="0"), 90, least=90, limit=100)
    for key in range(1, 101):
        store.take(ACCOUNT._replace(key=str(key)), 1, least=1, limit=100)
    assert store.take(ACCOUNT._replace(key="0"), 0, least=0, limit=100).taken == 90
    assert 1 <= store.take(ACCOUNT._replace(key="1"), 0, least=0, limit=100).taken <= 10


def test_memory_holds_no_more_keys_than_it_has_places_for() -> None:
    store = MemoryStore(size=100)
    for key in range(10_000):
        store.take(ACCOUNT._replace(key=str(key)), 1, least=1, limit=10**6)
    (period,) = store._periods.values()
    assert len(period._taken) <= 100


def test_what_costs_more_counts_also_for_a_key_that_lost_its_place() -> None:
    store = MemoryStore(size=2)
    for key in "abcd":
        store.take(ACCOUNT._replace(key=key), 1, least=1, limit=100)
    store.put_back(ACCOUNT._replace(key="a"), -50)
    assert store.take(ACCOUNT._replace(key="a"), 0, least=0, limit=100).taken >= 51


def test_a_file_that_is_no_database_is_a_store_error(tmp_path: Path) -> None:
    path = tmp_path / "budgets.db"
    path.write_text("no database" * 100)
    with pytest.raises(BudgetStoreError, match="SQLite file must answer .* got DatabaseError"):
        SqliteStore(path).take(ACCOUNT, 1, least=1, limit=1)


def test_a_folder_that_is_not_there_is_a_store_error(tmp_path: Path) -> None:
    with pytest.raises(BudgetStoreError, match="got FileNotFoundError"):
        SqliteStore(tmp_path / "no" / "budgets.db").take(ACCOUNT, 1, least=1, limit=1)


def test_only_its_owner_can_read_a_sqlite_file(tmp_path: Path) -> None:
    SqliteStore(tmp_path / "budgets.db").take(ACCOUNT, 1, least=1, limit=1)
    assert (tmp_path / "budgets.db").stat().st_mode & 0o077 == 0


def test_a_redis_that_is_away_is_a_store_error_that_tells_no_password(tmp_path: Path) -> None:
    pytest.importorskip("redis")
    store = RedisStore(f"unix://:secret@{tmp_path}/none.sock")
    with pytest.raises(BudgetStoreError, match="Redis must answer") as error:
        store.take(ACCOUNT, 1, least=1, limit=1)
    assert "secret" not in str(error.value)
    assert "secret" not in repr(store)


def test_a_redis_without_its_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"routellm-adapters\[redis\]"):
        RedisStore("redis://localhost")


def _in_threads(n: int, work: Callable[[], None]) -> None:
    threads = [threading.Thread(target=work) for _ in range(n)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
