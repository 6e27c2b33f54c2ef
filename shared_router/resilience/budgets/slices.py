"""A process's slices of budgets that several processes share, so that calls do not wait for a database.

A slice is taken from the store before it is needed and calls are served from it. The first call of a key
waits for the store, and one that comes when a slice is used up before the next is there, as near the limit;
`would_wait` tells, so that an event loop need not. Slices grow where they are used up within a second and
shrink where they are not, to at most an eighth of what is left; what is not used for two seconds goes back.

A slice counts as taken: all processes together stay within the limit. What a killed process held of its
slices counts as spent until the period ends, because a call that it made may have been billed: about what it
would have used in its next second.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress

from shared_router.errors import BudgetStoreError
from shared_router.resilience.budgets.outage import OnStoreError, Outage
from shared_router.resilience.budgets.processes import close_at_exit, watch_process
from shared_router.resilience.budgets.slice import Slice
from shared_router.resilience.budgets.store import Account, BudgetStore, Taken

IDLE_S = 2.0
"""After so long without a call a slice goes back."""

MAX_SLICES = 10_000
"""Keys that a process holds slices of: the latest ones."""


class SlicedStore:
    """Serve takings of a shared store from slices.

    Args:
        store: The shared store.
        on_store_error: What happens where it cannot be asked; see `Outage`.
        clock: Tells the time in seconds.
    """

    def __init__(
        self,
        store: BudgetStore,
        *,
        on_store_error: OnStoreError = "closed",
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._store = Outage(store, on_store_error, clock)
        self._clock = clock
        self.forget()
        watch_process(self)

    def forget(self) -> None:
        """Hold nothing, as a process that has just been forked: the slices are its parent's."""
        self._store.forget()
        self._slices: OrderedDict[Account, Slice] = OrderedDict()
        self._returns: dict[Account, int] = {}
        self._lock = threading.Lock()  # over what is held, and never while the store is asked
        self._asking = threading.Lock()  # one question at a time
        self._work = threading.Event()
        self._tender: threading.Thread | None = None

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take what is needed; see `BudgetStore`. Never more than that: the slice is kept here."""
        del want
        taken = self._served(account, least, limit)
        if taken is not None:
            return taken
        with self._asking:
            taken = self._served(account, least, limit)  # the one before may have brought enough
            return self._topped_up(account, least, limit) if taken is None else taken

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed: here, and the store hears of it later."""
        with self._lock:
            held = self._slices.get(account)
            if held is not None and held.account == account and amount >= 0:
                held.free += amount
            else:
                self._return(account, amount)
            self._tend()

    def would_wait(self, account: Account, amount: int, limit: int) -> bool:
        """Tell whether taking this much would ask the store."""
        with self._lock:
            held = self._slices.get(account)
            return held is None or held.would_ask(amount, limit, self._clock())

    def close(self) -> None:
        """Put everything back that no call has reserved."""
        with self._lock:
            self._let_go(list(self._slices))
        with self._asking:
            self._give_returns()
            self._store.settle_debts()

    def _served(self, account: Account, least: int, limit: int) -> Taken | None:
        with self._lock:
            held = self._slices.get(account)
            if held is None:
                return None
            self._slices.move_to_end(account)
            taken = held.serve(least, limit, self._clock())
            if held.wanted:
                self._tend()
                self._work.set()
            return taken

    def _topped_up(self, account: Account, least: int, limit: int) -> Taken:
        """Ask the store for what is needed and a slice beside it."""
        with self._lock:
            now = self._clock()
            held = self._slices.get(account)
            if held is None:
                held = self._slices[account] = Slice(account, now)
                while len(self._slices) > MAX_SLICES:
                    self._let_go([next(iter(self._slices))])
            need, beside = held.set_aside(least), held.wish(least, limit, now)
            known, where = held.taken, held.account
        try:
            answer = self._store.take(where, need + beside, least=need, limit=limit, known=known)
        except BudgetStoreError:
            with self._lock:
                held.free += least - need
            raise
        with self._lock:
            self._tend()
            return held.receive(answer, need, least=least, limit=limit, now=self._clock())

    def _tend(self) -> None:
        """See that somebody looks after the slices; called under the lock."""
        if self._tender is None:
            close_at_exit()
            tender = threading.Thread(target=self._tending, name="routellm-budgets", daemon=True)
            with suppress(RuntimeError):  # the interpreter ends, which puts all back
                tender.start()
                self._tender = tender

    def _tending(self) -> None:
        """Take slices before they are needed and put back those that are not, until none is held."""
        while True:
            self._work.wait(timeout=IDLE_S / 2)
            self._work.clear()
            with self._asking:
                self._refill()
                with self._lock:
                    now = self._clock()
                    self._let_go([key for key, held in self._slices.items() if now - held.used_at > IDLE_S])
                self._give_returns()
                is_even = self._store.settle_debts()
            with self._lock:
                if is_even and not self._slices and not self._returns:
                    self._tender = None
                    return

    def _refill(self) -> None:
        with self._lock:
            wanted = [(key, held.limit) for key, held in self._slices.items() if held.wanted]
        for account, limit in wanted:
            try:
                self._topped_up(account, 0, limit)
            except BudgetStoreError:
                return  # the call that needs it is told

    def _let_go(self, accounts: list[Account]) -> None:
        """Hold these slices no more; called under the lock."""
        for account in accounts:
            held = self._slices.pop(account)
            self._return(held.account, held.free)

    def _return(self, account: Account, amount: int) -> None:
        if amount:
            self._returns[account] = self._returns.get(account, 0) + amount

    def _give_returns(self) -> None:
        with self._lock:
            returns, self._returns = self._returns, {}
        for account, amount in returns.items():
            self._store.put_back(account, amount)
