"""One question, one decision."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

from shared_router import InvalidInputError, RoutingDecision, RoutingPolicy, RoutingRequest, clean


class DecisionMemory:
    """Decide each question once: what a router says of a question does not change from chunk to chunk.

    It holds hashes of questions, not their text, and scores alone: a fallback after a router's failure
    is not repeated once the router works again.

    Args:
        policy: The rule that decides.
        size: How many questions to remember, the latest ones; 0 remembers none.

    Raises:
        InvalidInputError: If `size` is not a number of questions.
    """

    def __init__(self, policy: RoutingPolicy, size: int) -> None:
        if type(size) is not int or size < 0:
            raise InvalidInputError(f"cache_size must be a number of questions >= 0, got {size!r}")
        self.policy = policy
        self.size = size
        self._decisions: OrderedDict[bytes, RoutingDecision] = OrderedDict()
        self._lock = threading.Lock()

    def decide(self, request: RoutingRequest) -> RoutingDecision:
        """Return the decision remembered for a question, or the policy's."""
        key = self._key(request)
        return self._recall(key) or self._keep(key, self.policy.decide(request))

    async def adecide(self, request: RoutingRequest) -> RoutingDecision:
        """Return the decision remembered for a question, or the policy's, off the event loop."""
        key = self._key(request)
        return self._recall(key) or self._keep(key, await self.policy.adecide(request))

    def __len__(self) -> int:
        """Count the questions remembered."""
        return len(self._decisions)

    def _key(self, request: RoutingRequest) -> bytes | None:
        """Return what makes two requests one question; None for a request that is decided without a score."""
        if not self.size or request.query is None or request.able or request.route or request.sticky_to:
            return None
        return hashlib.blake2b(clean(request.query).encode(), digest_size=16).digest()

    def _recall(self, key: bytes | None) -> RoutingDecision | None:
        if key is None:
            return None
        with self._lock:
            if (decision := self._decisions.get(key)) is not None:
                self._decisions.move_to_end(key)
        # a threshold may be changed while the program runs
        return decision if decision is not None and decision.threshold == self.policy.threshold else None

    def _keep(self, key: bytes | None, decision: RoutingDecision) -> RoutingDecision:
        if key is not None and decision.reason == "score":
            with self._lock:
                self._decisions[key] = decision
                if len(self._decisions) > self.size:
                    self._decisions.popitem(last=False)
        return decision
