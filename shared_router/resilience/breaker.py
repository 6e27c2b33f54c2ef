"""A circuit breaker for a model: one that keeps failing is left alone for a while, then tried with one call.

`scoring.breaker` is a router's: it counts failures in a row alone, and needs no permits, because a router's
calls do not overlap for minutes as a model's do.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from typing import Literal

from shared_router.resilience.resilience import Resilience

BreakerState = Literal["closed", "open", "half_open"]

LATEST = 100
"""Calls whose end is remembered at most, to tell what share of them failed."""

ENOUGH = 20
"""Calls of which a share can be told."""

SHARE = 0.5
"""What share of them must have failed for a model to be left alone."""

LONGEST_S = 600.0
"""How long a provider's Retry-After can keep a model alone, in seconds."""


class ModelBreaker:
    """Admit calls of one model until it keeps failing; then none for a while, then one, until one succeeds.

    It may be asked from several threads and event loops: nothing waits while it is held. Each call is let in
    with a permit, and tells with it how it ended. A permit of before it opened changes nothing any more.

    Args:
        rule: When it opens, for how long.
        clock: Tells the time in seconds.
    """

    def __init__(self, rule: Resilience, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.rule = rule
        self._clock = clock
        self._lock = threading.Lock()
        self._generation = 0
        self._in_a_row: deque[float] = deque(maxlen=rule.failures or 1)
        self._ended: deque[tuple[float, bool]] = deque(maxlen=LATEST)
        self._failed = 0
        self._opens_until: float | None = None
        self._probed_at: float | None = None

    @property
    def state(self) -> BreakerState:
        """Whether all calls are let in, none, or one that tries the model again."""
        until = self._opens_until
        if until is None:
            return "closed"
        return "open" if self._clock() < until else "half_open"

    @property
    def admits_at(self) -> float:
        """When it lets a call in again, by its clock; minus infinity where it does now."""
        until = self._opens_until
        return float("-inf") if until is None else until

    def admit(self) -> int | None:
        """Let a call in, or return None; whoever is let in says with the permit how it ended."""
        if self._opens_until is None:  # nearly always, and then nothing is changed here
            return self._generation
        with self._lock:
            if self._opens_until is None:
                return self._generation
            now = self._clock()
            if now < self._opens_until or self._is_probing(now):
                return None
            return self._probe(now)

    def force(self) -> int:
        """Let a call in where no other model is left to ask; it tries the model as a probe does."""
        with self._lock:
            return self._generation if self._opens_until is None else self._probe(self._clock())

    def succeeded(self, permit: int) -> None:
        """Say that a call was answered; one that tries the model closes the breaker."""
        with self._lock:
            if permit != self._generation:
                return
            if self._opens_until is None:
                self._in_a_row.clear()
                self._count(self._clock(), failed=False)
            else:
                self._reset()

    def failed(self, permit: int, retry_after: float | None = None) -> None:
        """Say that a call failed over the model, not over what was asked.

        Args:
            permit: The call's.
            retry_after: How long the provider asks to be left alone, in seconds.
        """
        with self._lock:
            if permit != self._generation or self.rule.failures is None:
                return
            now = self._clock()
            if self._opens_until is None:
                self._in_a_row.append(now)
                self._count(now, failed=True)
                if not self._is_failing(now):
                    return
            alone = max(self.rule.open_seconds, min(retry_after or 0.0, LONGEST_S))
            self._reset()
            self._opens_until = now + alone

    def released(self, permit: int) -> None:
        """Say that a call ended without a word about the model: cancelled, or refused as it was asked."""
        with self._lock:
            if permit == self._generation:
                self._probed_at = None  # the next call may try

    def _probe(self, now: float) -> int:
        self._probed_at = now
        self._generation += 1  # what was let in before has no word any more
        return self._generation

    def _is_probing(self, now: float) -> bool:
        # a probe that nobody hears of again must not keep the model out for good
        return self._probed_at is not None and now - self._probed_at < self.rule.open_seconds

    def _is_failing(self, now: float) -> bool:
        row = self._in_a_row
        if len(row) == row.maxlen and now - row[0] <= self.rule.window:
            return True
        return len(self._ended) >= ENOUGH and self._failed >= SHARE * len(self._ended)

    def _count(self, now: float, *, failed: bool) -> None:
        if len(self._ended) == LATEST:
            self._failed -= self._ended.popleft()[1]
        self._ended.append((now, failed))
        self._failed += failed
        while now - self._ended[0][0] > self.rule.window:
            self._failed -= self._ended.popleft()[1]

    def _reset(self) -> None:
        self._in_a_row.clear()
        self._ended.clear()
        self._failed = 0
        self._opens_until = self._probed_at = None
        self._generation += 1


class Breakers:
    """The breakers of an adapter's models, by name; made at a model's first call.

    A copy or a pickle begins with none. Models that change, or another rule, begin anew.
    """

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._by_model: dict[str, ModelBreaker] = {}

    def of(self, model: str, rule: Resilience) -> ModelBreaker:
        """Return a model's breaker under a rule."""
        breaker = self._by_model.get(model)
        if breaker is not None and (breaker.rule is rule or breaker.rule == rule):
            return breaker
        with self._lock:
            breaker = self._by_model.get(model)
            if breaker is None or breaker.rule != rule:
                breaker = self._by_model[model] = ModelBreaker(rule, clock=self._clock)
            return breaker

    def forget(self) -> None:
        """Begin with none: the models are others now."""
        with self._lock:
            self._by_model.clear()

    def states(self) -> dict[str, BreakerState]:
        """Return each model's state, of those that were asked."""
        return {model: breaker.state for model, breaker in [*self._by_model.items()]}

    def __reduce__(self) -> tuple[type[Breakers], tuple[()]]:
        return Breakers, ()
