"""One question, one decision: its chunks, its steps and its tool loop stay on one model."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import replace

from shared_router import InvalidInputError, RoutingDecision, RoutingPolicy, RoutingRequest, clean

Key = tuple[bytes, str | None]
"""A question's hash and, for what holds within one run alone, the run."""


class DecisionMemory:
    """Decide each question once.

    A score holds wherever the question is asked again: it says something of the question alone. A fallback
    after a router's failure holds for the run in which it was made, so that a router that works again is
    asked again, but no run changes models in the middle. Hashes are kept, never a question's text.

    Args:
        policy: The rule that decides.
        size: How many questions to remember, the latest ones; 0 remembers none.
        run: Names the run that a call is part of, or None where that is not known; None never knows.

    Raises:
        InvalidInputError: If `size` is not a number of questions.
    """

    def __init__(self, policy: RoutingPolicy, size: int, run: Callable[[], str | None] | None = None) -> None:
        if type(size) is not int or size < 0:
            raise InvalidInputError(f"cache_size must be a number of questions >= 0, got {size!r}")
        self.policy = policy
        self.size = size
        self._run = run or _unknown
        self._decisions: OrderedDict[Key, RoutingDecision] = OrderedDict()
        self._lock = threading.Lock()

    def decide(self, request: RoutingRequest, *, goes_on: bool = False) -> RoutingDecision:
        """Decide where a request goes.

        Args:
            request: The request.
            goes_on: Whether it shows by itself that it goes on with its question, as a tool loop does.
        """
        question = self._question(request)
        known = self._recall(question, goes_on)
        if known is not None and known.reason == "score":
            return known
        return self._keep(question, self.policy.decide(_going_on(request, known)))

    async def adecide(self, request: RoutingRequest, *, goes_on: bool = False) -> RoutingDecision:
        """Decide where a request goes, off the event loop where that can block it."""
        question = self._question(request)
        known = self._recall(question, goes_on)
        if known is not None and known.reason == "score":
            return known
        return self._keep(question, await self.policy.adecide(_going_on(request, known)))

    def __len__(self) -> int:
        """Count the decisions remembered."""
        return len(self._decisions)

    def _question(self, request: RoutingRequest) -> bytes | None:
        """Return a question's hash; None for a request that no score decides."""
        if not self.size or request.query is None or request.able is not None:
            return None
        return hashlib.blake2b(clean(request.query).encode(), digest_size=16).digest()

    def _recall(self, question: bytes | None, goes_on: bool) -> RoutingDecision | None:
        if question is None or not self._decisions:
            return None
        with self._lock:
            scored = self._decisions.get((question, ""))
            # a threshold may be changed while the program runs
            if scored is not None and scored.threshold == self.policy.threshold:
                self._decisions.move_to_end((question, ""))
                return scored
            fallback = self._decisions.get((question, self._run()))
            return self._decisions.get((question, None)) if fallback is None and goes_on else fallback

    def _keep(self, question: bytes | None, decision: RoutingDecision) -> RoutingDecision:
        if question is None:
            return decision
        with self._lock:
            if decision.reason == "score":
                self._decisions[question, ""] = decision
            elif decision.reason.startswith("router_error"):
                self._decisions[question, self._run()] = self._decisions[question, None] = decision
            while len(self._decisions) > self.size:
                self._decisions.popitem(last=False)
        return decision


def _going_on(request: RoutingRequest, known: RoutingDecision | None) -> RoutingRequest:
    return request if known is None else replace(request, sticky_to=known.model)


def _unknown() -> None:
    """Know of no run."""
