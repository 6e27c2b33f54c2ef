"""A guard: a function of yours that may veto a route, asked before anything is scored.

A router is about cost. It sends a question to the weak model because the weak one will answer it, and knows
nothing of what that model will agree to say; a cheaper model is often a less guarded one. A guard is where
such a rule stands: what it says goes before the score, before stickiness and before the route that a caller
names.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from functools import partial
from inspect import iscoroutinefunction
from typing import Any, TypeAlias

from shared_router.choices import check_choice, shown, shown_kind
from shared_router.decisions import RoutingRequest
from shared_router.errors import (
    GuardError,
    GuardFailedWarning,
    GuardTimeoutError,
    InvalidInputError,
    VetoError,
)
from shared_router.messages import AnyMessage
from shared_router.rules import Ruling
from shared_router.scoring.workers import Workers, wait
from shared_router.text import is_blank

Said: TypeAlias = str | Exception | None
"""None lets a request go on; a model's name sends it there; an error refuses it."""

Verdict: TypeAlias = Ruling | Exception | None
"""What a guard said, checked."""

_Read: TypeAlias = str | Sequence[AnyMessage]
_AT_ONCE = 8


@dataclass(frozen=True, slots=True)
class ConversationGuard:
    """A guard that reads the whole conversation, where the caller has one, and not its question alone.

    Attributes:
        function: From the messages, oldest first, to its verdict; a bare question comes as one user's turn.
    """

    function: Callable[[Sequence[AnyMessage]], Said]


Guard: TypeAlias = Callable[[str], Said] | ConversationGuard
"""What may veto a route: a function from the question, or a `ConversationGuard`."""


@dataclass(slots=True)
class Guarding:
    """Ask a guard about requests, in threads of its own unless it says that it does not block.

    Attributes:
        guard: The guard. One with an attribute `blocking` that is False is asked where the caller stands.
        models: The models that it may name.
        on_error: What happens to a request that it fails on: a model's name, `"strong"` or `"weak"`;
            `"score"` goes on as if there were no guard, `"raise"` refuses it.
        timeout_s: How long it may take over up to 8 requests, in seconds, and as long again for each 8 more;
            None waits for ever.
    """

    guard: Guard
    models: tuple[str, ...]
    on_error: str
    timeout_s: float | None
    _workers: Workers = field(default_factory=lambda: Workers(_AT_ONCE), repr=False)
    _warned: bool = field(default=False, repr=False)

    @classmethod
    def of(
        cls, guard: Guard | None, models: tuple[str, ...], on_error: str, timeout_s: float | None
    ) -> Guarding | None:
        """Check what was given; None without a guard.

        Raises:
            InvalidInputError: If the guard is no function, is an async one, or `on_error` is no such rule.
        """
        check_choice(
            "on_guard_error", on_error, [*dict.fromkeys(("strong", "weak", *models)), "score", "raise"]
        )
        if guard is None:
            return None
        function = guard.function if isinstance(guard, ConversationGuard) else guard
        if not callable(function) or isinstance(function, type):
            raise InvalidInputError(f"guard must be a function or None, got {shown_kind(guard)}")
        if iscoroutinefunction(function):
            raise InvalidInputError(
                "guard must be a plain function, got an async one; it runs in a thread of its own, may block"
            )
        return cls(guard, models, on_error, timeout_s)

    @property
    def blocking(self) -> bool:
        """Whether it must be asked off an event loop."""
        function = self.guard.function if isinstance(self.guard, ConversationGuard) else self.guard
        return bool(getattr(function, "blocking", True))

    def verdicts(self, requests: Sequence[RoutingRequest]) -> list[Verdict]:
        """Return what the guard says of each of n requests: where it goes, an error, or None to go on."""
        about = [self._about(request) for request in requests]
        if not self.blocking:
            return [self._ruled(None if each is None else self._heard(each)) for each in about]
        futures = self._submitted(about)
        wait([future for future in futures if future is not None], self._limit(len(futures)))
        return [self._ruled(self._result(future)) for future in futures]

    async def averdicts(self, requests: Sequence[RoutingRequest]) -> list[Verdict]:
        """Do what `verdicts` does, off the event loop where the guard blocks."""
        if not self.blocking:
            return self.verdicts(requests)
        import asyncio  # here, for a program without a loop would wait 20 ms for it

        futures = self._submitted([self._about(request) for request in requests])
        waited = [asyncio.wrap_future(future) for future in futures if future is not None]
        if waited:
            try:
                await asyncio.wait(waited, timeout=self._limit(len(futures)))
            finally:
                for each in waited:
                    each.cancel()
        return [self._ruled(self._result(future)) for future in futures]

    def _submitted(self, about: Sequence[_Read | None]) -> list[Future[Verdict] | None]:
        return [None if each is None else self._workers.submit(partial(self._heard, each)) for each in about]

    def _limit(self, n: int) -> float | None:
        return None if self.timeout_s is None else self.timeout_s * math.ceil(n / _AT_ONCE)

    def _result(self, future: Future[Verdict] | None) -> Verdict:
        if future is None:
            return None
        if future.done() and not future.cancelled():
            return future.result()
        future.cancel()  # one that has not begun need not
        return GuardTimeoutError(
            f"a guard must answer within router_timeout ({self.timeout_s} s), and did not"
        )

    def _heard(self, about: _Read) -> Verdict:
        function: Any = self.guard.function if isinstance(self.guard, ConversationGuard) else self.guard
        try:
            said = function(about)
        except VetoError as refusal:
            return refusal
        # whatever a guard of somebody else's raises is its failure, which has a rule of its own
        except Exception as error:  # noqa: BLE001
            failure = GuardError(f"a guard must return a verdict, and raised {type(error).__name__}")
            failure.__cause__ = error
            return failure
        if said is None or isinstance(said, Exception):
            return said
        if isinstance(said, str) and said in self.models:
            return Ruling(said, "guard")
        return GuardError(
            f"a guard must return None, an error or one of {list(self.models)}, got {shown(said)}"
        )

    def _about(self, request: RoutingRequest) -> _Read | None:
        """Return what the guard is asked about; None where the request holds nothing to read."""
        asked = request.query if request.said is None else request.said
        question = None if asked is None or is_blank(asked) else asked
        if not isinstance(self.guard, ConversationGuard):
            return question
        messages = request.messages() if callable(request.messages) else request.messages
        if messages:
            return messages
        return None if question is None else [{"role": "user", "content": question}]

    def _ruled(self, verdict: Verdict) -> Verdict:
        """Return a verdict, and in a failure's place what the rule for failures says."""
        if not isinstance(verdict, GuardError) or self.on_error == "raise":
            return verdict
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"{verdict}; requests it fails on go {self.on_error} (on_guard_error)",
                GuardFailedWarning,
                stacklevel=4,
            )
        if self.on_error == "score":
            return None
        tiers = {"strong": self.models[0], "weak": self.models[-1]}
        model = self.on_error if self.on_error in self.models else tiers[self.on_error]
        return Ruling(model, f"guard_error:{type(verdict.__cause__ or verdict).__name__}")
