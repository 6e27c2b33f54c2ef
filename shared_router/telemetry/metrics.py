"""What is counted of decisions, as OpenTelemetry's instruments.

Attributes are few-valued by construction: a model's name, a reason without its details, an outcome. A tenant,
a conversation or a question is none.
"""

from __future__ import annotations

import threading
from collections import Counter, defaultdict, deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared_router.observers import CallEnd, WatchedCall
from shared_router.telemetry.spans import is_fallback

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

_LATEST = 1000
_BY = tuple(f"routellm.{name}" for name in ("model", "router", "reason", "outcome", "fallback"))


class DecisionMetrics:
    """Count decisions as their calls end; what is counted is read when an exporter asks.

    Args:
        meter: What makes instruments.
        strong: The name of the best model, whose share is told.
    """

    def __init__(self, meter: Meter, *, strong: str) -> None:
        self._strong = strong
        self._lock = threading.Lock()
        self._latest: deque[bool] = deque(maxlen=_LATEST)
        self._n_strong = 0
        self._decisions: Counter[tuple[str, str, str, str, bool]] = Counter()
        self._spend: defaultdict[str, float] = defaultdict(float)
        self._saving: defaultdict[str, float] = defaultdict(float)
        self._deciding = meter.create_histogram(
            "routellm.decision.duration",
            unit="s",
            description="How long the policy took.",
            explicit_bucket_boundaries_advisory=[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
        )
        meter.create_observable_counter(
            "routellm.decisions", [self._counted], "{decision}", "Decisions whose calls have ended."
        )
        meter.create_observable_counter(
            "routellm.spend",
            [lambda _: self._by_model(self._spend)],
            "USD",
            "What calls cost, by the model that answered.",
        )
        meter.create_observable_up_down_counter(
            "routellm.saving",
            [lambda _: self._by_model(self._saving)],
            "USD",
            "How much more the best model would have cost.",
        )
        meter.create_observable_gauge(
            "routellm.strong_share",
            [self._share],
            "1",
            f"Share of the latest {_LATEST} decisions that chose the best model, 0..1.",
        )

    def count(self, call: WatchedCall, end: CallEnd) -> None:
        """Count a decision whose call has ended."""
        told, strong = end.decision, call.decision.model == self._strong
        reason = told.reason.partition(":")[0]
        with self._lock:
            if len(self._latest) == _LATEST:
                self._n_strong -= self._latest[0]
            self._latest.append(strong)
            self._n_strong += strong
            self._decisions[told.model, told.router, reason, end.outcome, is_fallback(end)] += 1
            if end.dollars is not None and end.dollars >= 0:
                self._spend[told.model] += end.dollars
            if end.dollars_saved is not None:
                self._saving[told.model] += end.dollars_saved
        self._deciding.record(max(call.decided_s, 0.0))

    def _counted(self, options: object) -> list[Any]:
        from opentelemetry.metrics import Observation

        del options
        with self._lock:
            counted = [*self._decisions.items()]
        return [Observation(n, dict(zip(_BY, key, strict=True))) for key, n in counted]

    def _by_model(self, dollars: Mapping[str, float]) -> list[Any]:
        from opentelemetry.metrics import Observation

        with self._lock:
            counted = [*dollars.items()]
        return [Observation(each, {"routellm.model": model}) for model, each in counted]

    def _share(self, options: object) -> list[Any]:
        from opentelemetry.metrics import Observation

        del options
        with self._lock:
            return [Observation(self._n_strong / len(self._latest))] if self._latest else []
