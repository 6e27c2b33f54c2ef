"""What becomes of one request: a rule's word, its score against the threshold, or the router's failure.

Nothing here asks a router; that is the policy's.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Literal, get_args

from shared_router.calibration.adaptive import AdaptiveThreshold
from shared_router.calibration.drift import DriftMonitor
from shared_router.calibration.tie_break import tie_break
from shared_router.choices import check_choice, shown_kind
from shared_router.decisions import RoutingDecision, RoutingRequest
from shared_router.errors import InvalidInputError, RouterError
from shared_router.exploration import Exploration, GivenExploration, exploration_of
from shared_router.posterior_sampling import PosteriorSampling
from shared_router.rules import Ruling, among, guarded_model, ruling_of
from shared_router.scoring.fallback import warn_of_fallback
from shared_router.source import RouterSource, in_event_loop
from shared_router.thresholds import PolicyThreshold

Tier = Literal["strong", "weak"]
LEAST_COVERAGE = 0.25
"""Below it at least three quarters of a score, in log odds, are the guess for any text."""


class ThresholdRule:
    """Decide by a score and a threshold; see `RoutingPolicy`, which gives it both.

    Attributes:
        models: The models' names, best first.
        on_router_error: Where a request goes whose router failed.
        on_no_query: Where a request without a question goes.
        on_no_coverage: Where a question goes that the router knows next to nothing of.
    """

    models: tuple[str, ...] = get_args(Tier)
    on_router_error: str
    on_no_query: str
    on_no_coverage: str = "score"
    _source: RouterSource
    _threshold: PolicyThreshold
    _warned = False
    _exploration: Exploration | PosteriorSampling | None = None
    _monitor: DriftMonitor | None = None
    _watchers: tuple[AdaptiveThreshold | DriftMonitor, ...] = ()

    def choose(self, win_probability: float, threshold: float, candidates: tuple[str, ...]) -> str:
        """Choose a model by a question's score.

        Args:
            win_probability: P(strong preferred | query), in [0, 1].
            threshold: The cost threshold that applies, in [0, 1].
            candidates: The models that can serve the request, at least two of `models`, in their order.

        Returns:
            One of `candidates`.
        """
        del candidates  # of two models both
        return "strong" if win_probability >= threshold else "weak"

    @property
    def threshold(self) -> float:
        """The cost threshold, in [0, 1]: the one given, else the router's own."""
        return self._threshold.value

    @threshold.setter
    def threshold(self, threshold: float) -> None:
        self._threshold.value = threshold
        self._find_watchers()

    @property
    def monitor(self) -> DriftMonitor | None:
        """What watches its decisions; None where nothing does."""
        return self._monitor

    @monitor.setter
    def monitor(self, monitor: DriftMonitor | None) -> None:
        if monitor is not None and not isinstance(monitor, DriftMonitor):
            raise InvalidInputError(f"monitor must be a DriftMonitor or None, got {shown_kind(monitor)}")
        self._monitor = monitor
        self._find_watchers()
        if not in_event_loop():  # where no disk may be touched
            self._begin_monitor()

    @property
    def explore(self) -> Exploration | PosteriorSampling:
        """What is drawn by lot in the place of a score's decision; a share may be assigned."""
        return self._exploration or Exploration(0)

    @explore.setter
    def explore(self, explore: GivenExploration) -> None:
        given = exploration_of(explore)
        self._exploration = given if given.explores else None

    @property
    def moves(self) -> bool:
        """Whether its threshold moves by itself, so that one that has changed is no new rule."""
        return self._threshold.moving is not None

    @property
    def router_name(self) -> str:
        """What decisions call the router; asking does not load it."""
        return self._source.name

    def _keep_rules(self, on_router_error: str, on_no_query: str, on_no_coverage: str) -> None:
        names = [*dict.fromkeys((*get_args(Tier), *self.models))]
        check_choice("on_router_error", on_router_error, [*names, "raise"])
        check_choice("on_no_query", on_no_query, names)
        check_choice("on_no_coverage", on_no_coverage, [*names, "score"])
        self.on_router_error, self.on_no_query = on_router_error, on_no_query
        self.on_no_coverage = on_no_coverage

    def _rule(
        self, request: RoutingRequest, verdict: Ruling | None = None
    ) -> RoutingDecision | RouterError | None:
        try:
            ruling = ruling_of(request, self.models, self._named(self.on_no_query))
            if verdict is not None:
                return self._decision(request, guarded_model(request, verdict, self.models), verdict.reason)
            if ruling is not None:
                return self._decision(request, ruling.model, ruling.reason)
            known = request.win_probability
            return None if known is None else self._scored(request, known, request.coverage)
        except RouterError as error:
            return error

    def _by_score(self, request: RoutingRequest, outcome: float | Exception) -> RoutingDecision | Exception:
        if isinstance(outcome, Exception):
            if self.on_router_error == "raise":
                return outcome
            if not self._warned:
                self._warned = True
                warn_of_fallback(outcome, self.router_name, self.on_router_error)
            model = among(request.candidates or self.models, self._named(self.on_router_error))
            return self._decision(request, model, f"router_error:{type(outcome).__name__}")
        coverage, spread = getattr(outcome, "coverage", None), getattr(outcome, "spread", None)
        if spread is None and isinstance(self._exploration, PosteriorSampling):
            self._exploration.warn_of_no_spread(self.router_name)
        return self._scored(request, float(outcome), coverage, spread)

    def _scored(
        self, request: RoutingRequest, score: float, coverage: float | None, spread: float | None = None
    ) -> RoutingDecision:
        """Return what a score decides, or what is drawn in its place."""
        decision = self._by_known_score(request, score, coverage)
        # a threshold of the request's own is its caller's word, or a budget's; a conversation is none to draw
        given = request.threshold is not None or request.leaning is not None
        if self._exploration is None or decision.reason != "score" or given:
            return decision
        candidates = request.candidates or self.models
        return self._exploration.drawn(decision, request.query or "", candidates, spread)

    def _by_known_score(
        self, request: RoutingRequest, score: float, coverage: float | None
    ) -> RoutingDecision:
        threshold = self._threshold.applying(request.threshold)
        candidates = request.candidates or self.models
        if coverage is not None and coverage < LEAST_COVERAGE and self.on_no_coverage != "score":
            model = among(candidates, self._named(self.on_no_coverage))
            return RoutingDecision(model, score, threshold, self.router_name, "no_coverage", coverage)
        compared = score
        if score == threshold and self._threshold.choice is not None and self._loses_tie(request):
            compared = math.nextafter(score, -1)  # as if its score were just below
        model = self.choose(compared, threshold, candidates)
        if model not in candidates:
            raise InvalidInputError(f"choose must return one of {list(candidates)}, got {model!r}")
        if request.leaning is None:
            return RoutingDecision(model, score, threshold, self.router_name, "score", coverage)
        kept = request.leaning.settled(
            model, threshold, lambda other: self.choose(compared, other, candidates), candidates
        )
        reason = "score" if kept == model else "sticky"
        return RoutingDecision(kept, score, threshold, self.router_name, reason, coverage)

    def _loses_tie(self, request: RoutingRequest) -> bool:
        """Tell whether a question at the threshold itself goes weak, where the choice splits its plateau."""
        choice = self._threshold.choice
        if choice is None or choice.tie_share == 1 or request.threshold is not None:
            return False
        return tie_break(request.query or "", seed=choice.seed) < 1 - choice.tie_share

    def _find_watchers(self) -> None:
        watchers = (self._threshold.moving, self._monitor)
        self._watchers = tuple(each for each in watchers if each is not None)

    def _begin_monitor(self) -> None:
        if self._monitor is not None:
            self._monitor.begin(lambda: self._threshold.scores, self._threshold.choice)

    def _watch(
        self,
        asked: Sequence[RoutingRequest],
        ruled: Sequence[object],
        decided: Sequence[RoutingDecision | Exception],
    ) -> None:
        """Show decisions to what watches them; a score that was known before is no new one."""
        self._begin_monitor()
        for request, outcome, decision in zip(asked, ruled, decided, strict=True):
            if isinstance(decision, RoutingDecision):
                strong = decision.model == self.models[0]
                for watcher in self._watchers:
                    watcher.observe(request, decision, strong=strong, scored=outcome is None)

    def _decision(self, request: RoutingRequest, model: str, reason: str) -> RoutingDecision:
        threshold = self.threshold if request.threshold is None else float(request.threshold)
        return RoutingDecision(model, None, threshold, self.router_name, reason)

    def _named(self, rule: str) -> str:
        """Return the model that a rule names: one of `models`, or their best or last by its tier."""
        if rule in self.models:
            return rule
        return self.models[0 if rule == "strong" else -1]
