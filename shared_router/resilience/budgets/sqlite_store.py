"""A budget's count in a SQLite file, for the processes of one machine.

The file is in write-ahead mode: it survives a process that is killed; a machine that loses power may forget
the last moments. A network's file system is no place for it.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shared_router.errors import BudgetStoreError
from shared_router.resilience.budgets.processes import watch_process
from shared_router.resilience.budgets.store import KEPT_PERIODS, Account, Taken, granted_of

_TABLES = """
CREATE TABLE IF NOT EXISTS periods (budget TEXT, period INTEGER, PRIMARY KEY (budget, period)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS taken (
    budget TEXT, period INTEGER, key TEXT, billionths INTEGER NOT NULL, PRIMARY KEY (budget, period, key)
) WITHOUT ROWID;
"""


class SqliteStore:
    """Count in a SQLite file, which is made at the first question.

    Args:
        path: The file.
        timeout_s: How long to wait for another process that writes.
    """

    def __init__(self, path: str | Path, *, timeout_s: float = 2.0) -> None:
        self.path = Path(path)
        self.timeout_s = timeout_s
        self._lock = threading.Lock()
        self._connection: sqlite3.Connection | None = None
        self._parents: list[sqlite3.Connection | None] = []
        watch_process(self)

    def forget(self) -> None:
        """Leave the connection to the process that was forked: not even closing it is safe."""
        self._parents.append(self._connection)
        self._lock, self._connection = threading.Lock(), None

    def close(self) -> None:
        """Close the file; the next question opens it again."""
        with self._lock:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    def __del__(self) -> None:
        """Close the file."""
        self.close()

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take what is left; see `BudgetStore`."""
        with self._writing() as connection:
            period = _kept_period(connection, account)
            row = connection.execute(
                "SELECT billionths FROM taken WHERE budget = ? AND period = ? AND key = ?",
                (account.budget, period, account.key),
            ).fetchone()
            taken = int(row[0]) if row else 0
            granted = granted_of(want, least, limit - taken)
            if granted:
                _change(connection, account._replace(period=period), granted)
            return Taken(granted, taken + granted, period)

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; see `BudgetStore`."""
        with self._writing() as connection:
            kept = connection.execute(
                "SELECT 1 FROM periods WHERE budget = ? AND period = ?", (account.budget, account.period)
            ).fetchone()
            if kept:
                _change(connection, account, -amount)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Hold the file's write lock for a block; what it did is kept whole or not at all."""
        with self._lock:
            try:
                connection = self._connected()
                connection.execute("BEGIN IMMEDIATE")
                try:
                    yield connection
                    connection.execute("COMMIT")
                except BaseException:
                    connection.execute("ROLLBACK")
                    raise
            except (sqlite3.Error, OSError) as error:
                raise BudgetStoreError.of("the budget's SQLite file", error) from error

    def _connected(self) -> sqlite3.Connection:
        if self._connection is None:
            self._connection = self._opened()
        return self._connection

    def _opened(self) -> sqlite3.Connection:
        os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
        connection = sqlite3.connect(
            self.path, timeout=self.timeout_s, isolation_level=None, check_same_thread=False
        )
        try:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.execute("PRAGMA synchronous = NORMAL")
            connection.executescript(_TABLES)
        except BaseException:
            connection.close()
            raise
        return connection


def _kept_period(connection: sqlite3.Connection, account: Account) -> int:
    """Return the period that an account is counted in, and begin it where it is new; see the store's rule."""
    rows = connection.execute("SELECT period FROM periods WHERE budget = ?", (account.budget,)).fetchall()
    kept = sorted(int(row[0]) for row in rows)
    if account.period in kept:
        return account.period
    if len(kept) >= KEPT_PERIODS:
        if account.period < kept[0]:
            return kept[0]
        for table in ("periods", "taken"):
            connection.execute(
                f"DELETE FROM {table} WHERE budget = ? AND period = ?", (account.budget, kept[0])
            )
    connection.execute("INSERT INTO periods VALUES (?, ?)", (account.budget, account.period))
    return account.period


def _change(connection: sqlite3.Connection, account: Account, amount: int) -> None:
    connection.execute(
        "INSERT INTO taken VALUES (?, ?, ?, max(0, ?)) ON CONFLICT (budget, period, key)"
        " DO UPDATE SET billionths = max(0, billionths + ?)",
        (account.budget, account.period, account.key, amount, amount),
    )
