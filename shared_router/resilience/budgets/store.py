"""What a budget counts in: one number for each account, which never passes its limit.

What is reserved or held in slices counts as taken, so a process that dies leaves that behind and no more: it
counts as spent until the period ends, because part of it may be.

The three latest periods that were asked for are kept. Where the clock goes back, what was counted before is
found again; a period older than all that are kept is the oldest of them, so that nothing opens twice.
"""

from __future__ import annotations

from typing import NamedTuple, Protocol, runtime_checkable

KEPT_PERIODS = 3


class Account(NamedTuple):
    """What one limit is for.

    Attributes:
        budget: The budget's name in its store.
        key: A hash of whose it is.
        period: The period's number.
    """

    budget: str
    key: str
    period: int


class Taken(NamedTuple):
    """What a store says to a wish.

    Attributes:
        granted: What was granted, in billionths of a dollar.
        taken: What all have taken then, these too.
        period: The period that it was taken from.
    """

    granted: int
    taken: int
    period: int


@runtime_checkable
class BudgetStore(Protocol):
    """What counts what is taken of each account. It may be asked from several threads."""

    def take(self, account: Account, want: int, *, least: int, limit: int) -> Taken:
        """Take as much of `want` as is left, or nothing where less than `least` is.

        Args:
            account: What it is taken from.
            want: Billionths of a dollar, >= `least`.
            least: Billionths of a dollar, >= 0; 0 and a `want` of 0 only ask.
            limit: What all may have taken together.

        Raises:
            BudgetStoreError: If the store cannot be asked.
        """

    def put_back(self, account: Account, amount: int) -> None:
        """Put back what was not needed; a negative amount is taken whatever the limit.

        Args:
            account: What it was taken from, with the period that `Taken` named. A period that is no longer
                kept stays as it is.
            amount: Billionths of a dollar.

        Raises:
            BudgetStoreError: If the store cannot be asked.
        """


def granted_of(want: int, least: int, left: int) -> int:
    """Return what is granted of a wish where so much is left."""
    return max(0, min(want, left)) if left >= least else 0
