"""What stands now, read when somebody asks: breakers, drift, the decision log, budgets, changed models."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from shared_router.telemetry.decision_log import DecisionLog
from shared_router.telemetry.model_watch import ModelWatch

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

    from shared_router.deciding import Deciding

Reading = Iterable[tuple[float, Mapping[str, Any]]]
"""Values, each with its attributes."""

BREAKER_STATES = {"closed": 0, "half_open": 1, "open": 2}
STANDINGS = {"open": 0, "soft": 1, "hard": 2}


class Standing(Protocol):
    """What says where it stands, such as a `Budget`."""

    per: Any

    def standing(self) -> str:
        """Return `"open"`, `"soft"` or `"hard"`."""

    def used(self) -> float:
        """Return the dollars that are spent or reserved in this period."""


class Gauges:
    """Register what is read when an exporter asks.

    Args:
        meter: What makes instruments.
    """

    def __init__(self, meter: Meter) -> None:
        self._meter = meter

    def policy(self, policy: Deciding) -> None:
        """Read a policy: its router's breaker, and what its monitor says of drift."""
        self._gauge(
            "routellm.router.breaker_state",
            lambda: [(BREAKER_STATES[policy.health.breaker], {"routellm.router": policy.router_name})],
            "The router's breaker: 0 closed, 1 half open, 2 open.",
        )
        self._gauge(
            "routellm.drift.evidence",
            lambda: [] if policy.monitor is None else [(policy.monitor.e_value, {})],
            "Evidence that scores have changed: 1 says nothing, 1,000 is an alarm.",
        )
        self._gauge(
            "routellm.drift.alarms",
            lambda: [] if policy.monitor is None else _by_kind(alarm.kind for alarm in policy.monitor.alarms),
            "Alarms of the drift monitor, by kind; the latest 100 are kept.",
        )

    def log(self, log: DecisionLog) -> None:
        """Read a decision log: what was written and what was lost."""
        self._counter("routellm.log.written", lambda: [(log.health.written, {})], "Lines written.")
        self._counter(
            "routellm.log.lost",
            lambda: [
                (log.health.dropped, {"routellm.cause": "too_many_waiting"}),
                (log.health.failed, {"routellm.cause": "not_writable"}),
            ],
            "Lines that are not in the decision log: too many waited, or the disk took none.",
        )

    def models(self, watch: ModelWatch) -> None:
        """Read whether the models are still those that the policy was made on."""
        self._gauge(
            "routellm.model.changed",
            lambda: [(changed, {"routellm.model": model}) for model, changed in watch.changed().items()],
            "1 where a model's provider names another one than the policy was made on.",
        )

    def breakers(self, states: Callable[[], Mapping[str, str]]) -> None:
        """Read the models' breakers."""
        self._gauge(
            "routellm.breaker_state",
            lambda: [(BREAKER_STATES[state], {"routellm.model": model}) for model, state in states().items()],
            "A model's breaker: 0 closed, 1 half open, 2 open.",
        )

    def budgets(self, budgets: Sequence[Standing]) -> None:
        """Read where budgets stand, as a whole; a tenant's own standing is no metric."""
        self._gauge(
            "routellm.budget.standing",
            lambda: [
                (STANDINGS[budget.standing()], {"routellm.budget": number, "routellm.per": budget.per})
                for number, budget in enumerate(budgets)
            ],
            "A budget: 0 open, 1 over its soft limit, 2 over its hard one.",
        )
        self._gauge(
            "routellm.budget.used",
            lambda: [
                (budget.used(), {"routellm.budget": number, "routellm.per": budget.per})
                for number, budget in enumerate(budgets)
            ],
            "Dollars that are spent or reserved of a budget in its period.",
            unit="USD",
        )

    def _gauge(self, name: str, read: Callable[[], Reading], description: str, *, unit: str = "") -> None:
        self._meter.create_observable_gauge(name, [_observed(read)], unit, description)

    def _counter(self, name: str, read: Callable[[], Reading], description: str) -> None:
        self._meter.create_observable_counter(name, callbacks=[_observed(read)], description=description)


def _observed(read: Callable[[], Reading]) -> Callable[[Any], list[Any]]:
    def observe(options: object) -> list[Any]:
        from opentelemetry.metrics import Observation

        del options
        return [Observation(value, dict(attributes)) for value, attributes in read()]

    return observe


def _by_kind(kinds: Iterable[str]) -> Reading:
    counts: dict[str, int] = {"scores": 0, "tenant": 0, "promise": 0}
    for kind in kinds:
        counts[kind] = counts.get(kind, 0) + 1
    return [(n, {"routellm.kind": kind}) for kind, n in counts.items()]
