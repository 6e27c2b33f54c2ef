"""A budget: dollars that a period's calls must stay within, whoever makes them and however many at once."""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, Literal

from shared_router.choices import check_amount
from shared_router.errors import BudgetExceededError
from shared_router.resilience.budgets.money import in_dollars, rounded_down, rounded_up
from shared_router.resilience.budgets.outage import OnStoreError
from shared_router.resilience.budgets.periods import Per, check_per, period_at, period_end
from shared_router.resilience.budgets.reservation import Reservation
from shared_router.resilience.budgets.settings import (
    GivenStore,
    Key,
    OnHard,
    check_budget_rules,
    check_clock,
    check_dollars,
    check_key,
    check_tokens,
    counted_in,
)
from shared_router.resilience.budgets.store import Account
from shared_router.tenants import checked_tenant, current_tenant

Standing = Literal["open", "soft", "hard"]

FOR_WEAK = 0.1
"""The share of a budget that is the weakest model's alone, where it goes on over hard."""


class Budget:
    """Keep what calls cost within dollars for each hour, day or month of the calendar, in UTC.

    Each call reserves what it may cost at most before it is made, and settles what it did cost after. What is
    spent and reserved together is never above `dollars`, so a few last calls may be refused although others
    then settle for less.

    Args:
        dollars: The limit in each period, > 0.
        per: What periods are: `"hour"`, `"day"` or `"month"`.
        key: Whose the limit is: None for all calls together, `"tenant"` for each tenant apart (those without
            one together), a name for all budgets of this name in the same store, or a function from a
            request's tenant, or None, to a name.
        soft: The share of `dollars` from which calls go strong less often, in (0, 1); None for no such share.
        soft_threshold: The cost threshold over soft, in [0, 1]. None raises each call's own the nearer to 1
            the less is left: halfway to hard, halfway to 1.
        on_hard: What happens where a model's bound is not left: `"weak"` leaves the models whose bound is,
            in the end the weakest, and then raises; `"raise"` raises.
        for_weak: The share of `dollars` that no model but the weakest may use, in [0, 1), where `on_hard` is
            `"weak"`; None is 0.1.
        max_output_tokens: How many tokens an answer has at most where neither the request nor the model says.
            Ask the model for no more: an answer that is longer counts in full, and can pass the limit.
        count_tokens: Counts the tokens of a text of the prompt, at least as many as the provider does. None
            takes the text's bytes in UTF-8: no byte-level tokenizer makes more of it.
        store: Where it is counted: None in this process alone, the path of a SQLite file for the processes of
            one machine, a Redis URL for several machines', or a `BudgetStore`.
        on_store_error: What happens where the store cannot be asked: `"closed"` refuses calls with a
            `BudgetStoreError`, `"open"` counts in this process alone until it can. Logged once.
        clock: Tells the time in seconds since the epoch.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        MissingExtraError: If the store is a Redis and its package is not installed.
    """

    def __init__(
        self,
        dollars: float,
        *,
        per: Per = "day",
        key: Key | None = None,
        soft: float | None = None,
        soft_threshold: float | None = None,
        on_hard: OnHard = "weak",
        for_weak: float | None = None,
        max_output_tokens: int | None = None,
        count_tokens: Callable[[str], int] | None = None,
        store: GivenStore | None = None,
        on_store_error: OnStoreError = "closed",
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.dollars = check_dollars(dollars)
        check_per(per)
        check_key(key)
        check_clock(clock)
        check_budget_rules(soft, soft_threshold, on_hard, for_weak)
        check_tokens(max_output_tokens, count_tokens)
        self.per, self.key, self.soft, self.soft_threshold = per, key, soft, soft_threshold
        self.on_hard, self.max_output_tokens, self.count_tokens = on_hard, max_output_tokens, count_tokens
        self.for_weak = (FOR_WEAK if on_hard == "weak" else 0.0) if for_weak is None else for_weak
        self.store, self.on_store_error, self.clock = store, on_store_error, clock
        self._limit = rounded_down(self.dollars)
        self._strong_limit = rounded_down(self.dollars * (1 - self.for_weak))
        self._counted = counted_in(store, on_store_error)

    def __repr__(self) -> str:
        """Show the limit; a store's address may hold a password, and a key may be one."""
        return f"Budget({self.dollars:g}, per={self.per!r}, soft={self.soft}, on_hard={self.on_hard!r})"

    def standing(self, tenant: str | None = None) -> Standing:
        """Return how a budget stands: under its soft limit, over it, or with nothing left but the weakest's.

        Args:
            tenant: Whose call it is; None asks the block around (`tenant_scope`).
        """
        used = self._used(tenant)
        if used >= self._strong_limit:
            return "hard"
        return "open" if self.soft is None or used < self.soft * self._limit else "soft"

    def used(self, tenant: str | None = None) -> float:
        """Return the dollars that are spent and reserved in this period, as far as this process knows."""
        return in_dollars(self._used(tenant))

    def left(self, tenant: str | None = None, *, strong: bool = False) -> float:
        """Return the dollars that are left in this period, >= 0.

        Args:
            tenant: Whose call it is; None asks the block around.
            strong: Whether the weakest model's share is kept.
        """
        strong_left, whole = self.left_for_each(tenant)
        return strong_left if strong else whole

    def left_for_each(self, tenant: str | None = None) -> tuple[float, float]:
        """Return the dollars that are left to the models but the weakest, and to the weakest, asked once.

        Args:
            tenant: Whose call it is; None asks the block around.
        """
        used = self._used(tenant)
        return in_dollars(max(0, self._strong_limit - used)), in_dollars(max(0, self._limit - used))

    def raised(self, threshold: float, tenant: str | None = None) -> float:
        """Return the threshold that applies over soft, >= the one that applies otherwise; see the class."""
        if self.soft is None:
            return threshold
        used, from_, to = self._used(tenant), self.soft * self._limit, self._strong_limit
        if used < from_:
            return threshold
        if self.soft_threshold is not None:
            return max(threshold, self.soft_threshold)
        share = 1.0 if to <= from_ else min(1.0, (used - from_) / (to - from_))
        return threshold + (1 - threshold) * share

    def reserve(self, dollars: float, tenant: str | None = None, *, strong: bool = False) -> Reservation:
        """Take what a call may cost at most; it waits for no store, but for a key's first call.

        Args:
            dollars: What it may cost at most, >= 0.
            tenant: Whose call it is; None asks the block around.
            strong: Whether the weakest model's share is kept.

        Raises:
            InvalidInputError: If it is no such number.
            BudgetExceededError: If that is not left.
            BudgetStoreError: If the store cannot be asked and `on_store_error` is `"closed"`.
        """
        check_amount("dollars", dollars, of="a call's bound")
        amount, account = rounded_up(dollars), self._account(tenant)
        if not amount:  # a model that costs nothing needs no budget
            return Reservation(0, partial(self._counted.put_back, account))
        limit = self._strong_limit if strong else self._limit
        taken = self._counted.take(account, amount, least=amount, limit=limit)
        if taken.granted < amount or taken.taken > limit:
            left = in_dollars(max(0, limit - taken.taken))
            raise BudgetExceededError(
                f"a call's bound must be left of the budget, got {dollars:.9f} dollars where {left:.9f} of "
                f"{self.dollars:g} a {self.per} are left until {period_end(taken.period, self.per)}"
            )
        where = account if taken.period == account.period else account._replace(period=taken.period)
        return Reservation(amount, partial(self._counted.put_back, where))

    async def areserve(
        self, dollars: float, tenant: str | None = None, *, strong: bool = False
    ) -> Reservation:
        """Take what a call may cost like `reserve`; where the store must be asked, off the event loop."""
        limit = self._strong_limit if strong else self._limit
        reserve = partial(self.reserve, dollars, tenant, strong=strong)
        if self._counted.would_wait(self._account(tenant), rounded_up(dollars), limit):
            return await asyncio.to_thread(reserve)  # which takes the block around with it
        return reserve()

    def would_wait(self, tenant: str | None = None, *, dollars: float = 0.0) -> bool:
        """Tell whether `standing`, or to reserve this much, must ask the store."""
        return self._counted.would_wait(self._account(tenant), rounded_up(dollars), self._limit)

    def close(self) -> None:
        """Put back what this process holds of a shared store's dollars, as it does when it ends."""
        self._counted.close()

    def _used(self, tenant: str | None) -> int:
        return self._counted.take(self._account(tenant), 0, least=0, limit=self._limit).taken

    def _account(self, tenant: str | None) -> Account:
        named = checked_tenant(current_tenant() if tenant is None else tenant)
        if callable(self.key):
            kind, key = "function", self.key(named)
        else:
            kind, key = ("tenant", named) if self.key == "tenant" else ("name", self.key)
        return Account(f"{self.per}:{kind}", _hash_of(key), period_at(self.clock(), self.per))

    def __reduce__(self) -> tuple[Callable[[], Budget], tuple[()]]:
        """Pickle the settings: what no store shares, another process counts for itself."""
        names = (
            *("per", "key", "soft", "soft_threshold", "on_hard", "for_weak", "max_output_tokens"),
            *("count_tokens", "store", "on_store_error", "clock"),
        )
        return partial(Budget, self.dollars, **{name: getattr(self, name) for name in names}), ()

    def __copy__(self) -> Budget:
        """Return this budget: a copy would have the dollars again."""
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> Budget:
        """Return this budget: a copy would have the dollars again."""
        return self


@lru_cache(maxsize=4096)
def _hash_of(key: str | None) -> str:
    # a tenant may be named by its key, so that no store holds one as it is; None is nobody's name
    return hashlib.blake2b(repr(key).encode("utf-8", "surrogatepass"), digest_size=16).hexdigest()
