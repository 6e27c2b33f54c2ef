"""What other policies would have done: decided beside each call, where nobody waits, and logged.

Requests go where they went before; a new router or threshold is only asked. What it would have sent where
stands in the decision log, and beside shadows and feedback says what it would have been worth.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping, Sequence
from datetime import datetime, timezone
from typing import Any

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError
from shared_router.observers import CallEnd, Observer, WatchedCall
from shared_router.policy import RoutingPolicy
from shared_router.proof.background import Background
from shared_router.telemetry import DecisionLog

_logger = logging.getLogger(__name__)

_MAX_WAITING = 1000
GivenPolicies = RoutingPolicy | Mapping[str, RoutingPolicy]


class WouldDecide:
    """Ask other policies about each request that was answered, in a thread of their own; an observer.

    Args:
        policies: Policies by name.
        log: Where their decisions are logged.

    Attributes:
        failed: How many decisions failed.
        dropped: How many requests they were not asked about because too many waited.
    """

    wants_answers = False

    def __init__(self, policies: Mapping[str, RoutingPolicy], log: DecisionLog) -> None:
        self.policies = dict(policies)
        self.log = log
        self.failed = self.dropped = 0
        self.background = Background(workers=1, max_waiting=_MAX_WAITING)
        self._lock = threading.Lock()

    def decided(self, call: WatchedCall) -> None:
        """Hear of a decision; others are asked after the call."""

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """Have the policies asked where the call was answered."""
        if end.outcome == "answered" and not self.background.put(lambda: self._decide(call)):
            with self._lock:
                self.dropped += 1

    def drain(self, timeout_s: float = 10.0) -> bool:
        """Wait until they were asked about all requests so far; tell whether they were."""
        return self.background.drain(timeout_s)

    def __reduce__(self) -> tuple[type[WouldDecide], tuple[object, ...]]:
        """Pickle what it is made of: what waits is this process's."""
        return WouldDecide, (self.policies, self.log)

    def __deepcopy__(self, memo: dict[int, Any]) -> WouldDecide:
        """Return this observer, for copies of a model log to the same file."""
        return self

    def _decide(self, call: WatchedCall) -> None:
        would = {}
        for name, policy in self.policies.items():
            try:
                would[name] = policy.decide(call.request).model
            # whatever a router raises: nobody waits for this decision
            except BaseException as error:  # noqa: BLE001
                with self._lock:
                    self.failed += 1
                _logger.debug("policy %s failed with %s", name, type(error).__name__)
        if would:
            now = datetime.now(timezone.utc).isoformat(timespec="milliseconds")
            self.log.append({"v": 1, "would": call.decision_id, "models": would, "time": now})


def would_decide(
    would: GivenPolicies | None, models: Sequence[str], *, observers: Sequence[Observer]
) -> WouldDecide | None:
    """Return what asks other policies, for an adapter's `would=`; None where it has none.

    Args:
        would: One policy, which is then called `"would"`, or several by name.
        models: The adapter's models, which they must decide between too.
        observers: The adapter's, for their log.

    Raises:
        InvalidInputError: If it is neither, decides between other models, or there is no log.
    """
    if would is None:
        return None
    policies = {"would": would} if isinstance(would, RoutingPolicy) else would
    if not isinstance(policies, Mapping) or not policies:
        raise InvalidInputError(f"would must be a RoutingPolicy or several by name, got {shown_kind(would)}")
    for name, policy in policies.items():
        if not isinstance(name, str) or not isinstance(policy, RoutingPolicy):
            raise InvalidInputError(
                f"would must be RoutingPolicies by name, got {shown_kind(policy)} for {shown(name)}"
            )
        if set(policy.models) != set(models):
            raise InvalidInputError(
                f"would's policies must decide between {list(models)}, got {list(policy.models)}"
            )
    log = next((each for each in observers if isinstance(each, DecisionLog)), None)
    if log is None:
        raise InvalidInputError(
            'would needs a decision log to be written to; give the adapter observers=["decisions.jsonl"]'
        )
    return WouldDecide(policies, log)
