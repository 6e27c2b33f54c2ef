"""The attempts of a plan that asks several models anyway, such as a cascade: one call, which ends once.

A stage that fails is the plan's business, which asks the next model. What is decided here: where the last
model is down, or is left alone, an earlier stage's answer is used if there is one that can be.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from shared_router.costs.savings import TokenUsage
from shared_router.decisions import RoutingDecision
from shared_router.errors import BudgetExceededError
from shared_router.resilience.attempts import Attempts

StageEnd = tuple[BaseException | None, TokenUsage | None]
"""What came of one call: what it raised, or None; its tokens, where they are known."""


class PlannedAttempts(Attempts):
    """Say what a plan's stages may ask, and what is used where the last one fails.

    Attributes:
        at_hand: The model whose answer can be used, should the last one fail; None where there is none.
    """

    __slots__ = ("_also", "_is_open", "at_hand")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.at_hand: str | None = None
        self._also: list[Any] = []  # what is held for calls beside the latest one of a stage
        self._is_open = True  # the first model's stage, which `start` has reserved

    @property
    def can_move_on(self) -> bool:
        """Whether another model may still be asked, or an answer is at hand that can be used."""
        has_other = self._next is not None and self.at_hand is not None and self.awaits_content
        return has_other or super().can_move_on

    def stage(self, model: str, n: int = 1) -> str | None:
        """Begin the stage of a model.

        Args:
            model: Whom the plan asks.
            n: How many calls it makes at once.

        Returns:
            None; or why the answer at hand is to be used instead: `"breaker"` or `"budget"`.

        Raises:
            BudgetExceededError: If what the calls may cost is not left, and no answer is at hand.
        """
        wanted = self._entered(model, n)
        if wanted is None:
            return "breaker"
        try:
            for _ in range(wanted):
                self._make_room()
                self._holding.reserve(model)
        except BudgetExceededError:
            if self._has_refused():
                raise
            return "budget"
        return None

    async def astage(self, model: str, n: int = 1) -> str | None:
        """Begin the stage of a model like `stage`, without holding up the event loop."""
        wanted = self._entered(model, n)
        if wanted is None:
            return "breaker"
        try:
            for _ in range(wanted):
                self._make_room()
                await self._holding.areserve(model)
        except BudgetExceededError:
            if self._has_refused():
                raise
            return "budget"
        return None

    def stage_ended(self, ends: Sequence[StageEnd]) -> None:
        """Say what came of a stage's calls; the plan goes on.

        Args:
            ends: Of each call of the stage, in order.
        """
        errors = [error for error, _ in ends if error is not None]
        held, self._also = [*self._also, self._holding.held], []
        for each, (error, usage) in zip(held, ends, strict=False):
            self._holding.held = each
            dollars = None if usage is None else self._rules.bill.dollars(self.model, usage)
            if error is None:
                self._holding.settle(dollars)
            else:
                self._holding.failed(error, dollars, had_begun=False)
        if len(errors) == len(ends):
            self._record.earlier_errors += errors[:1]
        for error, _ in ends:
            self._record.attempted(self.model, None if error is None else type(error).__name__)
        if self._next is not None:
            if len(errors) < len(ends):
                self._next.succeeded()
            else:
                self._next.failed(errors[0], moves=self._moves(errors[0]))
        self._holding.held = None
        self._is_open = False

    def use_at_hand(self, model: str, why: str) -> RoutingDecision:
        """Return the decision of the answer at hand, used because another model was not asked or has failed.

        Args:
            model: The other model.
            why: The class of its error, `"breaker"` or `"budget"`.
        """
        used = self.at_hand or self.model
        reason = "budget:hard" if why == "budget" else f"fallback:{model}->{used}:{why}"
        self.model, self.at_hand = used, None
        self.decision = replace(self._routed, model=used, reason=reason)
        return self.decision

    def failed(self, error: BaseException, usage: TokenUsage | None = None) -> bool:
        """Say that the last stage has failed; see `Attempts.failed`. An answer at hand is used first."""
        return self._falls_back(error, usage) or super().failed(error, usage)

    async def afailed(self, error: BaseException, usage: TokenUsage | None = None) -> bool:
        """Do what `failed` does, without holding up the event loop."""
        return self._falls_back(error, usage) or await super().afailed(error, usage)

    def _entered(self, model: str, n: int) -> int | None:
        """Return how many calls are to be reserved; None where the model is left alone."""
        if self._is_open and model == self.model:  # the first stage, of which one call is reserved
            return n - 1
        if self._next is not None and not self._next.planned(model, force=self.at_hand is None):
            return None
        self.model = model
        self._holding.held = None
        self._is_open = True
        self._record.asked_at = time.perf_counter()
        return n

    def _make_room(self) -> None:
        if self._holding.held is not None:
            self._also.append(self._holding.held)
            self._holding.held = None

    def _has_refused(self) -> bool:
        """Give back what a stage has reserved that is not made; tell whether nothing can be used instead."""
        self._make_room()
        for held in self._also:
            held.release()
        self._also = []
        if self._next is not None:
            self._next.released()
        self._is_open = False
        return self.at_hand is None

    def _falls_back(self, error: BaseException, usage: TokenUsage | None) -> bool:
        if self.at_hand is None or not self.awaits_content or not self._moves(error):
            return False
        self._record.errors.append(error)
        self._close(error, None if usage is None else self._rules.bill.dollars(self.model, usage), moves=True)
        self.use_at_hand(self.model, type(error).__name__)
        return True

    def _moved_to(self, model: str) -> bool:
        self._is_open = True
        return super()._moved_to(model)

    def _close(self, error: BaseException | None, dollars: float | None, *, moves: bool = False) -> None:
        if not self._is_open:  # an answer that was at hand, or a stage that has said how it ended
            return
        self._make_room()
        for held in self._also[:-1]:  # of calls beside the one that is told
            held.settle(None)
        self._holding.held = self._also[-1] if self._also else None
        self._also, self._is_open = [], False
        super()._close(error, dollars, moves=moves)
