"""A cut made into a choice: its threshold, share, dollars and quality, each with an interval."""

from __future__ import annotations

import math
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np

from shared_router.calibration.choice import Interval, Method, ThresholdChoice
from shared_router.calibration.clopper_pearson import two_sided
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.rows import Floats, Rows

ALIKE = "Later requests must be like these prompts: drawn from the same traffic, each by itself."


def choice_at(
    cut: int,
    rows: Rows,
    cuts: Cuts,
    *,
    method: Method,
    target: float,
    confidence: float,
    assumptions: tuple[str, ...] = (),
    notes: tuple[str, ...] = (),
    extra_dollars: float = 0.0,
    cascade: bool = False,
    **found: Any,
) -> ThresholdChoice:
    """Return the choice of a cut.

    The share's interval is exact: that of order statistics, which is Clopper and Pearson's of the strong
    count. Those of dollars and quality are the normal ones of a mean.

    Args:
        cut: How many prompts go weak, one of the possible cuts.
        rows: What was chosen on.
        cuts: Its order.
        method: What was asked for.
        target: How much of it.
        confidence: Of every interval, in (0, 1).
        assumptions: What must be true beyond likeness of later requests.
        notes: What else to say.
        extra_dollars: What the router costs a request, in dollars.
        cascade: Whether the weak model is asked first each time.
        found: Further attributes of the choice.
    """
    n = len(rows)
    threshold, tie_share = cuts.threshold(cut)
    sent = np.where(rows.scores == threshold, tie_share, rows.scores > threshold)
    share = (1.0, 1.0) if cut == 0 else two_sided(n - cut, n, confidence=confidence)
    intervals = {"strong_fraction": Interval(*share)}
    if rows.strong is not None and rows.weak is not None:
        graded = rows.weak + sent * (rows.strong - rows.weak)
        width, worst = rows.scale[1] - rows.scale[0], rows.scale[0]
        found["quality"] = worst + width * float(graded.mean())
        low, high = _mean_interval(graded, confidence)
        intervals["quality"] = Interval(worst + width * max(0.0, low), worst + width * min(1.0, high))
        gap = float(rows.strong.mean() - rows.weak.mean())
        found["pgr"] = float(graded.mean() - rows.weak.mean()) / gap if gap > 1e-12 else None
    choice = ThresholdChoice(
        threshold=threshold,
        strong_fraction=round(float(sent.mean()), 12),  # a sum of shares must not show its last bit
        method=method,
        target=target,
        n=n,
        confidence=confidence,
        tie_share=tie_share,
        seed=cuts.seed,
        intervals=intervals,
        assumptions=(ALIKE, *assumptions),
        notes=notes,
        quantiles=rows.quantiles,
        measured_models=rows.models,
        **found,
    )
    return with_dollars(choice, rows, extra_dollars=extra_dollars, cascade=cascade)


def with_dollars(
    choice: ThresholdChoice, rows: Rows, *, extra_dollars: float = 0.0, cascade: bool = False
) -> ThresholdChoice:
    """Return a choice that says what 1,000 requests cost, where that is known of the prompts it is of.

    Args:
        choice: The choice, made on the rows' scores.
        rows: The prompts.
        extra_dollars: What the router costs a request, in dollars.
        cascade: Whether the weak model is asked first each time.
    """
    if rows.strong_dollars is None or rows.weak_dollars is None:
        return choice
    sent = np.where(rows.scores == choice.threshold, choice.tie_share, rows.scores > choice.threshold)
    answers = request_dollars(rows.strong_dollars, rows.weak_dollars, sent, cascade=cascade)
    paid = 1000 * (extra_dollars + answers)
    low, high = _mean_interval(paid, choice.confidence)
    intervals = {**choice.intervals, "dollars": Interval(max(0.0, low), high)}
    return replace(choice, dollars=float(paid.mean()), intervals=intervals)


def request_dollars(strong: Floats, weak: Floats, sent: Floats, *, cascade: bool) -> Floats:
    """Return what each request's answers cost, shape (n,), where `sent` is 1 for strong and 0 for weak."""
    paid: Floats = weak * (1 if cascade else 1 - sent) + sent * strong
    return paid


def _mean_interval(values: Floats, confidence: float) -> tuple[float, float]:
    mean = float(values.mean())
    half = NormalDist().inv_cdf((1 + confidence) / 2) * float(values.std()) / math.sqrt(len(values))
    return mean - half, mean + half
