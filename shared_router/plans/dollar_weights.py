"""The weight of a dollar in a policy over many models, by a budget or by a quality that is kept.

The mean expected cost never rises with the weight, so the smallest that is within a budget is found by
halving. A promise of quality, E[grade of the reference - grade of the chosen] <= max_drop, is tested for
weights from 0 upwards, each at the whole level, and the last before the first that fails is taken
(fixed-sequence testing, as for thresholds; see `calibration.by_quality`): the sequence looks at no grade.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real

import numpy as np
from numpy.typing import NDArray

from shared_router.calibration.betting import log_purse, rows_needed
from shared_router.choices import check_seed, check_texts, shown, shown_kind
from shared_router.errors import DataError, InvalidInputError
from shared_router.plans.many_models import ManyModelsPolicy
from shared_router.records.outcomes import Outcomes

_HALVINGS = 60
_WEIGHTS = np.concatenate([[0.0], np.geomspace(1e-5, 1e3, 120)])
"""Weights that a quality is tested for: grades per dollar for 1,000 calls, a fifth apart."""


@dataclass(frozen=True, slots=True)
class DollarWeightChoice:
    """A weight, and what it comes to.

    Attributes:
        dollar_weight: What a dollar for 1,000 calls is worth in grade, >= 0.
        dollars_per_1k: What 1,000 calls are expected to cost at it.
        shares: Which share of the prompts each model gets.
        n: How many prompts it rests on.
        quality: The mean grade of the chosen answers; None for a budget, which looks at no grade.
        reference: The model that quality is compared with, the best single one; None for a budget.
        max_drop: The bound on what is given up against it; None for a budget.
        confidence: How sure the bound is; None for a budget.
        guaranteed: Whether the bound was shown; where not, all goes to the reference. None for a budget.
        n_needed: Where it was not shown, about how many graded prompts would do; None where none would.
    """

    dollar_weight: float
    dollars_per_1k: float
    shares: dict[str, float]
    n: int
    quality: float | None = None
    reference: str | None = None
    max_drop: float | None = None
    confidence: float | None = None
    guaranteed: bool | None = None
    n_needed: int | None = None

    def explain(self) -> str:
        """Say in one paragraph what the weight does and how sure it is."""
        sent = ", ".join(f"{share:.2f} to {model}" for model, share in self.shares.items() if share > 0)
        cost = f"1,000 requests like these {self.n:,} are expected to cost {self.dollars_per_1k:.4g} dollars"
        text = f"A dollar for 1,000 calls counts {self.dollar_weight:.3g} of grade: {cost}, with {sent}."
        if self.guaranteed is None:
            return text
        if not self.guaranteed:
            needed = "no number of" if self.n_needed is None else f"about {self.n_needed:,}"
            return (
                f"Nothing could be shown, so all goes to {self.reference}: a drop of at most "
                f"{self.max_drop:g} against it takes {needed} graded prompts."
            )
        return (
            f"{text} With confidence {self.confidence:g} the mean grade is at most {self.max_drop:g} below "
            f"{self.reference}'s; on these prompts it is {self.quality:.3f}."
        )


def dollar_weight_for_budget(
    policy: ManyModelsPolicy, prompts: list[str], *, dollars_per_1k: float
) -> DollarWeightChoice:
    """Return the smallest weight at which traffic like some prompts is expected to cost so much.

    Args:
        policy: The policy, with prices.
        prompts: n of the questions that will be asked; no grades are needed.
        dollars_per_1k: What 1,000 requests may cost.

    Raises:
        InvalidInputError: If the policy has no prices, or the budget is below what the cheapest model of each
            question costs; the message says how much that is.
    """
    check_texts("prompts", prompts)
    if not prompts:
        raise InvalidInputError("a budget needs prompts to tell what they cost, got none")
    budget = _number("dollars_per_1k", dollars_per_1k)
    qualities, costs = policy.qualities(prompts), _costs(policy, prompts)
    least = float(costs.min(axis=1).mean())
    if budget < least:
        raise InvalidInputError(
            f"dollars_per_1k must be at least {least:.4g}, what the cheapest models cost, got {budget:g}"
        )
    low, high = 0.0, 1.0
    if _mean_cost(qualities, costs, 0.0) <= budget:
        high = 0.0
    while _mean_cost(qualities, costs, high) > budget and high < 1e12:
        low, high = high, high * 4
    for _ in range(_HALVINGS if high else 0):
        middle = (low + high) / 2
        low, high = (low, middle) if _mean_cost(qualities, costs, middle) <= budget else (middle, high)
    chosen = (qualities - high * costs).argmax(axis=1)
    return DollarWeightChoice(high, _paid(costs, chosen), _shares(policy, chosen), len(prompts))


def dollar_weight_for_quality(
    policy: ManyModelsPolicy, outcomes: Outcomes, *, max_drop: float, confidence: float = 0.95, seed: int = 0
) -> DollarWeightChoice:
    """Return the largest weight whose mean grade is shown to be at most so much below the best single model.

    Args:
        policy: The policy, with prices, its predictor fitted on other prompts than these.
        outcomes: n prompts, graded for all of the policy's models.
        max_drop: The mean grade that may be given up, in (0, 1).
        confidence: How sure it must be, in (0, 1).
        seed: Draws the rows that tell the bets.

    Raises:
        InvalidInputError: If an argument is outside its range, or the policy has no prices.
        DataError: If a model of the policy is not graded on a prompt.
        UnknownNameError: If the outcomes do not hold a model.
    """
    if not isinstance(outcomes, Outcomes):
        raise InvalidInputError(f"outcomes must be Outcomes, got {shown_kind(outcomes)}; see read_outcomes")
    check_seed(seed)
    for name, value in {"max_drop": max_drop, "confidence": confidence}.items():
        if not 0 < _number(name, value) < 1:
            raise InvalidInputError(f"{name} must be in (0, 1), got {value!r}")
    grades = np.stack([outcomes.scores(model) for model in policy.models], axis=1)
    if np.isnan(grades).any():
        raise DataError("each model must be graded on each prompt that a quality is shown on; select those")
    prompts = list(outcomes.prompts)
    qualities, costs = policy.qualities(prompts), _costs(policy, prompts)
    best = int(grades.mean(axis=0).argmax())
    rows = np.arange(len(grades))
    bounds = {"most": max_drop, "largest": 1.0, "confidence": confidence}
    shown: tuple[float, NDArray[np.int64]] | None = None
    for weight in _WEIGHTS.tolist():
        chosen = (qualities - weight * costs).argmax(axis=1)
        losses = grades[:, best] - grades[rows, chosen]
        if log_purse(losses, losses, seed=seed, **bounds)[0] < math.log(1 / (1 - confidence)):
            break
        shown = weight, chosen
    weight, chosen = shown or (0.0, np.full(len(grades), best))
    return DollarWeightChoice(
        weight,
        _paid(costs, chosen),
        _shares(policy, chosen),
        len(grades),
        quality=float(grades[rows, chosen].mean()),
        reference=policy.models[best],
        max_drop=float(max_drop),
        confidence=float(confidence),
        guaranteed=shown is not None,
        n_needed=rows_needed(losses, **bounds) if shown is None else None,
    )


def _costs(policy: ManyModelsPolicy, prompts: list[str]) -> NDArray[np.float64]:
    if policy.dollars is None:
        raise InvalidInputError(
            "a dollar weight needs a policy with prices and output_tokens, got one without"
        )
    return policy.costs(prompts)


def _mean_cost(qualities: NDArray[np.float64], costs: NDArray[np.float64], weight: float) -> float:
    return _paid(costs, (qualities - weight * costs).argmax(axis=1))


def _paid(costs: NDArray[np.float64], chosen: NDArray[np.int64]) -> float:
    return float(costs[np.arange(len(costs)), chosen].mean())


def _shares(policy: ManyModelsPolicy, chosen: NDArray[np.int64]) -> dict[str, float]:
    counts = np.bincount(chosen, minlength=len(policy.models)) / len(chosen)
    return dict(zip(policy.models, counts.tolist(), strict=True))


def _number(name: str, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise InvalidInputError(f"{name} must be a finite number, got {shown(value)}")
    return float(value)
