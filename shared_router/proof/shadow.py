"""A shadow sample: a small share of requests is also asked of the other model, where nobody waits for it.

What the two answers cost and how they compare is written into the decision log, and is what `routellm
savings` proves a saving from and `routellm learn` learns from. The user's answer is never later, other or
missing for it: a shadow is asked after the answer, in a thread or a task of its own, without the caller's
callbacks; what goes wrong there is counted and nothing else.
"""

from __future__ import annotations

import asyncio
import random
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any

from shared_router.choices import check_seed, check_share, shown, shown_kind
from shared_router.costs.bill import Bill
from shared_router.costs.savings import TokenUsage
from shared_router.errors import InvalidInputError
from shared_router.observers import Observer
from shared_router.proof.background import Background
from shared_router.proof.comparing import Grade, Judge
from shared_router.proof.shadow_watch import ShadowWatch
from shared_router.resilience.budgets.budget import Budget
from shared_router.telemetry import DecisionLog


@dataclass(frozen=True, slots=True)
class ShadowHealth:
    """How a shadow sample has done so far in this process.

    Attributes:
        drawn: How many requests were drawn.
        logged: How many of them stand in the log with the other model's answer.
        graded: How many of these are graded.
        failed: How many the other model, or the judge, failed on.
        dropped: How many were not asked because too many waited.
        over_budget: How many were not asked because the budget had no room, or no price was known.
        error: The class of the latest error; None where there was none.
    """

    drawn: int = 0
    logged: int = 0
    graded: int = 0
    failed: int = 0
    dropped: int = 0
    over_budget: int = 0
    error: str | None = None


class Shadow:
    """Ask the other model too, on a random share of the requests, and log what it makes of them.

    Args:
        share: The probability that a request is drawn, in (0, 1].
        judge: Takes a prompt that shows both answers, in one order and then in the other, and returns its
            verdict as text, for example `lambda prompt: judge_model.invoke(prompt).text`; None leaves the
            grade to `grade`, or to nobody.
        grade: Grades one answer: takes the question and the answer, returns a score in [0, 1].
        budget: What shadows may cost, a `Budget` of their own with `max_output_tokens`; it needs prices. What
            a judge costs is not in it. None sets no limit but `share`.
        log: Where they are logged; None takes the adapter's own log, the first `DecisionLog` among its
            observers.
        seed: Draws the same requests again; None draws anew.
        workers: How many shadows are asked at a time, >= 1.
        max_waiting: How many may wait, >= 1; of more, some are not asked, and counted.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    def __init__(
        self,
        *,
        share: float = 0.02,
        judge: Judge | None = None,
        grade: Grade | None = None,
        budget: Budget | None = None,
        log: DecisionLog | None = None,
        seed: int | None = None,
        workers: int = 2,
        max_waiting: int = 100,
    ) -> None:
        check_share("share", share)
        _check(share, judge, grade, budget, log, seed)
        for name, value in (("workers", workers), ("max_waiting", max_waiting)):
            if type(value) is not int or value < 1:
                raise InvalidInputError(f"{name} must be a whole number >= 1, got {shown(value)}")
        self.share, self.judge, self.grade = float(share), judge, grade
        self.budget, self.log, self.seed = budget, log, seed
        self.workers, self.max_waiting = workers, max_waiting
        self.health = ShadowHealth()
        self.background = Background(workers=workers, max_waiting=max_waiting)
        self._draw = random.Random(seed) if seed is not None else random.SystemRandom()  # noqa: S311
        self._lock = threading.Lock()

    def beside(
        self, models: Sequence[str], *, observers: Sequence[Observer] = (), bill: Bill | None = None
    ) -> ShadowWatch:
        """Return what watches the calls of one routed model; an adapter keeps it among its observers.

        Args:
            models: The models' names, best first.
            observers: The adapter's own, for their log.
            bill: What the models cost.

        Raises:
            InvalidInputError: If there is no log, or a budget and a model without a price.
        """
        log = self.log or next((each for each in observers if isinstance(each, DecisionLog)), None)
        if log is None:
            raise InvalidInputError(
                "a shadow sample must have a decision log to be written to; give the adapter "
                'observers=["decisions.jsonl"], or Shadow(log=DecisionLog(...))'
            )
        bill = bill or Bill(None, ())
        unpriced = [name for name in models if name not in bill.prices]
        if self.budget is not None and unpriced:
            raise InvalidInputError(
                f"prices must name every model where shadows have a budget, got none for {unpriced}"
            )
        return ShadowWatch(self, tuple(models), log, bill)

    def draws(self) -> bool:
        """Draw whether a request has a shadow."""
        if self.share < 1 and self._draw.random() >= self.share:
            return False
        self.count(drawn=1)
        return True

    def count(self, *, error: str | None = None, **more: int) -> None:
        """Count what became of a shadow, by the names of `ShadowHealth`."""
        with self._lock:
            counts: dict[str, Any] = {name: getattr(self.health, name) + by for name, by in more.items()}
            self.health = replace(self.health, error=error or self.health.error, **counts)

    def drain(self, timeout_s: float = 60.0) -> bool:
        """Wait until all shadows so far have been asked and logged; a program that ends does not.

        Args:
            timeout_s: How long at most, in seconds.

        Returns:
            Whether they have.
        """
        return self.background.drain(timeout_s)

    async def adrain(self, timeout_s: float = 60.0) -> bool:
        """Wait like `drain`, without holding up the event loop."""
        return await asyncio.to_thread(self.drain, timeout_s)

    def __repr__(self) -> str:
        """Show the share and by what answers are compared."""
        by = "judge" if self.judge is not None else "grade" if self.grade is not None else None
        return f"Shadow(share={self.share:g}, by={by!r})"

    def __reduce__(self) -> tuple[Callable[..., Shadow], tuple[()]]:
        """Pickle the settings: another process draws and counts for itself."""
        names = ("share", "judge", "grade", "budget", "log", "seed", "workers", "max_waiting")
        return partial(Shadow, **{name: getattr(self, name) for name in names}), ()

    def __copy__(self) -> Shadow:
        """Return this sample: a copy would draw the same requests again."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Shadow:
        """Return this sample, for copies of a model draw from one."""
        return self


