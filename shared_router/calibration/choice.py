"""A threshold, how it was chosen, and what is known of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

from shared_router.quantiles import ScoreQuantiles

Method = Literal["strong_fraction", "budget", "max_drop", "max_regret", "min_pgr"]


class Interval(NamedTuple):
    """Where a figure lies on all traffic like these prompts, with the choice's confidence."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class ThresholdChoice:
    """A threshold for one router on traffic like some prompts.

    A question goes strong iff its score is above `threshold`, or at it and `tie_break` says so, which is
    always where `tie_share` is 1.

    Attributes:
        threshold: The cost threshold, in [0, 1].
        strong_fraction: The share of these prompts that it sends strong, in [0, 1].
        method: What was asked for.
        target: The figure asked for: a share, dollars per 1,000 requests, or the bound on the loss.
        n: How many prompts it rests on, >= 1; for a quality, graded ones.
        confidence: How sure its intervals and its guarantee are, in (0, 1).
        tie_share: Which share of the questions at the threshold itself go strong, in [0, 1].
        seed: The coin that `tie_break` throws for them.
        guaranteed: Whether the loss asked for is bounded with this confidence; None where a share or a budget
            was asked for, which are estimates with intervals.
        bound: With this confidence, the loss is at most this; None where no guarantee was asked for or given.
        n_needed: Where nothing could be certified, about how many graded prompts would do; None where
            something was, or no number would.
        dollars: What 1,000 requests cost at the threshold; None where no prices are known.
        quality: The answers' mean grade at the threshold, on the grades' own scale; None without grades.
        pgr: The share of the gap in quality between weak and strong that is recovered; None without grades or
            without a gap.
        intervals: An interval for each of `strong_fraction`, `dollars` and `quality` that is known.
        assumptions: What must be true for this to hold, a sentence each.
        notes: What else somebody who sets it should know, a sentence each.
        quantiles: The scores of the prompts it rests on; a drift of later scores is told by them.
        measured_models: Whose answers were measured: the models' own names, as their provider or the table of
            outcomes calls them, by `"strong"` and `"weak"`. A `ModelWatch` tells when others answer.
    """

    threshold: float
    strong_fraction: float
    method: Method
    target: float
    n: int
    confidence: float = 0.95
    tie_share: float = 1.0
    seed: int = 0
    guaranteed: bool | None = None
    bound: float | None = None
    n_needed: int | None = None
    dollars: float | None = None
    quality: float | None = None
    pgr: float | None = None
    intervals: Mapping[str, Interval] = field(default_factory=dict, hash=False)
    assumptions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    quantiles: ScoreQuantiles | None = field(default=None, repr=False)
    measured_models: Mapping[str, str] = field(default_factory=dict, hash=False)

    def explain(self) -> str:
        """Say in one paragraph, for somebody who pays for it, what the threshold does and how sure it is."""
        from shared_router.calibration.explanation import explanation

        return explanation(self)
