"""What a policy is asked and what it answers."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from numbers import Real

from shared_router.errors import InvalidInputError
from shared_router.messages import AnyMessage
from shared_router.stickiness import Leaning


def check_threshold(threshold: object) -> None:
    """Check a cost threshold.

    Raises:
        InvalidInputError: If it is no number in [0, 1].
    """
    # written so that NaN, which compares with nothing, is refused too
    if isinstance(threshold, bool) or not isinstance(threshold, Real) or not 0 <= threshold <= 1:  # type: ignore[operator]
        value = repr(threshold) if isinstance(threshold, Real) else type(threshold).__name__
        raise InvalidInputError(f"threshold must be a number in [0, 1], got {value}; higher is cheaper")


@dataclass(frozen=True, slots=True)
class RoutingRequest:
    """What a policy must know of a request.

    Attributes:
        query: The user's question (`shared_router.query.query_of`), or None where there is none. Not in
            the repr.
        threshold: This request's own threshold, in [0, 1]; None takes the policy's.
        route: The model the caller asked for by name; it overrides everything but `candidates` and a guard.
        sticky_to: The model that began what this request goes on with, such as a tool loop.
        leaning: The model that its conversation is with, where a score must be worth leaving it.
        candidates: The models that can serve this request; None means all.
        needs: What the request needs and not every model has, for decisions and errors: `"tools"`,
            `"images"`, `"window"`, `"structured_output"`, joined by ", ".
        win_probability: The question's score, in [0, 1], where it is known from before; the router is
            then not asked.
        coverage: How near the question is to what the router learned from, in [0, 1], where it is known
            along with `win_probability`.
        messages: The conversation that the question ends, or a function that returns it: called only for a
            router that reads conversations (`Router.win_probability_of`) and a guard that does. Not in the
            repr.
        tenant: Whose request it is, for a `DriftMonitor`; None asks the block around (`tenant_scope`).
        conversation: The name of the conversation that it is part of; None asks the block around
            (`conversation_scope`).
        said: What the user has asked last, where `query` is another question, such as the one that a
            conversation is routed on: a guard reads it. Not in the repr.
    """

    query: str | None = field(default=None, repr=False)
    threshold: float | None = None
    route: str | None = None
    sticky_to: str | None = None
    leaning: Leaning | None = None
    candidates: tuple[str, ...] | None = None
    needs: str = ""
    win_probability: float | None = None
    coverage: float | None = None
    messages: Sequence[AnyMessage] | Callable[[], Sequence[AnyMessage]] | None = field(
        default=None, repr=False
    )
    tenant: str | None = None
    conversation: str | None = None
    said: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class RoutingDecision:
    """Where a request goes, and why.

    Attributes:
        model: The chosen model's name: `"strong"` or `"weak"`, or another that the policy has.
        win_probability: P(strong preferred | query), in [0, 1]; None where no score was needed or had.
        threshold: The cost threshold that applied, in [0, 1].
        router: The router's name.
        reason: `"score"`, `"explore"` (drawn by lot), `"route"` (the caller's choice), `"sticky"`,
            `"guard"`, `"guard_error:..."`, `"capability:..."`, `"no_query"`, `"no_coverage"` or
            `"router_error:..."`, where there was one with the error's class.
        coverage: How near the question is to what the router learned from, in [0, 1]: at 0 its score is the
            router's guess for any text. None where the router cannot tell, or was not asked.
        propensity: P(a request like this one goes to `model`), in (0, 1]; None where nothing is left to
            chance, so that it is 1.
        arm: The policy of two that decided, `"a"` or `"b"`; None where no two are compared.
    """

    model: str
    win_probability: float | None
    threshold: float
    router: str
    reason: str
    coverage: float | None = None
    propensity: float | None = None
    arm: str | None = None

    @property
    def by_guard(self) -> bool:
        """Whether a guard, or the rule for one that failed, decided: no other model may be asked then."""
        return self.reason == "guard" or self.reason.startswith("guard_error:")

    def as_metadata(self) -> dict[str, str | float]:
        """Return the decision as flat scalars, without prompt text; what is None is left out."""
        values = {
            "model": self.model,
            "win_probability": self.win_probability,
            "threshold": self.threshold,
            "router": self.router,
            "reason": self.reason,
            "coverage": self.coverage,
            "propensity": self.propensity,
            "arm": self.arm,
        }
        return {key: value for key, value in values.items() if value is not None}


def without_errors(outcomes: Sequence[RoutingDecision | Exception]) -> list[RoutingDecision]:
    """Return decisions that hold no error, or raise the first one."""
    decisions = []
    for outcome in outcomes:
        if isinstance(outcome, Exception):
            raise outcome
        decisions.append(outcome)
    return decisions
