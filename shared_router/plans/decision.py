"""What a plan came to: the model whose answer is used, every call that was made, and why it stopped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from shared_router.plans.blend import Blend
from shared_router.plans.cascade import Cascade
from shared_router.plans.protocol import PlanCall, PlanRequest
from shared_router.plans.route_then_cascade import WeakFirst


@dataclass(frozen=True, slots=True)
class PlanDecision:
    """What a plan came to.

    Attributes:
        model: Whose answer is used.
        reason: Why the plan stopped: `"score"` or `"tool_calls"` (the weak answer will do), `"escalated:..."`
            with what was wrong with it, `"deadline"`, or the reason of a decision that asked one model alone;
            of a blend see `Blend`.
        threshold: The cascade's threshold that applied, in [0, 1]; None of a blend.
        scorer: What the scorer is called; None of a blend.
        calls: Every call, in order.
        router: What stands before the cascade; None where nothing does.
        router_threshold: Its threshold, in [0, 1].
        win_probability: What it said of the question, in [0, 1]; None where it said nothing.
        ranker: What a blend's ranker is called; None where there is none.
    """

    model: str
    reason: str
    threshold: float | None
    scorer: str | None
    calls: tuple[PlanCall, ...]
    router: str | None = None
    router_threshold: float | None = None
    win_probability: float | None = None
    ranker: str | None = None

    @property
    def dollars(self) -> float | None:
        """What all calls cost; None where one's cost is not known."""
        return total_dollars(self.calls)

    def as_metadata(self) -> dict[str, Any]:
        """Return it as a response's metadata: scalars, without what is missing, and `calls`, a list."""
        values = {
            "model": self.model,
            "reason": self.reason,
            "threshold": self.threshold,
            "scorer": self.scorer,
            "router": self.router,
            "router_threshold": self.router_threshold,
            "win_probability": self.win_probability,
            "ranker": self.ranker,
            "dollars": self.dollars,
        }
        known = {name: value for name, value in values.items() if value is not None}
        return {**known, "calls": [call.as_metadata() for call in self.calls]}


def plan_decision(
    plan: Cascade | Blend, request: PlanRequest, *, model: str, reason: str, calls: Sequence[PlanCall]
) -> PlanDecision:
    """Return what a plan came to for a request.

    Args:
        plan: The plan.
        request: What it was begun with.
        model: Whose answer is used.
        reason: Why it stopped.
        calls: Every call, in order.
    """
    decision = request.decision
    if isinstance(plan, Blend):
        ranker = None if plan.ranker is None else plan.ranker.name
        return PlanDecision(model, reason, None, None, tuple(calls), ranker=ranker)
    routed = decision is not None and decision.router != WeakFirst.name
    return PlanDecision(
        model=model,
        reason=reason,
        threshold=plan.threshold if request.threshold is None else float(request.threshold),
        scorer=plan.scorer.name,
        calls=tuple(calls),
        router=decision.router if routed and decision else None,
        router_threshold=decision.threshold if routed and decision else None,
        win_probability=decision.win_probability if routed and decision else None,
    )


def total_dollars(calls: Sequence[PlanCall]) -> float | None:
    """Return what calls cost together, in dollars; None where one's cost is not known.

    Args:
        calls: A plan's calls, in order.
    """
    dollars = [call.dollars for call in calls]
    return None if None in dollars or not dollars else sum(each for each in dollars if each is not None)
