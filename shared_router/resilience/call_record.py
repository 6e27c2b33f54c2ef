"""What came of one call so far: who was asked, what they raised, when content came, and that it has ended."""

from __future__ import annotations

import os
import time
from random import Random
from typing import TYPE_CHECKING, Any

from shared_router.costs.savings import TokenUsage
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.named_conversations import current_conversation
from shared_router.observers import Attempt, CallEnd, Outcome, WatchedCall
from shared_router.tenants import current_tenant

if TYPE_CHECKING:
    from shared_router.resilience.call_rules import CallRules


class CallRecord:
    """Keep what observers are told of a call, and tell them.

    Args:
        rules: What the call is made under.
        request: What the policy was asked.
        decision: Where it sent the call.
        decided_s: How long it took to, in seconds.

    Attributes:
        call: What observers know the call by; None where nobody watches.
        attempts: The models that were asked, and what came of each.
        errors: What they raised, in order.
        earlier_errors: What stages of a plan raised before it went on to another model.
        began: When the call was decided, by `time.perf_counter`.
        asked_at: When the latest model was asked.
        first_content_at: When a stream's first content came.
    """

    __slots__ = (
        "_not_ended",
        "_rules",
        "asked_at",
        "attempts",
        "began",
        "call",
        "earlier_errors",
        "errors",
        "first_content_at",
    )

    def __init__(
        self, rules: CallRules, request: RoutingRequest, decision: RoutingDecision, decided_s: float
    ) -> None:
        self._rules = rules
        self._not_ended = [True]  # popped by the first word about the end, from whichever thread
        self.attempts: list[Attempt] = []
        self.errors: list[BaseException] = []
        self.earlier_errors: list[BaseException] = []
        self.first_content_at: float | None = None
        self.began = self.asked_at = time.perf_counter()
        self.call = _watched_call(request, decision, decided_s) if rules.observers else None
        for observer in rules.observers:
            rules.tell(observer, "decided", self.call)

    @property
    def error(self) -> BaseException:
        """The first model's error; that of a stream that had begun is its own, whatever failed before it."""
        return self.errors[-1 if self.first_content_at is not None else 0]

    def attempted(self, model: str, error: str | None) -> None:
        """Keep what came of asking a model: the class of its error, or None for an answer."""
        self.attempts.append(Attempt(model, error, time.perf_counter() - self.asked_at))

    def ends(self) -> bool:
        """Tell whether this is the first word about the call's end; it is told once."""
        try:
            return self._not_ended.pop()
        except IndexError:
            return False

    @property
    def has_ended(self) -> bool:
        """Whether somebody has said how the call ended."""
        return not self._not_ended

    def tell_end(self, outcome: Outcome, decision: RoutingDecision, **about: Any) -> None:
        """Tell observers how the call ended, and have its error say what else was raised."""
        if outcome == "failed":
            self._chain()
        if self.call is None:
            return
        content_at = self.first_content_at
        end = CallEnd(
            outcome,
            tuple(self.attempts),
            decision,
            seconds=time.perf_counter() - self.began,
            first_content_s=None if content_at is None else content_at - self.began,
            dollars_saved=self._saved(**about),
            **about,
        )
        for observer in self._rules.observers:
            self._rules.tell(observer, "ended", self.call, end)

    def _saved(
        self, *, usage: TokenUsage | None = None, dollars: float | None = None, **_: Any
    ) -> float | None:
        """Return how much more the best model would have cost for the same tokens."""
        if dollars is None:
            return None
        best = self._rules.bill.dollars(self._rules.models[0], usage)
        return None if best is None else best - dollars

    def _chain(self) -> None:
        """Give the error that is raised the others as its context, the latest one first."""
        others = [each for each in (*self.earlier_errors, *self.errors) if each is not self.error]
        for error, context in zip((*others[1:],), others, strict=False):
            _give_context(error, context)
        if others:
            _give_context(self.error, others[-1])


_ids = Random()  # a name, no secret; and a system's random bytes cost more than the rest of a record
os.register_at_fork(after_in_child=_ids.seed)


def _watched_call(request: RoutingRequest, decision: RoutingDecision, decided_s: float) -> WatchedCall:
    return WatchedCall(
        f"{_ids.getrandbits(128):032x}",
        decision,
        request,
        began=time.time() - decided_s,
        decided_s=decided_s,
        conversation=request.conversation or current_conversation(),
        tenant=request.tenant if request.tenant is not None else current_tenant(),
    )


def _give_context(error: BaseException, context: BaseException) -> None:
    """Have an error tell what else was raised, without going round in circles."""
    each: BaseException | None = context
    while each is not None:
        if each is error:
            return
        each = each.__context__
    error.__context__ = context
