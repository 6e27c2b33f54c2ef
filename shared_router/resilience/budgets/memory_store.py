"""A budget's count in one process's memory, bounded however many keys there are.

Where all places are taken, the tenth of the keys that took least loses its place, and a key without a place
starts at the most that any of those had taken ("space saving", Metwally et al. 2005, which keeps those that
take much). So a key that lost its place never finds its budget open again, and a new one may find its own
smaller than it is, by as little as can be. To forget the least recently used instead would open budgets
again, or, with the same rule, let one key that took much close those of all new ones.
"""

from __future__ import annotations

import threading

from shared_router.resilience.budgets.processes import watch_process
from shared_router.resilience.budgets.store import KEPT_PERIODS, Account, Taken, granted_of

SIZE = 50_000
"""Keys that are counted apart in each period: about 10 MB in all."""


class MemoryStore:
    """Count in memory, for the budgets of one process.

    Args:
        size: How many keys are counted apart in each period, >= 1.
    """

    def __init__(self, size: int = SIZE) -> None:
        self.size = size
        self._periods: dict[tuple[str, int], _Period] = {}
        self._lock = threading.Lock()
        watch_process(self)

    def forget(self) -> None:
        """Take a lock that no thread of a process that was forked holds; the count goes on."""
        self._lock = threading.Lock()

    def close(self) -> None:
        """Keep nothing: a process's own count ends with it."""

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take what is left; see `BudgetStore`."""
        with self._lock:
            period = self._kept_period(account)
            counts = self._periods[account.budget, period]
            taken = counts.taken(account.key)
            granted = granted_of(want, least, limit - taken)
            if granted:
                counts.count(account.key, taken + granted, self.size)
            return Taken(granted, taken + granted, period)

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; see `BudgetStore`."""
        with self._lock:
            counts = self._periods.get((account.budget, account.period))
            if counts is not None:
                counts.change(account.key, -amount, self.size)

    def would_wait(self, account: Account, amount: int, limit: int) -> bool:
        """Tell that nobody ever waits for it."""
        del account, amount, limit
        return False

    def _kept_period(self, account: Account) -> int:
        if (account.budget, account.period) in self._periods:
            return account.period
        kept = sorted(period for budget, period in self._periods if budget == account.budget)
        if len(kept) >= KEPT_PERIODS:
            if account.period < kept[0]:
                return kept[0]
            del self._periods[account.budget, kept[0]]
        self._periods[account.budget, account.period] = _Period()
        return account.period


class _Period:
    """What each key has taken in one period."""

    __slots__ = ("_least", "_taken")

    def __init__(self) -> None:
        self._taken: dict[str, int] = {}
        self._least = 0  # what a key without a place counts as having taken

    def taken(self, key: str) -> int:
        return self._taken.get(key, self._least)

    def count(self, key: str, taken: int, size: int) -> None:
        if key not in self._taken and len(self._taken) >= size:
            by_taken = sorted(self._taken, key=self._taken.__getitem__)
            for each in by_taken[: max(1, size // 10)]:
                self._least = max(self._least, self._taken.pop(each))
            taken = max(taken, self._least)
        self._taken[key] = taken

    def change(self, key: str, amount: int, size: int) -> None:
        # a key that lost its place may have settled for less, and stays at what it counts as
        if key in self._taken or amount > 0:
            self.count(key, max(0, self.taken(key) + amount), size)
