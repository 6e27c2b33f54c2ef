"""A policy's threshold: the one given, or the one that sends a given share strong, or the router's own."""

from __future__ import annotations

import warnings

from shared_router.calibration.adaptive import AdaptiveThreshold
from shared_router.calibration.choice import ThresholdChoice
from shared_router.decisions import check_threshold
from shared_router.errors import InvalidInputError, ThresholdRangeWarning
from shared_router.policy_file import PolicyFile
from shared_router.quantiles import ScoreQuantiles, check_strong_fraction
from shared_router.source import RouterSource, in_event_loop

GivenThreshold = float | ThresholdChoice | AdaptiveThreshold
"""A threshold as a policy takes it: a number, one that was chosen, or one that moves."""

_LEAST_SHARE = 0.01
"""A threshold that sends a smaller share one way is outside what the router gives, but for odd questions."""


class PolicyThreshold:
    """Keep a policy's threshold, and warn once of one that no score, or every score, reaches.

    0 and 1 say all and none plainly, and are warned of never.

    Args:
        source: The router.
        threshold: The threshold, in [0, 1], a choice of one, or one that moves; None where the next says it,
            or the router.
        strong_fraction: The share of questions like those of the router's quantiles to send strong, in
            [0, 1].

    Attributes:
        strong_fraction: The share that was asked for; None where a threshold was given.
        moving: What moves it, likewise.
        choice: The choice that it is of; None where somebody gave a number since, or at once.
        file: The policy file that it was read from, likewise.

    Raises:
        InvalidInputError: If both are given, one is outside its rule, or the router's quantiles are not
            known, which `strong_fraction` needs.
    """

    def __init__(
        self,
        source: RouterSource,
        *,
        threshold: GivenThreshold | None,
        strong_fraction: float | None,
    ) -> None:
        if threshold is not None and strong_fraction is not None:
            raise InvalidInputError("a policy must be given a threshold or a strong_fraction, got both")
        self.choice = threshold if isinstance(threshold, ThresholdChoice) else None
        self.file: PolicyFile | None = None
        self.moving = threshold if isinstance(threshold, AdaptiveThreshold) else None
        given = threshold.threshold if isinstance(threshold, ThresholdChoice) else threshold
        if isinstance(given, AdaptiveThreshold):
            given = None
        if given is not None:
            check_threshold(given)
        if strong_fraction is not None:
            check_strong_fraction(strong_fraction)
        self._source = source
        self._given = None if given is None else float(given)
        self.strong_fraction = strong_fraction
        self._warned = False
        self._in_range: float | None = None
        if not in_event_loop():
            self._warn_of(self.value)

    def __str__(self) -> str:
        """Show it, and of which prompts the share is that was asked for."""
        known = self._source.quantiles if self.strong_fraction is not None else None
        if known is None:
            return f"threshold={self.value!r}"
        return f"threshold={self.value!r}: {self.strong_fraction} of {known.n_queries} {known.source}"

    @property
    def value(self) -> float:
        """The threshold that applies where a request says none, in [0, 1].

        Raises:
            InvalidInputError: If it is to follow from `strong_fraction` and the router's quantiles are not
                known.
        """
        if self._given is not None:
            return self._given
        if self.moving is not None:
            self.moving.begin(lambda: self.scores)
            return self.moving.value
        if self.strong_fraction is None:
            return self._source.recommended_threshold
        known = self._source.quantiles
        if known is None:
            raise InvalidInputError(
                f"strong_fraction needs a router whose score_quantiles_ are known, and {self._source.name} "
                "has none; fit it anew, or give a threshold"
            )
        return known.threshold(self.strong_fraction)

    @value.setter
    def value(self, threshold: float) -> None:
        check_threshold(threshold)
        self._given = float(threshold)
        self.choice = self.file = self.moving = self.strong_fraction = None
        self._warn_of(self._given)

    def check_models(self, models: tuple[str, ...]) -> None:
        """Check that what moves it knows what each model costs, where that is needed."""
        if self.moving is not None:
            self.moving.check_models(models)

    @property
    def method(self) -> str:
        """How it came about; see `shared_router.policy_file.METHODS`."""
        if self.choice is not None:
            return self.choice.method
        if self._given is not None or self.moving is not None:
            return "threshold"
        return "router" if self.strong_fraction is None else "strong_fraction"

    @property
    def scores(self) -> ScoreQuantiles | None:
        """The scores it was chosen on: the choice's, the file's, else the router's; None where not known."""
        if self.choice is not None and self.choice.quantiles is not None:
            return self.choice.quantiles
        if self.file is not None and self.file.scores is not None:
            return self.file.scores
        return self._source.quantiles

    @property
    def at_hand(self) -> bool:
        """Whether it is known without a look into the router's folder."""
        if self._given is not None:
            return True
        return self._source.is_read(quantiles=self.strong_fraction is not None or self.moving is not None)

    def applying(self, own: float | None) -> float:
        """Return the threshold that applies to a request with its own, or with None, and warn of it."""
        threshold = self.value if own is None else float(own)
        self._warn_of(threshold)
        return threshold

    def _warn_of(self, threshold: float) -> None:
        if self._warned or self.moving is not None or threshold == self._in_range or threshold in (0, 1):
            return
        if self.choice is not None and threshold == self.choice.threshold:  # it knows its own prompts better
            return
        known = self._source.quantiles_at_hand
        # one odd score of thousands does not make a threshold mean something
        if known is None or _LEAST_SHARE <= known.strong_fraction(threshold) <= 1 - _LEAST_SHARE:
            self._in_range = None if known is None else threshold  # most requests have one threshold
            return
        self._warned = True
        low, high = known.threshold(1 - _LEAST_SHARE), known.threshold(_LEAST_SHARE)
        warnings.warn(
            f"threshold {threshold:g} is outside what {self._source.name} gives, {low:.4g} to {high:.4g} on "
            f"{known.n_queries} {known.source}: of such questions it sends a share of "
            f"{known.strong_fraction(threshold):.2f} strong; {known.threshold(0.5):.4g} sends half, and "
            "strong_fraction= any share",
            ThresholdRangeWarning,
            stacklevel=4,
        )