@dataclass(frozen=True, slots=True)
class ShadowReply:
    """What the other model answered.

    Attributes:
        text: Its text; None where it has none, such as a call of a tool. Not in the repr.
        usage: Its tokens, where the model told them.
    """

    text: str | None = field(default=None, repr=False)
    usage: TokenUsage | None = None


def shadow_watch(
    shadow: object, models: Sequence[str], *, observers: Sequence[Observer], bill: Bill
) -> ShadowWatch | None:
    """Return what watches calls for an adapter's `shadow=`; None where it has none.

    Args:
        shadow: What the adapter was given.
        models: The models' names, best first.
        observers: The adapter's observers.
        bill: What the models cost.

    Raises:
        InvalidInputError: If it is no `Shadow`, or as `Shadow.beside`.
    """
    if shadow is None:
        return None
    if not isinstance(shadow, Shadow):
        raise InvalidInputError(f"shadow must be a Shadow or None, got {shown_kind(shadow)}")
    return shadow.beside(models, observers=observers, bill=bill)


def _check(share: float, judge: object, grade: object, budget: object, log: object, seed: object) -> None:
    if share == 0:
        raise InvalidInputError("share must be in (0, 1], got 0; leave shadow= out for none")
    if judge is not None and grade is not None:
        raise InvalidInputError("a shadow sample must have a judge or a grade, got both")
    for name, given in (("judge", judge), ("grade", grade)):
        if given is not None and not callable(given):
            raise InvalidInputError(f"{name} must be a function, got {shown_kind(given)}")
    if budget is not None and not (isinstance(budget, Budget) and budget.max_output_tokens):
        raise InvalidInputError(
            f"a shadow sample's budget must be a Budget with max_output_tokens, got {shown_kind(budget)}"
        )
    if log is not None and not isinstance(log, DecisionLog):
        raise InvalidInputError(f"log must be a DecisionLog, got {shown_kind(log)}")
    if seed is not None:
        check_seed(seed)
