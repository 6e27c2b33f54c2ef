"""What happens to a budget while its store cannot be asked: refuse, or count in this process alone."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from typing import Literal

from shared_router.errors import BudgetStoreError
from shared_router.resilience.budgets.store import Account, BudgetStore, Taken, granted_of

OnStoreError = Literal["closed", "open"]

_ASK_AGAIN_S = 1.0
"""How long a store that has failed is left alone: no call waits for it meanwhile."""

_log = logging.getLogger(__name__)


class Outage:
    """Ask a store, and stand in for it while it is away; an outage is logged once.

    Args:
        store: The store.
        on_store_error: `"closed"` refuses with the store's error. `"open"` grants up to the limit beyond what
            was known to be taken, and tells the store when it is back: n processes can spend up to n times
            what was left.
        clock: Tells the time in seconds.
    """

    def __init__(self, store: BudgetStore, on_store_error: OnStoreError, clock: Callable[[], float]) -> None:
        self.store = store
        self.on_store_error = on_store_error
        self._clock = clock
        self._error: BudgetStoreError | None = None
        self._ask_again_at = float("-inf")
        self._debts: dict[Account, int] = {}
        self._lock = threading.Lock()

    def forget(self) -> None:
        """Owe nothing, as a process that has just been forked."""
        self._debts, self._lock = {}, threading.Lock()

    def take(self, account: Account, want: int, *, least: int, limit: int, known: int) -> Taken:
        """Take what is left; see `BudgetStore`.

        Args:
            account: What it is taken from.
            want: Billionths of a dollar.
            least: Billionths of a dollar.
            limit: What all may have taken together.
            known: What all had taken when the store was last asked.

        Raises:
            BudgetStoreError: If the store cannot be asked and the rule is `"closed"`.
        """
        if self._may_ask():
            try:
                self._pay()
                taken = self.store.take(account, want, least=least, limit=limit)
                self._error = None
                return taken
            except BudgetStoreError as error:
                self._failed(error)
        if self.on_store_error == "closed" and self._error is not None:
            raise BudgetStoreError(*self._error.args) from self._error
        granted = granted_of(want, least, limit - known)
        with self._lock:
            self._debts[account] = self._debts.get(account, 0) + granted
        return Taken(granted, known + granted, account.period)

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; what may have been put back is never put back again."""
        with self._lock:
            owed = self._debts.get(account, 0)
            if owed or amount < 0:
                self._debts[account] = max(0, owed - amount)
                amount -= owed
        if amount <= 0 or not self._may_ask():
            return
        try:
            self.store.put_back(account, amount)
        except BudgetStoreError as error:
            self._failed(error)

    def settle_debts(self) -> bool:
        """Tell the store what it has not been told, where it can be asked; return whether it knows all."""
        if self._debts and self._may_ask():
            try:
                self._pay()
                self._error = None
            except BudgetStoreError as error:
                self._failed(error)
        return not self._debts

    def _pay(self) -> None:
        """Count what was taken while the store was away, and what cost more than it had reserved."""
        for account in list(self._debts):
            with self._lock:
                owed = self._debts.pop(account, 0)
            try:
                self.store.put_back(account, -owed)
            except BudgetStoreError:
                with self._lock:  # it may have heard: better counted twice than not at all
                    self._debts[account] = self._debts.get(account, 0) + owed
                raise

    def _may_ask(self) -> bool:
        return self._error is None or self._clock() >= self._ask_again_at

    def _failed(self, error: BudgetStoreError) -> None:
        if self._error is None:
            rule = "calls are refused" if self.on_store_error == "closed" else "this process counts alone"
            cause = type(error.__cause__ or error).__name__
            _log.warning("a budget's store cannot be asked (%s): until it can, %s", cause, rule)
        self._error, self._ask_again_at = error, self._clock() + _ASK_AGAIN_S
