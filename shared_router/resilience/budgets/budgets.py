"""The budgets of one routed model: what each of its calls is allowed."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Protocol

from shared_router.choices import shown_kind
from shared_router.costs.bill import Bill
from shared_router.decisions import RoutingRequest
from shared_router.errors import InvalidInputError
from shared_router.resilience.budgets.allowance import Allowance, allowed
from shared_router.resilience.budgets.budget import Budget
from shared_router.resilience.budgets.call_size import CallSize, dearest


class DecidingPolicy(Protocol):
    """What decides between models by a threshold, such as a `RoutingPolicy`."""

    @property
    def models(self) -> tuple[str, ...]:
        """The models' names, best first."""

    @property
    def threshold(self) -> float:
        """The cost threshold, in [0, 1]."""


class Budgets:
    """Say what each call of a routed model is allowed, and hold what it may cost.

    Args:
        budget: A budget, or several that must all be kept.
        bill: What the models cost.
        policy: What decides.
        max_output_tokens: How many tokens each model's answers have at most by its own settings, by name;
            None or no entry where it has no such setting.

    Raises:
        InvalidInputError: If something is no Budget, a model has no price, or nothing bounds its answers.
    """

    def __init__(
        self,
        budget: Budget | Sequence[Budget],
        *,
        bill: Bill,
        policy: DecidingPolicy,
        max_output_tokens: Mapping[str, int | None],
    ) -> None:
        self.budgets = checked_budgets(budget)
        self._policy = policy
        self._most = dict(max_output_tokens)
        self._raises = any(each.soft is not None for each in self.budgets)
        self._knows_threshold = not self._raises
        _check_bounded(self.budgets, bill, policy.models, self._most)
        self._rates = {name: dearest(bill.prices[name]) for name in policy.models}

    def ask(self, request: RoutingRequest, size: CallSize) -> Allowance:
        """Return what a call is allowed.

        Args:
            request: What the policy is to be asked.
            size: How large the call is.

        Raises:
            BudgetExceededError: If no model's bound is left.
            BudgetStoreError: If a store cannot be asked and its budget's rule is `"closed"`.
        """
        threshold = self._policy.threshold if self._raises else None
        self._knows_threshold = True
        models = self._policy.models
        counted = [size.input_tokens(each.count_tokens) for each in self.budgets]
        bounds = {name: self._bound(name, size, counted) for name in models}
        return allowed(request, bounds, models=models, budgets=self.budgets, threshold=threshold)

    async def aask(self, request: RoutingRequest, size: CallSize) -> Allowance:
        """Return what a call is allowed like `ask`; where a store or a router must be asked, in a thread."""
        if not self._knows_threshold or any(each.would_wait(request.tenant) for each in self.budgets):
            return await asyncio.to_thread(self.ask, request, size)  # which takes the block around with it
        return self.ask(request, size)

    def _bound(self, model: str, size: CallSize, counted: Sequence[int]) -> float:
        """Return what a model's answer may cost at most, by the widest of the budgets' bounds."""
        rates, own = self._rates[model], self._most.get(model)
        return max(
            [
                size.dollars_at(
                    rates,
                    max_output_tokens=own or budget.max_output_tokens or 0,
                    input_tokens=input_tokens,
                )
                for budget, input_tokens in zip(self.budgets, counted, strict=True)
            ]
        )


def checked_budgets(budget: object) -> tuple[Budget, ...]:
    """Return one budget or several as a tuple.

    Raises:
        InvalidInputError: If something in it is no Budget, or there is none.
    """
    budgets = (budget,) if isinstance(budget, Budget) else budget
    if not isinstance(budgets, Sequence) or isinstance(budgets, str) or not budgets:
        raise InvalidInputError(f"budget must be a Budget or a list of them, got {shown_kind(budget)}")
    for each in budgets:
        if not isinstance(each, Budget):
            raise InvalidInputError(
                f"budget must be a Budget or a list of them, got {shown_kind(each)} in it"
            )
    return tuple(budgets)


def _check_bounded(
    budgets: Sequence[Budget], bill: Bill, models: Sequence[str], most: Mapping[str, int | None]
) -> None:
    unpriced = [name for name in models if name not in bill.prices]
    if unpriced:
        raise InvalidInputError(
            f"prices must name every model where there is a budget, got none for {unpriced}; give prices=, "
            "such as known_prices() has"
        )
    unbounded = [name for name in models if not most.get(name)]
    if unbounded and any(budget.max_output_tokens is None for budget in budgets):
        raise InvalidInputError(
            "a budget must know how long an answer may be, got no max_tokens of the models "
            f"{unbounded} and no max_output_tokens of the budget; give either"
        )
