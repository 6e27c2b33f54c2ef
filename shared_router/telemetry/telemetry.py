"""`Telemetry`: decisions in your traces and on your dashboards, through OpenTelemetry's API alone.

Which exporter, which collector, which sampling: that is the program's own set-up of the SDK, as for all else
it traces. Without an SDK the API does nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from shared_router.choices import shown, shown_kind
from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.observers import CallEnd, WatchedCall
from shared_router.telemetry.gauges import Gauges, Standing
from shared_router.telemetry.in_background import InBackground
from shared_router.telemetry.metrics import DecisionMetrics
from shared_router.telemetry.model_watch import ModelWatch
from shared_router.telemetry.spans import DecisionSpans

if TYPE_CHECKING:
    from opentelemetry.metrics import MeterProvider
    from opentelemetry.trace import TracerProvider

    from shared_router.deciding import Deciding
    from shared_router.telemetry.decision_log import DecisionLog

SCOPE = "routellm"


class Telemetry:
    """Tell OpenTelemetry of each decision; an observer of either adapter.

    A span `routellm.decide` (INTERNAL) says `routellm.model`, `.win_probability`, `.threshold`, `.reason`,
    `.router`, `.fallback` and `.dollars_saved`. It says no tokens, which are the model's own span's to say,
    and no question unless asked to. Metrics: `routellm.decisions`, `.spend`, `.saving`, `.strong_share`,
    `.decision.duration`, and of what is named below `.breaker_state`, `.drift.*`, `.log.*`, `.model.changed`
    and `.budget.standing`.

    Args:
        policy: The policy, for its router's breaker, its monitor, and the models that it was made on.
        log: The decision log, for what it has lost.
        models: What watches whether models change, where it is an observer too; None watches here.
        budgets: The budgets.
        breakers: Returns the models' breakers by name, such as `lambda: model.call_health.breakers`.
        strong: The name of the best model, for its share.
        log_prompts: Whether spans say the question.
        in_background: Whether a thread makes the spans and counts, a twentieth of a second later, so that no
            call waits for OpenTelemetry's SDK, which takes most of what watching costs. Of more than 10,000
            that wait the rest is left out.
        tracer_provider: Where spans go; None takes the program's.
        meter_provider: Where metrics go; None takes the program's.

    Raises:
        MissingExtraError: If opentelemetry-api is not installed.
        InvalidInputError: If an argument is not what it must be.
    """

    wants_answers = False

    def __init__(
        self,
        *,
        policy: Deciding | None = None,
        log: DecisionLog | None = None,
        models: ModelWatch | None = None,
        budgets: Sequence[Standing] = (),
        breakers: Callable[[], Mapping[str, str]] | None = None,
        strong: str = "strong",
        log_prompts: bool = False,
        in_background: bool = False,
        tracer_provider: TracerProvider | None = None,
        meter_provider: MeterProvider | None = None,
    ) -> None:
        try:
            from opentelemetry import metrics, trace
        except ImportError as error:
            raise MissingExtraError.of("opentelemetry-api", "telemetry") from error
        budgets = tuple(budgets) if isinstance(budgets, list | tuple) else (budgets,)  # type: ignore[assignment]
        _check_flags(log_prompts=log_prompts, in_background=in_background)
        _check_settings(strong, breakers)
        _check_have("policy", policy, "a policy", "router_name")
        _check_have("log", log, "a DecisionLog", "health")
        _check_have("models", models, "a ModelWatch", "changed")
        _check_have("tracer_provider", tracer_provider, "a TracerProvider", "get_tracer")
        _check_have("meter_provider", meter_provider, "a MeterProvider", "get_meter")
        for budget in budgets:
            _check_have("budgets", budget, "Budgets", "standing")
        self._settings: dict[str, Any] = {"policy": policy, "log": log, "models": models, "budgets": budgets}
        self._settings |= {"strong": strong, "log_prompts": log_prompts, "in_background": in_background}
        tracer = trace.get_tracer(SCOPE, tracer_provider=tracer_provider)
        meter = metrics.get_meter(SCOPE, meter_provider=meter_provider)
        self._spans = DecisionSpans(tracer, log_prompts=log_prompts)
        self._metrics = DecisionMetrics(meter, strong=strong)
        self._later = InBackground(self._tell) if in_background else None
        self._models = ModelWatch(policy) if models is None else None
        self._gauges = Gauges(meter)
        self._gauges.models(models or self._models or ModelWatch())
        if policy is not None:
            self._gauges.policy(policy)
        if log is not None:
            self._gauges.log(log)
        if budgets:
            self._gauges.budgets(budgets)
        if breakers is not None:
            self._gauges.breakers(breakers)

    def decided(self, call: WatchedCall) -> None:
        """Open the decision's span, under the caller's current one."""
        self._spans.begin(call)

    def ended(self, call: WatchedCall, end: CallEnd) -> None:
        """End the span with what the call's end tells, and count.

        Warns:
            ModelChangedWarning: If another model answers than the policy was made on.
        """
        if self._later is None:
            self._tell(call, end)
        else:
            self._later.put(call, end)
        if self._models is not None:
            self._models.ended(call, end)

    def flush(self, timeout_s: float = 10.0) -> bool:
        """Wait until what waits in the background is made; exporters have a flush of their own after it.

        Args:
            timeout_s: How long at most, in seconds.

        Returns:
            Whether nothing waits.
        """
        return self._later is None or self._later.flush(timeout_s)

    def _tell(self, call: WatchedCall, end: CallEnd) -> None:
        self._spans.finish(call, end)
        self._metrics.count(call, end)

    def __repr__(self) -> str:
        """Show that it is there."""
        return "Telemetry()"

    def __getstate__(self) -> dict[str, Any]:
        """Describe it without its providers and functions: where it is unpickled, it takes the program's."""
        return self._settings

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Make what `__getstate__` described."""
        self.__init__(**state)  # type: ignore[misc]

    def __deepcopy__(self, memo: dict[int, object]) -> Telemetry:
        """Return itself: instruments are the program's, and copies of a model tell the same ones."""
        return self


def _check_have(name: str, given: object, what: str, part: str) -> None:
    if given is not None and (isinstance(given, type) or not hasattr(given, part)):
        raise InvalidInputError(f"{name} must be {what}, got {shown_kind(given)}")


def _check_flags(**flags: object) -> None:
    for name, value in flags.items():
        if value not in (True, False):
            raise InvalidInputError(f"{name} must be True or False, got {shown(value)}")


def _check_settings(strong: object, breakers: object) -> None:
    if not isinstance(strong, str) or not strong:
        raise InvalidInputError(f"strong must be the best model's name, got {shown(strong)}")
    if breakers is not None and not callable(breakers):
        raise InvalidInputError(
            f"breakers must be a function that returns them by model, got {shown_kind(breakers)}"
        )
