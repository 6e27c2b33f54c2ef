"""A store that counts how often it is asked, and fails where a test says so."""

from shared_router import BudgetStoreError
from shared_router.resilience.budgets.memory_store import MemoryStore
from shared_router.resilience.budgets.store import Account, Taken


class CountingStore:
    """Count in memory, as a store that several processes share would."""

    def __init__(self) -> None:
        self.asked = 0
        self.is_away = False
        self._store = MemoryStore()

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take what is left; see `BudgetStore`."""
        self._ask()
        return self._store.take(account, want, least=least, limit=limit)

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; see `BudgetStore`."""
        self._ask()
        self._store.put_back(account, amount)

    def taken(self, account: Account) -> int:
        """Return what all have taken."""
        return self._store.take(account, 0, least=0, limit=0).taken

    def _ask(self) -> None:
        self.asked += 1
        if self.is_away:
            raise BudgetStoreError.of("the test's store", ConnectionRefusedError())
