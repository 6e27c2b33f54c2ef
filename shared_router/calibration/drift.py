"""Being told that the traffic is no longer what a policy was made for."""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from collections.abc import Callable
from numbers import Real
from typing import Any

from shared_router.calibration.alarms import Alarms, DriftAlarm
from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.evidence import LossEvidence, ScoreEvidence, ShareEvidence
from shared_router.calibration.graded_loss import GradedLoss
from shared_router.choices import shown, shown_kind
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import InvalidInputError
from shared_router.quantiles import ScoreQuantiles
from shared_router.tenants import current_tenant

_WARM_UP = 500
_FEW = 50


class DriftMonitor:
    """Watch a policy's decisions, and call back when they are no longer what the policy was made for.

    Three things are watched, each by an e-process (`shared_router.calibration.evidence`), so that by Ville's
    inequality each alarm is false at most once in 1 / `false_alarms` lives of a program, however long it runs
    and although every request is looked at: the scores, by the policy's histogram; each tenant's share of
    strong; and, where answers are graded (`grade`), the loss that a `ThresholdChoice` promised to bound.
    Tenants are counted each for itself: of 10,000 honest ones about 10 are flagged in all their time.

    What is tested is that questions come independently as they did before. Retries of one question and a
    batch job are drift by that rule: give such a job a policy of its own. A question whose score was known
    already is not counted again.

    It holds nobody up: a request costs some microseconds under a lock, and the callback runs in a thread of
    its own. Memory is bounded: a few hundred numbers, and `max_tenants` tenants, of whom those not seen for
    longest are forgotten. No question is kept. Each process watches what it serves.

    Args:
        on_alarm: Called with each `DriftAlarm`, once; an alarm is logged in any case.
        reference: The scores that live ones are compared with; None takes the policy's own, and where it
            knows none, the first 500 live ones.
        false_alarms: How often an alarm may be false, in (0, 1).
        max_tenants: How many tenants are remembered, >= 1.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    def __init__(
        self,
        *,
        on_alarm: Callable[[DriftAlarm], object] | None = None,
        reference: ScoreQuantiles | None = None,
        false_alarms: float = 0.001,
        max_tenants: int = 10_000,
    ) -> None:
        if not isinstance(false_alarms, float) or not 0 < false_alarms < 1:
            raise InvalidInputError(f"false_alarms must be in (0, 1), got {shown(false_alarms)}")
        if type(max_tenants) is not int or max_tenants < 1:
            raise InvalidInputError(f"max_tenants must be a whole number >= 1, got {shown(max_tenants)}")
        if reference is not None and not isinstance(reference, ScoreQuantiles):
            raise InvalidInputError(f"reference must be ScoreQuantiles or None, got {shown_kind(reference)}")
        if on_alarm is not None and not callable(on_alarm):
            raise InvalidInputError(f"on_alarm must be a function or None, got {shown(on_alarm)}")
        self.on_alarm = on_alarm
        self.false_alarms = false_alarms
        self.max_tenants = max_tenants
        self._reference = reference
        self._choice: ThresholdChoice | None = None
        self._begun = False
        self._lock = threading.Lock()
        self.restart()

    def begin(self, scores: Callable[[], ScoreQuantiles | None], choice: ThresholdChoice | None) -> None:
        """Take what a policy was made on, once; a policy calls this before it shows a decision.

        Args:
            scores: Returns the scores that it was made on, or None.
            choice: How its threshold was chosen, whose promise is watched.
        """
        if self._begun:
            return
        self._begun = True
        if self._reference is None:
            self._reference = scores()
        self._choice = choice
        self.restart()

    def restart(self) -> None:
        """Forget all evidence and all alarms, and watch anew."""
        choice = self._choice
        with self._lock:
            self._alarms = Alarms(self.on_alarm)
            self._counted = ShareEvidence()  # for its counts
            self._tenants: OrderedDict[str, ShareEvidence] = OrderedDict()
            self._promise = GradedLoss.of(choice)
            self._loss: LossEvidence | None = None
            if self._promise is not None:
                self._loss = LossEvidence(self._promise.bound, low=self._promise.least)
            self._warm_up: list[float] = []
            self._scores: ScoreEvidence | None = None
            self._expected = (math.nan, math.nan)
            if choice is not None:  # which may split a plateau, as no quantile can
                self._expected = (choice.threshold, choice.strong_fraction)
            if self._reference is not None:
                self._scores = ScoreEvidence(self._reference)

    @property
    def alarms(self) -> tuple[DriftAlarm, ...]:
        """The latest alarms, at most 100, the oldest first."""
        return tuple(self._alarms.latest)

    @property
    def e_value(self) -> float:
        """The evidence that the scores have changed: 1 says nothing, 1,000 is an alarm."""
        return 1.0 if self._scores is None else self._scores.e_value

    def observe(
        self, request: RoutingRequest, decision: RoutingDecision, *, strong: bool, scored: bool
    ) -> None:
        """Take a decision; a policy calls this.

        Args:
            request: The request, for its tenant.
            decision: What was decided.
            strong: Whether it went to the best of the policy's models.
            scored: Whether a new score made it; no other is counted.
        """
        score = decision.win_probability
        if score is None or not scored:
            return
        tenant = current_tenant() if request.tenant is None else str(request.tenant)
        with self._lock:
            expected = self._share_at(decision.threshold)
            self._add_score(score, expected, strong=strong)
            if tenant is not None and decision.reason != "explore":  # which is nobody's doing
                self._add_tenant(tenant, expected, strong=strong)

    def grade(self, *, strong: float, weak: float, went_strong: bool) -> float:
        """Take the grades of both models' answers to one request, and watch the promise by them.

        Grade a random sample of the traffic: where only complaints are graded, the loss is theirs.

        Args:
            strong: The grade of the strong model's answer, in [0, 1].
            weak: The grade of the weak model's answer, in [0, 1].
            went_strong: Whether the request went strong.

        Returns:
            The evidence so far that the promise is broken; 1,000 is an alarm.

        Raises:
            InvalidInputError: If a grade is outside [0, 1], or the policy's threshold promises nothing.
        """
        for name, grade in (("strong", strong), ("weak", weak)):
            if isinstance(grade, bool) or not isinstance(grade, Real) or not 0 <= grade <= 1:
                raise InvalidInputError(f"a grade must be a number in [0, 1], got {shown(grade)} for {name}")
        if went_strong not in (True, False):
            raise InvalidInputError(f"went_strong must be True or False, got {shown(went_strong)}")
        if self._promise is None or self._loss is None:
            raise InvalidInputError(
                "grades are watched where a policy's threshold promises something, and this one's does not; "
                "make it with for_quality, or read its policy file"
            )
        loss = self._promise.loss(strong=strong, weak=weak, went_strong=went_strong)
        with self._lock:
            if loss is not None and not self._is_alarm(self._loss.e_value):
                self._loss.add(loss)
                if self._is_alarm(self._loss.e_value):
                    mean = self._loss.total / self._loss.n
                    self._raise("promise", self._loss.n, self._loss.e_value, self._loss.bound, mean)
            return self._loss.e_value

    def __getstate__(self) -> dict[str, Any]:
        """Leave the lock out of pickles and copies."""
        with self._lock:
            kept = {key: value for key, value in self.__dict__.items() if key != "_lock"}
            return {**kept, "_tenants": self._tenants.copy(), "_warm_up": [*self._warm_up]}

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take what `__getstate__` gave."""
        self.__dict__.update(state, _lock=threading.Lock())

    def _is_alarm(self, e_value: float) -> bool:
        return e_value >= 1 / self.false_alarms

    def _raise(
        self, kind: Any, n: int, e_value: float, expected: float, seen: float, tenant: str | None = None
    ) -> None:
        self._alarms.raise_alarm(DriftAlarm(kind, n, e_value, expected, seen, tenant))

    def _learn(self, score: float) -> None:
        self._warm_up.append(score)
        if len(self._warm_up) >= _WARM_UP:
            source = f"the first {_WARM_UP} live questions"
            self._scores = ScoreEvidence(ScoreQuantiles.of(self._warm_up, source=source))
            self._warm_up = []

    def _share_at(self, threshold: float) -> float:
        """Return the share that should go strong; where nobody knows, a half, then what has gone so far."""
        if self._scores is None:
            return 0.5 if self._counted.n < _FEW else self._counted.n_strong / self._counted.n
        if threshold != self._expected[0]:
            self._expected = (threshold, self._scores.reference.strong_fraction(threshold))
        return self._expected[1]

    def _add_score(self, score: float, expected: float, *, strong: bool) -> None:
        counted, scores = self._counted, self._scores
        counted.n += 1
        counted.n_strong += strong
        if scores is None:
            self._learn(score)
        elif not self._is_alarm(scores.e_value) and self._is_alarm(scores.add(score)):
            self._raise("scores", counted.n, scores.e_value, expected, counted.n_strong / counted.n)

    def _add_tenant(self, tenant: str, expected: float, *, strong: bool) -> None:
        evidence = self._tenants.get(tenant)
        if evidence is None:
            evidence = self._tenants[tenant] = ShareEvidence()
            if len(self._tenants) > self.max_tenants:
                self._tenants.popitem(last=False)
        else:
            self._tenants.move_to_end(tenant)
        if self._is_alarm(evidence.e_value):
            return
        # the share is itself an estimate: one standard error and one question more are nobody's drift
        n = max(self._counted.n if self._scores is None else self._scores.reference.n_queries, _FEW)
        error = math.sqrt(expected * (1 - expected) / n) + 1 / n
        if self._is_alarm(evidence.add(strong=strong, at_most=min(expected + error, 1.0))):
            seen = evidence.n_strong / evidence.n
            self._raise("tenant", evidence.n, evidence.e_value, expected, seen, tenant)
