"""What is counted of decisions, as OpenTelemetry's instruments.

Attributes are few-valued by construction: a model's name, a reason without its details, an outcome. A tenant,
a conversation or a question is none.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any

from shared_router.observers import CallEnd, WatchedCall
from shared_router.telemetry.spans import is_fallback

if TYPE_CHECKING:
    from opentelemetry.metrics import Meter

_LATEST = 1000


class DecisionMetrics:
    """Count decisions as their calls end.

    Args:
        meter: What makes instruments.
        strong: The name of the best model, whose share is told.
    """

    def __init__(self, meter: Meter, *, strong: str) -> None:
        self._strong = strong
        self._lock = threading.Lock()
        self._latest: deque[bool] = deque(maxlen=_LATEST)
        self._n_strong = 0
        self._decisions = meter.create_counter(
            "routellm.decisions", unit="{decision}", description="Decisions whose calls have ended."
        )
        self._spend = meter.create_counter(
            "routellm.spend", unit="USD", description="What calls cost, by the model that answered."
        )
        self._saving = meter.create_up_down_counter(
            "routellm.saving", unit="USD", description="How much more the best model would have cost."
        )
        self._deciding = meter.create_histogram(
            "routellm.decision.duration",
            unit="s",
            description="How long the policy took.",
            explicit_bucket_boundaries_advisory=[0.0001, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1, 3],
        )
        meter.create_observable_gauge(
            "routellm.strong_share",
            callbacks=[self._share],
            unit="1",
            description=f"Share of the latest {_LATEST} decisions that chose the best model, 0..1.",
        )

    def count(self, call: WatchedCall, end: CallEnd) -> None:
        """Count a decision whose call has ended."""
        strong = call.decision.model == self._strong
        with self._lock:
            if len(self._latest) == _LATEST:
                self._n_strong -= self._latest[0]
            self._latest.append(strong)
            self._n_strong += strong
        by_model = {"routellm.model": end.decision.model}
        self._decisions.add(
            1,
            {
                **by_model,
                "routellm.router": end.decision.router,
                "routellm.reason": end.decision.reason.partition(":")[0],
                "routellm.outcome": end.outcome,
                "routellm.fallback": is_fallback(end),
            },
        )
        self._deciding.record(max(call.decided_s, 0.0))
        if end.dollars is not None and end.dollars >= 0:
            self._spend.add(end.dollars, by_model)
        if end.dollars_saved is not None:
            self._saving.add(end.dollars_saved, by_model)

    def _share(self, options: object) -> list[Any]:
        from opentelemetry.metrics import Observation

        del options
        with self._lock:
            return [Observation(self._n_strong / len(self._latest))] if self._latest else []
