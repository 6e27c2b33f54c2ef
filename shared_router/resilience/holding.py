"""What budgets hold for a call's attempt, and what becomes of it when the attempt has ended."""

from __future__ import annotations

from typing import Any

from shared_router.resilience.errors_that_move_on import may_be_billed


class Holding:
    """Hold what one attempt may cost; without an allowance, nothing.

    Args:
        allowance: What budgets allow the call; None without any.

    Attributes:
        held: The latest attempt's reservation.
    """

    __slots__ = ("allowance", "held")

    def __init__(self, allowance: Any) -> None:
        self.allowance = allowance
        self.held: Any = None

    def reserve(self, model: str) -> None:
        """Reserve what a call of a model may cost.

        Raises:
            BudgetExceededError: If that is not left.
        """
        if self.allowance is not None:
            self.held = self.allowance.reserve(model)

    async def areserve(self, model: str) -> None:
        """Reserve like `reserve`, without holding up the event loop."""
        if self.allowance is not None:
            self.held = await self.allowance.areserve(model)

    def settle(self, dollars: float | None) -> None:
        """Count what the attempt cost; where that is not known, all that was held.

        That goes for a call that was cancelled too: its provider may bill it, and hanging up must be no way
        to spend unseen.
        """
        if self.held is not None:
            self.held.settle(dollars)

    def failed(self, error: BaseException, dollars: float | None, *, had_begun: bool) -> None:
        """Count what an attempt that raised an error cost: nothing, where nobody can have billed it."""
        if self.held is None:
            return
        if dollars is not None:
            self.held.settle(dollars)
        elif had_begun or may_be_billed(error):
            self.held.settle(None)
        else:
            self.held.release()
