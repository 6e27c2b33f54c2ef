"""The plan of one call: the model that the policy chose answers."""

from __future__ import annotations

from shared_router.errors import InvalidInputError
from shared_router.plans.protocol import Ask, PlanCall, PlanRequest, Steps, Use


class Route:
    """Ask the model that was decided on, and use its answer: routing, as a plan."""

    def steps(self, request: PlanRequest) -> Steps:
        """Ask once.

        Raises:
            InvalidInputError: If nothing was decided.
        """
        if request.decision is None:
            raise InvalidInputError("a route must be given a decision, got None; ask a policy first")
        yield from ask_last(request.decision.model, request.decision.reason)


def ask_last(model: str, reason: str, calls: tuple[PlanCall, ...] = ()) -> Steps:
    """Ask a model whose answer is used whatever it is.

    Args:
        model: The model's name.
        reason: Why it is asked.
        calls: The calls made before.

    Raises:
        Exception: What its call raised.
    """
    (answer,) = yield Ask(model, last=True, reason=reason, calls=calls)
    if answer.error is not None:
        raise answer.error
    yield Use(answer, reason, (*calls, PlanCall(answer.model, dollars=answer.dollars)))
