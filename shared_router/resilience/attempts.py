"""One call's attempts: which model is asked now, what becomes of an error, and how the call ended.

An adapter asks `model`, within `timeout_s`, and says what came of it:

    while True:
        try:
            with attempts.asking():
                answer = ask(attempts.model, attempts.timeout_s)
        except Exception as error:
            if not attempts.failed(error):
                raise attempts.error
        except BaseException:
            attempts.cancelled()
            raise
        else:
            attempts.answered(usage)
            return answer

Nothing here waits, calls a model or knows a framework. It may be used from any thread, task or loop. The
first word about a call's end is the last: its budget is settled once, and observers hear of it once.
"""

from __future__ import annotations

import time
from dataclasses import replace
from typing import Any

from shared_router.costs.savings import TokenUsage
from shared_router.decisions import RoutingDecision
from shared_router.errors import RouterError
from shared_router.resilience.asking import failed_around
from shared_router.resilience.current_attempt import CurrentAttempt


class Cancelled(BaseException):
    """What stands for an error where the caller has given up."""


class Attempts(CurrentAttempt):
    """Say which model a call asks next, until one has answered or none is left."""

    __slots__ = ()

    def start(self) -> None:
        """Find whom to ask first, past a model that is left alone, and reserve what it may cost.

        Raises:
            BudgetExceededError: If that is not left.
        """
        allowance = self._holding.allowance
        try:
            self._choose()
            if allowance is not None:
                self._admit(*allowance.admit(self.decision))
        except BaseException as error:
            self._end_unasked(error)
            raise

    async def astart(self) -> None:
        """Start like `start`, without holding up the event loop."""
        allowance = self._holding.allowance
        try:
            self._choose()
            if allowance is not None:
                self._admit(*await allowance.aadmit(self.decision))
        except BaseException as error:
            self._end_unasked(error)
            raise

    def failed(self, error: BaseException, usage: TokenUsage | None = None) -> bool:
        """Say that the model that was asked raised an error.

        Args:
            error: What it raised.
            usage: The tokens of an answer that was withheld, where they are known.

        Returns:
            Whether to ask `model` now, another one; else to raise `error`, that of these attempts.
        """
        model = self._after(error, usage)
        if model is None:
            return False
        try:
            self._holding.reserve(model)
        except RouterError as refused:
            return self._stopped(refused)
        return self._moved_to(model)

    async def afailed(self, error: BaseException, usage: TokenUsage | None = None) -> bool:
        """Do what `failed` does, without holding up the event loop."""
        model = self._after(error, usage)
        if model is None:
            return False
        try:
            await self._holding.areserve(model)
        except RouterError as refused:
            return self._stopped(refused)
        except BaseException as error:  # cancelled while it waits
            self._end_unasked(error)
            raise
        return self._moved_to(model)

    def answered(
        self,
        usage: TokenUsage | None = None,
        *,
        decision: RoutingDecision | None = None,
        dollars: float | None = None,
        **about: str | None,
    ) -> None:
        """Say that the model has answered, whole.

        Args:
            usage: The answer's tokens, where the model told them.
            decision: The decision as the answer tells it, where a child's own fallback answered.
            dollars: What the call cost; None asks the bill.
            **about: `provider_model`, `fingerprint` and `answer`, as in `CallEnd`.
        """
        if not self._record.ends():
            return
        self.decision = decision or self.decision
        own = None if usage is None else self._rules.bill.dollars(self.decision.model, usage)
        self._close(None, own)
        dollars = own if dollars is None else dollars
        self._record.tell_end("answered", self.decision, usage=usage, dollars=dollars, **about)

    def cancelled(self) -> None:
        """Say that the caller gave up waiting, or reading; after the end it changes nothing."""
        if not self._record.ends():
            return
        self._close(Cancelled(), None)
        self._record.tell_end("cancelled", self.decision)

    def _choose(self) -> None:
        if self._next is None:
            return
        around = failed_around(self._rules)
        model, why = self._next.first([name for call in around for name in call.asks.asked])
        if model is None:  # a ring of routed models, whose every model has failed or is being asked
            raise around[0].record.error
        if why is not None:
            self.model, self.decision = model, after_fallback(self._routed, model, why)

    def _admit(self, decision: RoutingDecision, held: Any) -> None:
        self._holding.held = held
        if self._next is not None and decision.model != self.model:  # room for a cheaper model alone
            self._next.instead(decision.model)
        self.model, self.decision = decision.model, decision

    def _after(self, error: BaseException, usage: TokenUsage | None) -> str | None:
        """Close an attempt that failed, and return whom to ask next; None where the call has ended."""
        record = self._record
        record.errors.append(error)
        if record.has_ended:
            return None
        try:
            moves = self._moves(error)
        except Exception:  # of the user's own `moves_on`: it is the caller's, and the call has ended
            self._close(error, None)
            if record.ends():
                record.tell_end("failed", self.decision)
            raise
        dollars = None if usage is None else self._rules.bill.dollars(self.model, usage)
        self._close(error, dollars, moves=moves)
        if self._next is not None and moves and self.awaits_content and not self._is_over:
            model = self._next.after()
            if model is not None:
                return model
        if record.ends():
            record.tell_end("failed", self.decision)
        return None

    def _moves(self, error: BaseException) -> bool:
        return self._rules.resilience is not None and self._rules.resilience.moves(error)

    @property
    def _is_over(self) -> bool:
        return self._until is not None and time.perf_counter() >= self._until

    def _close(self, error: BaseException | None, dollars: float | None, *, moves: bool = False) -> None:
        """Say what came of the model that was asked: to the record, its breaker and the budgets."""
        if error is None:
            self._record.attempted(self.model, None)
            self._holding.settle(dollars)
            if self._next is not None:
                self._next.succeeded()
        elif isinstance(error, Cancelled):
            self._record.attempted(self.model, "cancelled")
            self._holding.settle(None)
            if self._next is not None:
                self._next.released()
        else:
            self._record.attempted(self.model, type(error).__name__)
            self._holding.failed(error, dollars, had_begun=not self.awaits_content)
            if self._next is not None:
                self._next.failed(error, moves=moves)

    def _moved_to(self, model: str) -> bool:
        why = type(self._record.errors[0]).__name__
        is_routed = model == self._routed.model  # one that was left alone, and is the last hope
        self.model = model
        self.decision = self._routed if is_routed else after_fallback(self._routed, model, why)
        self._record.asked_at = time.perf_counter()
        return True

    def _stopped(self, refused: RouterError) -> bool:
        """End where the budget has no room for the next model; what it said is the first error's context."""
        self._record.errors.append(refused)
        self._end_unasked(refused)
        return False

    def _end_unasked(self, error: BaseException) -> None:
        if self._next is not None:
            self._next.released()
        if self._record.ends():
            self._record.tell_end("failed" if isinstance(error, Exception) else "cancelled", self.decision)


def after_fallback(routed: RoutingDecision, model: str, why: str) -> RoutingDecision:
    """Return a decision as an answer by another model tells it.

    Args:
        routed: Where the policy sent the call.
        model: Who answers it.
        why: The class of the first error, or `"breaker"`.
    """
    return replace(routed, model=model, reason=f"fallback:{routed.model}->{model}:{why}")
