"""What the budgets of a routed model allow one call: what it may be decided to, and what is held for it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import BudgetExceededError
from shared_router.resilience.budgets.budget import Budget
from shared_router.resilience.budgets.reservation import Reservation
from shared_router.resilience.budgets.under_budget import BudgetLimits, told, under_budget


class Held:
    """What is reserved for one attempt, in each of its budgets; see `Reservation`."""

    __slots__ = ("_reservations",)

    def __init__(self, reservations: Sequence[Reservation]) -> None:
        self._reservations = tuple(reservations)

    def settle(self, dollars: float | None) -> None:
        """Say what the attempt cost; None where that is not known, and all that was reserved counts."""
        for reservation in self._reservations:
            reservation.settle(dollars)

    def release(self) -> None:
        """Put everything back: nothing was billed."""
        for reservation in self._reservations:
            reservation.release()


@dataclass(frozen=True, slots=True)
class Allowance:
    """What one call is allowed.

    Attributes:
        request: The request to decide, as the budgets leave it.
        bounds: What each model's answer may cost at most, in dollars, by name.
        weakest: The model that a budget's last share is for.
        budgets: The budgets.
        tenant: Whose call it is, or None.
        reason: The decision's reason where the budgets may have moved it, or None.
        candidates: The models that could serve the call if it had all dollars, best first.
    """

    request: RoutingRequest
    bounds: Mapping[str, float]
    weakest: str
    budgets: tuple[Budget, ...]
    tenant: str | None
    reason: str | None
    candidates: tuple[str, ...]

    def told(self, decision: RoutingDecision) -> RoutingDecision:
        """Return the decision with what the budgets have to do with it as its reason."""
        return told(decision, self.reason)

    def reserve(self, model: str) -> Held:
        """Hold what a model's answer may cost, before it is asked.

        Raises:
            BudgetExceededError: If that is not left in one of the budgets.
            BudgetStoreError: If a store cannot be asked and its budget's rule is `"closed"`.
        """
        held: list[Reservation] = []
        try:
            for budget in self.budgets:
                held.append(budget.reserve(self.bounds[model], self.tenant, strong=model != self.weakest))
        except BaseException:
            Held(held).release()
            raise
        return Held(held)

    async def areserve(self, model: str) -> Held:
        """Hold like `reserve`, without holding up the event loop."""
        held: list[Reservation] = []
        try:
            for budget in self.budgets:
                held.append(
                    await budget.areserve(self.bounds[model], self.tenant, strong=model != self.weakest)
                )
        except BaseException:
            Held(held).release()
            raise
        return Held(held)

    def admit(self, decision: RoutingDecision) -> tuple[RoutingDecision, Held]:
        """Hold what a decision's model may cost, or go to the weakest where others took that meanwhile.

        Returns:
            The decision that stands, and what is held for it.

        Raises:
            BudgetExceededError: If that is not left either, or a budget's rule is `"raise"`.
            BudgetStoreError: As in `reserve`.
        """
        decision = self.told(decision)
        try:
            return decision, self.reserve(decision.model)
        except BudgetExceededError:
            weaker = self._weaker(decision)
            if weaker is None:
                raise
        return weaker, self.reserve(weaker.model)

    async def aadmit(self, decision: RoutingDecision) -> tuple[RoutingDecision, Held]:
        """Hold like `admit`, without holding up the event loop."""
        decision = self.told(decision)
        try:
            return decision, await self.areserve(decision.model)
        except BudgetExceededError:
            weaker = self._weaker(decision)
            if weaker is None:
                raise
        return weaker, await self.areserve(weaker.model)

    def _weaker(self, decision: RoutingDecision) -> RoutingDecision | None:
        """Return the decision for the weakest that can serve, or None where that is no way out."""
        weaker = self.candidates[-1]
        if (
            decision.by_guard
            or decision.model == weaker
            or any(budget.on_hard == "raise" for budget in self.budgets)
        ):
            return None
        return replace(decision, model=weaker, reason="budget:hard")


def allowed(
    request: RoutingRequest,
    bounds: Mapping[str, float],
    *,
    models: Sequence[str],
    budgets: tuple[Budget, ...],
    threshold: float | None,
) -> Allowance:
    """Return what budgets allow a call.

    Args:
        request: The request.
        bounds: What each model's answer may cost at most, in dollars, by name.
        models: All models that the policy has, best first.
        budgets: The budgets.
        threshold: The policy's cost threshold, where a budget may raise it.

    Raises:
        BudgetExceededError: If no model's bound is left.
        BudgetStoreError: If a store cannot be asked and its budget's rule is `"closed"`.
    """
    tenant, weakest = request.tenant, models[-1]
    candidates = tuple(models) if request.candidates is None else request.candidates
    candidates = tuple(name for name in candidates if name in bounds)  # the policy refuses what is none
    affordable = _affordable(candidates, bounds, weakest, budgets, tenant)
    own = request.threshold if request.threshold is not None else threshold
    raised = None if own is None else max(budget.raised(own, tenant) for budget in budgets)
    is_raised = raised is not None and own is not None and raised > own
    asked, reason = request, None
    if affordable and (is_raised or affordable != candidates):
        limits = BudgetLimits(affordable, raised if is_raised else None)
        asked, reason = under_budget(request, models, limits)
    allowance = Allowance(asked, bounds, weakest, budgets, tenant, reason, candidates)
    if candidates and not affordable:
        # the refusal says what is left of which budget; where something has been put back meanwhile, go on
        allowance.reserve(candidates[-1]).release()
    return allowance


def _affordable(
    candidates: Sequence[str],
    bounds: Mapping[str, float],
    weakest: str,
    budgets: Sequence[Budget],
    tenant: str | None,
) -> tuple[str, ...]:
    left = [(*budget.left_for_each(tenant), budget.on_hard) for budget in budgets]
    most = max([bounds[name] for name in candidates], default=0.0)
    if all([most <= strong and most <= whole for strong, whole, _ in left]):  # as mostly
        return tuple(candidates)
    fits = {
        name: [
            bounds[name] <= (whole if name == weakest else strong) or not bounds[name]
            for strong, whole, _ in left
        ]
        for name in candidates
    }
    affordable = tuple([name for name in candidates if all(fits[name])])
    if not affordable or len(affordable) == len(candidates):
        return affordable
    # a budget that raises moves no call to another model
    return tuple(
        name
        for name in candidates
        if all(fit or rule == "raise" for fit, (_, _, rule) in zip(fits[name], left, strict=True))
    )
