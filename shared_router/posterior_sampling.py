"""Posterior sampling: explore where a router is unsure which model is worth its price, and only there.

Thompson sampling draws a win probability from what the router believes and compares that with the threshold.
Where the belief is normal, with the score p as its mean and `spread` s, the model that the score names is
chosen with probability

    P = Phi(|p - threshold| / s),

so that one number in [0, 1] draws the model, and its propensity is exact. It is held in [least, 1 - least]:
weights of logged decisions are then at most 1 / least.

Source: Thompson, Biometrika 25 (1933); Agrawal and Goyal, ICML 2013, algorithm 1, of which two models need
only the difference of their grades.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any

from shared_router.choices import shown
from shared_router.decisions import RoutingDecision
from shared_router.errors import IgnoredArgumentWarning, InvalidInputError
from shared_router.lots import Lots

_KEYS = {"least", "scale", "seed"}


class PosteriorSampling:
    """Draw between two models by how unsure the router is of its score; needs a router with a `spread`.

    What is drawn against the score is more than a small share at first, and less with each grade that the
    router learns: up to half of the requests while nothing is known. `Exploration` keeps to a share. A
    caller's route, a rule's model and a request with a threshold of its own are never drawn against, and a
    request of more than two candidates, or whose score comes without a spread, goes where the score says; a
    router that has none is warned of.

    Args:
        least: How likely either model is at least, in [0, 0.05]; at 0 a log may hold propensities near 0.
        scale: What the spread is multiplied by, > 0: below 1 it explores less than it is unsure.
        seed: As in `Exploration`.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    def __init__(self, *, least: float = 0.01, scale: float = 1.0, seed: int | None = None) -> None:
        if not _is_number(least) or not 0 <= least <= 0.05:
            raise InvalidInputError(f"least must be in [0, 0.05], got {shown(least)}")
        if not _is_number(scale) or not 0 < scale < math.inf:
            raise InvalidInputError(f"scale must be a finite number > 0, got {shown(scale)}")
        self.least: float = float(least)
        self.scale: float = float(scale)
        self.seed: int | None = seed
        self._lots: Lots = Lots(seed)
        self._warned = False

    @property
    def explores(self) -> bool:
        """Whether anything is left to chance."""
        return True

    def __repr__(self) -> str:
        """Show the rule."""
        return f"PosteriorSampling(least={self.least!r}, scale={self.scale!r}, seed={self.seed!r})"

    def drawn(
        self, decision: RoutingDecision, query: str, candidates: tuple[str, ...], spread: float | None
    ) -> RoutingDecision:
        """Return a decision by score, or the one that was drawn in its place, with its propensity.

        Args:
            decision: What the score says.
            query: The question; not looked at.
            candidates: The models that can serve the request.
            spread: The standard deviation of the decision's score, or None.
        """
        del query
        others = [model for model in dict.fromkeys(candidates) if model != decision.model]
        if spread is None or decision.win_probability is None or len(others) != 1:
            return decision
        keeps = self._keeping(abs(decision.win_probability - decision.threshold), spread * self.scale)
        if self._lots.draw() < keeps:
            return replace(decision, propensity=keeps)
        return replace(decision, model=others[0], reason="explore", propensity=1 - keeps)

    def warn_of_no_spread(self, router: str) -> None:
        """Say once that a router's scores come without a spread, so that nothing is drawn."""
        if not self._warned:
            self._warned = True
            warnings.warn(
                f"PosteriorSampling needs a router that knows its spread, such as OnlineRouter, and {router} "
                "gives none; nothing is drawn. Give explore=0.02 for a share by lot",
                IgnoredArgumentWarning,
                stacklevel=2,
            )

    def as_settings(self) -> dict[str, Any]:
        """Return what makes this again, as plain JSON."""
        return {"least": self.least, "scale": self.scale, "seed": self.seed}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> PosteriorSampling:
        """Make what `as_settings` described.

        Raises:
            InvalidInputError: If it describes none.
        """
        if not isinstance(settings, Mapping) or set(settings) != _KEYS:
            raise InvalidInputError("posterior sampling must have exactly a least, a scale and a seed")
        return cls(**settings)

    def _keeping(self, distance: float, spread: float) -> float:
        """Return the probability of the score's own model."""
        certain = (1 + math.erf(distance / spread / math.sqrt(2))) / 2 if spread else 1.0
        return min(certain, 1 - self.least)


def _is_number(value: object) -> bool:
    return isinstance(value, Real) and not isinstance(value, bool)
