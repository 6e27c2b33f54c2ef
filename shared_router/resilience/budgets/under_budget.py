"""What a budget makes of a request before the policy decides, and of the decision after: pure functions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from shared_router.decisions import RoutingDecision, RoutingRequest


@dataclass(frozen=True, slots=True)
class BudgetLimits:
    """What the budgets leave of a request's choices.

    Attributes:
        affordable: The models whose bound is left, best first.
        threshold: The cost threshold that applies over soft; None under it.
    """

    affordable: tuple[str, ...]
    threshold: float | None = None


def under_budget(
    request: RoutingRequest, models: Sequence[str], limits: BudgetLimits
) -> tuple[RoutingRequest, str | None]:
    """Return a request as its budgets leave it, and the reason where that may move it.

    A pin and a model to stick to give way: a caller who may choose the dear model may choose the bill.

    Args:
        request: The request.
        models: All models that the policy has, best first.
        limits: What the budgets leave; at least one of the request's candidates.

    Returns:
        The request to decide, and `"budget:hard"` where models are not left, `"budget:soft"` where the
        threshold is raised, or None.
    """
    candidates = tuple(models) if request.candidates is None else request.candidates
    left = tuple(name for name in candidates if name in limits.affordable)
    reason = None
    if limits.threshold is not None:
        request, reason = replace(request, threshold=limits.threshold), "budget:soft"
    if left != candidates:
        route = request.route if request.route in left else None
        needs = ", ".join([*filter(None, [request.needs]), "budget"])
        request = replace(request, candidates=left, route=route, needs=needs)
        reason = "budget:hard"
    return request, reason


def told(decision: RoutingDecision, reason: str | None) -> RoutingDecision:
    """Return a decision that says what a budget has to do with it.

    Args:
        decision: The decision of the request that `under_budget` returned.
        reason: The reason that `under_budget` returned.
    """
    by_budget = decision.reason == "score" or (
        reason == "budget:hard" and decision.reason.startswith("capability:")
    )
    return replace(decision, reason=reason) if reason is not None and by_budget else decision
