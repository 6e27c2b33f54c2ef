"""A router before a cascade: a question that surely needs the strong model skips the weak call.

There are two thresholds, the router's over the question and the cascade's over the answer; they are best
chosen together, on graded answers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar

from shared_router.choices import check_kind
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.plans.cascade import Cascade
from shared_router.plans.deadline import Deadline
from shared_router.plans.protocol import PlanRequest, Steps
from shared_router.policy import RoutingPolicy
from shared_router.router import Router

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class WeakFirst(Router):
    """Stand where no router does: every question is asked of the weak model first."""

    name: ClassVar[str] = "weak_first"
    blocking = False

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return 0 for each query: nothing is known of it before the weak model has answered."""
        import numpy as np

        return np.zeros(len(queries))


class RouteThenCascade:
    """Decide by a policy which questions skip the weak call, and cascade the others.

    What a policy decides without a score holds too: a caller's own choice, what one model alone can do.
    """

    def __init__(self, policy: RoutingPolicy, cascade: Cascade) -> None:
        """Keep both.

        Args:
            policy: What decides before any model is asked, between the cascade's two models.
            cascade: What decides by the weak answer.
        """
        check_kind("policy", policy, RoutingPolicy, how="give RoutingPolicy(router)")
        check_kind("cascade", cascade, Cascade, how="give Cascade(scorer)")
        self.policy = policy
        self.cascade = cascade

    def __repr__(self) -> str:
        """Show both rules."""
        return f"RouteThenCascade({self.policy!r}, {self.cascade!r})"

    def decided(
        self,
        request: RoutingRequest | str,
        *,
        holds: frozenset[str] = frozenset(),
        seconds: float | None = None,
    ) -> PlanRequest:
        """Decide one request, and return what its steps begin with.

        Args:
            request: The request, or just its question; its own threshold is the cascade's.
            holds: What its question holds beside text.
            seconds: How long the whole plan may take.
        """
        asked = _without_threshold(request)
        return planned(request, self.policy.decide(asked), holds=holds, deadline=Deadline(seconds))

    async def adecided(
        self,
        request: RoutingRequest | str,
        *,
        holds: frozenset[str] = frozenset(),
        seconds: float | None = None,
    ) -> PlanRequest:
        """Decide like `decided`, off the event loop where scoring can block it."""
        deadline = Deadline(seconds)
        decision = await self.policy.adecide(_without_threshold(request))
        return planned(request, decision, holds=holds, deadline=deadline)

    def steps(self, request: PlanRequest) -> Steps:
        """Begin the plan for one decided request; see `Cascade.steps`."""
        yield from self.cascade.steps(request)


def planned(
    request: RoutingRequest | str,
    decision: RoutingDecision,
    *,
    holds: frozenset[str] = frozenset(),
    deadline: Deadline | None = None,
) -> PlanRequest:
    """Return what a plan must know of a request that was decided.

    Args:
        request: The request, or just its question.
        decision: What was decided of it, without its threshold, which is the cascade's.
        holds: What its question holds beside text.
        deadline: When the plan must have ended.
    """
    given = request if isinstance(request, RoutingRequest) else RoutingRequest(request)
    return PlanRequest(
        question=given.query,
        decision=decision,
        candidates=given.candidates,
        threshold=given.threshold,
        holds=holds,
        deadline=deadline or Deadline(),
    )


def _without_threshold(request: RoutingRequest | str) -> RoutingRequest:
    given = request if isinstance(request, RoutingRequest) else RoutingRequest(request)
    return replace(given, threshold=None)
