"""What an adapter's calls are made under: resilience, budgets and those who watch; kept by the adapter."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

from shared_router.choices import shown_kind
from shared_router.costs.bill import Bill
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import InvalidInputError
from shared_router.observers import Observer
from shared_router.resilience.attempts import Attempts
from shared_router.resilience.breaker import Breakers, BreakerState
from shared_router.resilience.planned_attempts import PlannedAttempts
from shared_router.resilience.resilience import Resilience
from shared_router.resilience.time_limits import within_seconds

T = TypeVar("T")
A = TypeVar("A", bound=Attempts)


@dataclass(frozen=True, slots=True)
class CallHealth:
    """How an adapter's models have done.

    Attributes:
        breakers: `"closed"`, `"open"` or `"half_open"`, by model, of those that were asked.
        abandoned: Calls that took longer than they may and could not be stopped, so far.
        abandoned_now: Those of them that are still at work, each in a thread of ours.
        observer_failures: How often one who watches raised an error, which changed nothing for the caller.
    """

    breakers: dict[str, BreakerState] = field(default_factory=dict)
    abandoned: int = 0
    abandoned_now: int = 0
    observer_failures: int = 0


class CallRules:
    """Begin calls under an adapter's rules; where there are none, an adapter keeps no `CallRules` at all.

    One call: `asked = rules.ask(request, size)`, `decision = policy.decide(asked.request)`,
    `attempts = asked.begin(decision)`, then as `Attempts` says.

    Args:
        models: The models' names, best first.
        resilience: When another model is asked; None never asks one.
        budgets: What each call is reserved from; None counts nothing.
        observers: Who is told of each decision and of each call's end.
        bill: What the models cost.
        shadow: What has other models asked too, off the calls' path (`Shadow.beside`); it is among those who
            watch. Adapters tell it how to ask.
        breakers: Where breakers are kept, for an adapter that is made anew at each call; None makes them.

    Raises:
        InvalidInputError: If an argument is none of these.
        UnknownNameError: If the resilience names a model that is not there.
    """

    def __init__(
        self,
        models: Sequence[str],
        *,
        resilience: Resilience | None = None,
        budgets: Any = None,
        observers: Sequence[Observer] = (),
        bill: Bill | None = None,
        shadow: Any = None,
        breakers: Breakers | None = None,
    ) -> None:
        if resilience is not None:
            if not isinstance(resilience, Resilience):
                raise InvalidInputError(
                    f"resilience must be a Resilience or None, got {shown_kind(resilience)}"
                )
            resilience.check_models(models)
        for observer in observers:
            if not (callable(getattr(observer, "decided", None)) and hasattr(observer, "ended")):
                raise InvalidInputError(
                    f"observers must have decided and ended, got {shown_kind(observer)}; see Observer"
                )
        self.models = tuple(models)
        self.resilience = resilience
        self.budgets = budgets
        self.observers = (*observers, *(() if shadow is None else (shadow,)))
        self.shadow = shadow
        self.bill = bill or Bill(None, ())
        self.breakers = breakers or Breakers()
        self.wants_answers = any(observer.wants_answers for observer in self.observers)
        self.observer_failures = 0
        self._abandoned = 0
        self._abandoned_now = 0
        self._lock = threading.Lock()

    @property
    def health(self) -> CallHealth:
        """How the models have done so far."""
        return CallHealth(
            self.breakers.states(), self._abandoned, self._abandoned_now, self.observer_failures
        )

    def ask(self, request: RoutingRequest, size: Any = None) -> AskedCall:
        """Ask what a call may cost, before its model is decided.

        Args:
            request: What the policy is to be asked.
            size: How large the call is, a `CallSize`; needed under a budget alone.

        Raises:
            BudgetExceededError: If nothing is left, and the budget says to refuse.
        """
        began = time.perf_counter()
        allowance = None if self.budgets is None else self.budgets.ask(request, size)
        return AskedCall(self, request if allowance is None else allowance.request, allowance, began)

    async def aask(self, request: RoutingRequest, size: Any = None) -> AskedCall:
        """Ask like `ask`, without holding up the event loop."""
        began = time.perf_counter()
        allowance = None if self.budgets is None else await self.budgets.aask(request, size)
        return AskedCall(self, request if allowance is None else allowance.request, allowance, began)

    def within(self, call: Callable[[], T], seconds: float | None) -> T:
        """Return what a call that blocks returns, within a time; one that is late is abandoned and counted.

        Raises:
            CallTimeoutError: If it is late.
        """
        answer: T = within_seconds(call, seconds, late=self._abandon)
        return answer

    def tell(self, observer: Observer, method: str, *about: object) -> None:
        """Tell one who watches; what they raise is theirs and changes nothing for the caller."""
        try:
            getattr(observer, method)(*about)
        # whatever a watcher raises: an answer must not be lost over it
        except Exception as error:  # noqa: BLE001
            self.observer_failures += 1
            if self.observer_failures & (self.observer_failures - 1) == 0:  # the 1st, 2nd, 4th, 8th ...
                import logging  # here, for a program that needs none

                logging.getLogger(__name__).warning(
                    "%s.%s raised %s (%d failures of observers so far)",
                    type(observer).__name__,
                    method,
                    type(error).__name__,
                    self.observer_failures,
                )

    def __reduce__(self) -> tuple[Callable[..., CallRules], tuple[object, ...]]:
        watching = tuple(each for each in self.observers if each is not self.shadow)
        given = (self.resilience, self.budgets, watching, self.bill, self.shadow, self.breakers)
        return _made_again, (self.models, *given)

    def _abandon(self, future: Future[Any]) -> None:
        with self._lock:
            self._abandoned += 1
            self._abandoned_now += 1
        future.add_done_callback(self._came_back)

    def _came_back(self, future: Future[Any]) -> None:
        del future
        with self._lock:
            self._abandoned_now -= 1


def _made_again(models: Sequence[str], *given: Any) -> CallRules:
    names = ("resilience", "budgets", "observers", "bill", "shadow", "breakers")
    return CallRules(models, **dict(zip(names, given, strict=True)))


@dataclass(frozen=True, slots=True)
class AskedCall:
    """A call that is not decided yet.

    Attributes:
        rules: What it is made under.
        request: What the policy must be asked; a budget may have changed it.
        allowance: What budgets allow it; None without any.
        began: When it began, by `time.perf_counter`.
    """

    rules: CallRules
    request: RoutingRequest
    allowance: Any
    began: float

    def begin(self, decision: RoutingDecision, decided_s: float | None = None) -> Attempts:
        """Tell of the decision, reserve what the call may cost, and find whom to ask first.

        Args:
            decision: The policy's.
            decided_s: How long it took, in seconds; None counts from `ask` on.

        Raises:
            BudgetExceededError: If what it may cost is not left.
        """
        attempts = self._told(decision, decided_s, Attempts)
        attempts.start()
        return attempts

    async def abegin(self, decision: RoutingDecision, decided_s: float | None = None) -> Attempts:
        """Begin like `begin`, without holding up the event loop."""
        attempts = self._told(decision, decided_s, Attempts)
        await attempts.astart()
        return attempts

    def begin_plan(self, decision: RoutingDecision, decided_s: float | None = None) -> PlannedAttempts:
        """Begin like `begin`, for a plan that asks several models by its own rules."""
        attempts = self._told(decision, decided_s, PlannedAttempts)
        attempts.start()
        return attempts

    async def abegin_plan(self, decision: RoutingDecision, decided_s: float | None = None) -> PlannedAttempts:
        """Begin like `begin_plan`, without holding up the event loop."""
        attempts = self._told(decision, decided_s, PlannedAttempts)
        await attempts.astart()
        return attempts

    def _told(self, decision: RoutingDecision, decided_s: float | None, kind: type[A]) -> A:
        if self.allowance is not None:
            decision = self.allowance.told(decision)
        request = self.request
        if decision.by_guard:  # a fallback must not ask what the guard has vetoed
            request = replace(request, candidates=(decision.model,))
        took = time.perf_counter() - self.began if decided_s is None else decided_s
        return kind(self.rules, request, decision, allowance=self.allowance, decided_s=took)
