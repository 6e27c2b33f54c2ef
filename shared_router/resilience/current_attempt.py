"""What is known of a call while a model is asked: whom, for how long, and what to raise if it is in vain."""

from __future__ import annotations

import time
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.resilience.asking import AskedAround, Asking
from shared_router.resilience.call_record import CallRecord
from shared_router.resilience.holding import Holding
from shared_router.resilience.next_model import NextModel

if TYPE_CHECKING:
    from shared_router.resilience.call_rules import CallRules


class CurrentAttempt:
    """Keep one call under its rules; see `Attempts`, which moves it on.

    Args:
        rules: What the call is made under.
        request: What the policy was asked.
        decision: Where it sent the call.
        allowance: What budgets allow the call; None without any.
        decided_s: How long the policy took, in seconds.

    Attributes:
        model: Whom to ask now.
        decision: The decision as the answer tells it: with the model that is asked, and why.
    """

    __slots__ = ("_holding", "_next", "_record", "_routed", "_rules", "_until", "decision", "model")

    def __init__(
        self,
        rules: CallRules,
        request: RoutingRequest,
        decision: RoutingDecision,
        *,
        allowance: Any = None,
        decided_s: float = 0.0,
    ) -> None:
        self.model = decision.model
        self.decision = self._routed = decision
        self._rules = rules
        self._holding = Holding(allowance)
        rule = rules.resilience
        self._next = None if rule is None else NextModel(rules, rule, request, decision.model)
        self._record = CallRecord(rules, request, decision, decided_s)
        seconds = None if rule is None else rule.deadline
        self._until = None if seconds is None else self._record.began + seconds

    @property
    def decision_id(self) -> str | None:
        """The call's name in logs and feedback; None where nobody watches."""
        return None if self._record.call is None else self._record.call.decision_id

    @property
    def timeout_s(self) -> float | None:
        """How long the model that is asked now has left, in seconds, >= 0; None for as long as it takes.

        Once a stream's first content has come, what is left of the request's deadline alone.
        """
        rule, record = self._rules.resilience, self._record
        own = None if rule is None or record.first_content_at is not None else rule.timeout_of(self.model)
        ends = [] if own is None else [record.asked_at + own]
        if self._until is not None:
            ends.append(self._until)
        return max(0.0, min(ends) - time.perf_counter()) if ends else None

    @property
    def can_move_on(self) -> bool:
        """Whether another model may still be asked, so that what was read so far must be kept back."""
        return self._record.first_content_at is None and self._next is not None and bool(self._next.left())

    @property
    def awaits_content(self) -> bool:
        """Whether no content of a stream has come yet."""
        return self._record.first_content_at is None

    @property
    def error(self) -> BaseException:
        """What to raise: the first model's error, with those of the others as its context.

        That of a stream that had begun is its own, whatever failed before it.
        """
        return self._record.error

    def asking(self) -> AbstractContextManager[object]:
        """Return a block inside which the model is asked: routed models that ask each other then end."""
        if self._next is None:
            return nullcontext()
        return Asking(AskedAround(self._rules, self._next, self._record))

    def first_content(self) -> None:
        """Say that a reader gets content: text, reasoning or a tool call. Nothing moves on after it."""
        if self._record.first_content_at is None:
            self._record.first_content_at = time.perf_counter()
