"""Exploration: a small share of requests goes to a model by lot, so that logs tell what others are worth.

Where every decision follows the score, a log holds strong answers to hard questions and weak ones to easy
questions, and nobody can learn from it what the other model would have been worth. With a share e of the
requests drawn by lot, each of k models equally, the model m that is chosen of a request had

    P(m | request) = e / k + (1 - e) [m is what the score says],

which stands on the decision (`RoutingDecision.propensity`), whether it was drawn or not: what inverse
propensity weights need (Horvitz and Thompson 1952; Dudik, Langford and Li, arXiv 1103.4601, section 3).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from numbers import Real
from typing import Any, Literal, get_args

from shared_router.choices import check_choice, shown
from shared_router.decisions import RoutingDecision
from shared_router.errors import InvalidInputError
from shared_router.lots import Lots, lot_of
from shared_router.posterior_sampling import PosteriorSampling
from shared_router.text import clean

MOST_EXPLORED = 0.05
"""What is drawn by lot pays for the wrong model half of the time, and so must stay a small share."""

ExploreBy = Literal["request", "question"]


class Exploration:
    """Draw a share of the decisions by lot, where a score alone would make them.

    A caller's route, a conversation that keeps its model, what one model alone can serve, a rule's model
    (`on_no_query`, `on_no_coverage`, `on_router_error`, a guard), and a request with a threshold of its own,
    such as a budget's, are never drawn.

    Args:
        share: Which share of such decisions is drawn, in [0, 0.05]; 0 draws none.
        seed: None draws by the operating system's chance. A number draws the same lots in the same order.
        by: `"request"` draws for each decision anew; `"question"` by a hash of the seed, 0 for None, and the
            question, so that a question has the same lot whenever and wherever it is asked.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    def __init__(self, share: float, *, seed: int | None = None, by: ExploreBy = "request") -> None:
        if isinstance(share, bool) or not isinstance(share, Real) or not 0 <= share <= MOST_EXPLORED:
            raise InvalidInputError(
                f"explore must be a share in [0, {MOST_EXPLORED}], got {shown(share)}; each request that is "
                "drawn by lot may pay for the wrong model"
            )
        check_choice("explore's by", by, get_args(ExploreBy))
        self.share: float = float(share)
        self.seed: int | None = seed
        self.by: ExploreBy = by
        self._lots: Lots = Lots(seed)

    @property
    def explores(self) -> bool:
        """Whether anything is left to chance."""
        return self.share > 0

    def __repr__(self) -> str:
        """Show the rule."""
        return f"Exploration({self.share!r}, seed={self.seed!r}, by={self.by!r})"

    def drawn(
        self, decision: RoutingDecision, query: str, candidates: tuple[str, ...], spread: float | None = None
    ) -> RoutingDecision:
        """Return a decision by score, or the one that was drawn in its place, with its propensity.

        Args:
            decision: What the score says.
            query: The question.
            candidates: The models that can serve the request, among them the decision's.
            spread: How unsure the score is; not looked at.
        """
        del spread
        candidates = tuple(dict.fromkeys(candidates))
        lot = self._lot(query)
        by_lot = self.share / len(candidates)
        if lot >= self.share:
            return replace(decision, propensity=1 - self.share + by_lot)
        model = candidates[min(int(lot / by_lot), len(candidates) - 1)]
        propensity = by_lot + (1 - self.share) * (model == decision.model)
        return replace(decision, model=model, reason="explore", propensity=propensity)

    def as_settings(self) -> dict[str, Any]:
        """Return what makes this exploration again, as plain JSON."""
        return {"share": self.share, "seed": self.seed, "by": self.by}

    @classmethod
    def from_settings(cls, settings: Mapping[str, Any]) -> Exploration:
        """Make the exploration that `as_settings` described.

        Raises:
            InvalidInputError: If it describes none.
        """
        if not isinstance(settings, Mapping) or set(settings) != {"share", "seed", "by"}:
            raise InvalidInputError("an exploration must have exactly a share, a seed and a by")
        return cls(settings["share"], seed=settings["seed"], by=settings["by"])

    def _lot(self, query: str) -> float:
        if self.by == "request":
            return self._lots.draw()
        return lot_of(clean(query), salt=f"explore {self.seed or 0}")


GivenExploration = float | Exploration | PosteriorSampling
"""A share in [0, 0.05], or what draws."""


def exploration_of(explore: GivenExploration, seed: int | None = None) -> Exploration | PosteriorSampling:
    """Return what draws.

    Args:
        explore: A share, or what draws.
        seed: As in `Exploration`; None beside what draws, which has its own.

    Raises:
        InvalidInputError: If it is neither, or outside its rule.
    """
    if not isinstance(explore, (Exploration, PosteriorSampling)):
        return Exploration(explore, seed=seed)
    if seed is not None:
        raise InvalidInputError(
            f"explore_seed must be left out beside {type(explore).__name__}, which has its own"
        )
    return explore


def exploration_from(settings: Mapping[str, Any]) -> Exploration | PosteriorSampling:
    """Make what `as_settings` described.

    Raises:
        InvalidInputError: If it describes nothing that draws.
    """
    sampled = isinstance(settings, Mapping) and "least" in settings
    return PosteriorSampling.from_settings(settings) if sampled else Exploration.from_settings(settings)


def seeded_exploration(explore: GivenExploration, seed: int | None) -> GivenExploration:
    """Return what a model keeps of its arguments: with a seed what is drawn from, which copies go on with.

    Args:
        explore: A share, or what draws.
        seed: As in `Exploration`.

    Raises:
        InvalidInputError: If there is a seed, and either is outside its rule.
    """
    return explore if seed is None else exploration_of(explore, seed)
