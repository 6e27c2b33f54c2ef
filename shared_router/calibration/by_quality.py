"""The cheapest threshold whose loss in quality is bounded, with a confidence that holds for any traffic.

With d_i = strong - weak of prompt i, and S the prompts sent strong,

    max_drop    E[d 1(not S)] <= max_drop                       a mean over all prompts
    min_pgr     E[d 1(not S) - (1 - min_pgr) d] <= 0            likewise; no ratio of two estimates
    max_regret  P(d > 0 | not S) <= max_regret                  a share of the weak prompts

Cuts are tested one after the other, from few weak prompts to many, and a sequence ends at the first that
fails (fixed-sequence testing). With t the threshold beyond which the true loss is too large, the rows below t
make one of the cuts that are tested, whichever rows they are, so that a choice beyond t has passed that one
test, and it may use the whole level delta = 1 - confidence at any sample size.

Where the loss does not rise with the score, one sequence may end before it is worth anything. So there are
several, whose starts no label chose and whose levels add up to delta; one that reaches the next one's start
lends it its level. The means begin with no weak prompt, with 0.8 delta, and again with the lowest quarter and
half of the scores; `betting` tests them. The share begins with each twentieth of the scores, with 0.24 delta
at the lowest quarter and 0.04 delta elsewhere; `clopper_pearson` tests it.

Source: Angelopoulos, Bates, Candes, Jordan and Lei, Learn then Test (arXiv 2110.01052), section 2.3; lent
levels: Bretz, Maurer, Brannath and Posch, Statistics in Medicine 28 (2009), 586-604. Left out: Bonferroni's
and Holm's corrections, which hold for any order of cuts and mostly send more prompts strong.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from shared_router.calibration.certifying import Certificate, certify
from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.choosing import choice_at
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.outcome_rows import named_pair, own_names, pair_dollars
from shared_router.calibration.promise import Promise, promise_of
from shared_router.calibration.rows import (
    Floats,
    Numbers,
    Rows,
    asked_scores,
    check_asked,
    check_given,
    checked_grades,
)
from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError
from shared_router.records.outcomes import Outcomes
from shared_router.router import Router


def for_quality(
    router: Router | None = None,
    graded: Outcomes | None = None,
    *,
    max_drop: float | None = None,
    min_pgr: float | None = None,
    max_regret: float | None = None,
    confidence: float = 0.95,
    judge_agreement: float | None = None,
    strong: str | None = None,
    weak: str | None = None,
    seed: int = 0,
    split_ties: bool = True,
    scores: Numbers | None = None,
    strong_scores: Numbers | None = None,
    weak_scores: Numbers | None = None,
    scale: tuple[float, float] = (0.0, 1.0),
) -> ThresholdChoice:
    """Choose the cheapest threshold whose loss in quality is bounded with a confidence.

    Over all draws of n graded prompts, the threshold breaks its promise on the traffic they are drawn from
    with a probability of at most 1 - confidence. Where nothing can be shown the choice is 0, always strong,
    `guaranteed` is False and `n_needed` says how many graded prompts would do.

    Args:
        router: The router that will be served, which has not learned from these prompts; None where `scores`
            are given.
        graded: n prompts with grades of both models' answers; prompts that have not both are left out.
        max_drop: How much of the scale the mean grade may fall by, over all requests: 0.02 on a scale of 1 to
            10 is 0.18.
        min_pgr: The share of the gap in quality between the two models that must be kept.
        max_regret: Of the requests sent weak, the share that the strong model may have answered better.
        confidence: In (0, 1).
        judge_agreement: The share of a judge's verdicts that people share, where grades are a judge's and
            this was measured; every other one is counted as the worst error there is, the better answer
            taken for the worse.
        strong: The strong model's name in the table; see `named_pair`.
        weak: The weak model's.
        seed: Draws the rows that set the bets, and is the coin for prompts of one score.
        split_ties: Whether prompts of one score may be split by that coin; False for a cascade, which throws
            none.
        scores: n win probabilities, in the place of the router.
        strong_scores: The strong model's n grades, in the place of graded.
        weak_scores: The weak model's.
        scale: The worst and the best of these grades.

    Raises:
        InvalidInputError: If not exactly one promise is asked for, one is no share (2 for 0.02), there are
            too few prompts for it (the message says how many are missing), `min_pgr` is asked for and the
            strong model is no better, or an input is NaN or outside its range.
        DataError: If no prompt is graded for both models.
    """
    check_asked(confidence, seed)
    promise = promise_of(
        max_drop=max_drop, min_pgr=min_pgr, max_regret=max_regret, judge_agreement=judge_agreement
    )
    if graded is None:
        rows, notes = _given(router, scores, strong_scores, weak_scores, scale)
    else:
        check_given("graded", strong_scores=strong_scores, weak_scores=weak_scores)
        rows, notes = _of_table(router, graded, strong, weak, scores)
    cuts = Cuts.of(rows.scores, rows.prompts, seed=seed, split_ties=split_ties)
    strong_grades, weak_grades = _grades(rows)
    gain = strong_grades - weak_grades
    notes += _no_better(gain, promise)
    shown = certify(promise, gain[cuts.order], cuts.possible, confidence=confidence, seed=seed)
    return choice_at(
        shown.cut,
        rows,
        cuts,
        method=promise.method,
        target=promise.target,
        confidence=confidence,
        assumptions=_assumptions(promise),
        notes=notes,
        **_shown(shown, promise),
    )


def _given(
    router: Router | None,
    scores: Numbers | None,
    strong_scores: Numbers | None,
    weak_scores: Numbers | None,
    scale: tuple[float, float],
) -> tuple[Rows, tuple[str, ...]]:
    if strong_scores is None or weak_scores is None:
        raise InvalidInputError("quality needs graded=, or scores=, strong_scores= and weak_scores=")
    if scores is None:
        raise InvalidInputError("scores= must stand beside strong_scores= and weak_scores=, got none")
    asked = asked_scores(router, None, scores)
    return Rows(
        asked, None, *checked_grades(strong_scores, weak_scores, len(asked), scale=scale), scale=scale
    ), ()


def _of_table(
    router: Router | None, graded: Outcomes, strong: str | None, weak: str | None, scores: Numbers | None
) -> tuple[Rows, tuple[str, ...]]:
    if not isinstance(graded, Outcomes):
        raise InvalidInputError(f"graded must be Outcomes, got {shown_kind(graded)}; see read_outcomes")
    strong, weak = named_pair(graded, strong, weak)
    pair = graded.pair(strong, weak)
    priced = pair_dollars(pair, strong, weak)
    dollars = (None, None) if priced is None else (priced.strong, priced.weak)
    notes = () if priced is None else priced.notes
    if len(pair) < len(graded):
        left_out = len(graded) - len(pair)
        notes += (f"{left_out:,} prompts are left out because they lack a grade of {strong} or {weak}.",)
        if scores is not None:
            both = ~np.isnan(graded.scores(strong)) & ~np.isnan(graded.scores(weak))
            scores = asked_scores(router, graded.prompts, scores)[both]
    asked = asked_scores(router, pair.prompts, scores)
    rows = Rows(asked, pair.prompts, pair.scores(strong), pair.scores(weak), *dollars)
    return replace(rows, models=own_names(strong, weak)), notes


def _grades(rows: Rows) -> tuple[Floats, Floats]:
    if rows.strong is None or rows.weak is None:
        raise InvalidInputError("quality needs grades of both models, got none")
    return rows.strong, rows.weak


def _no_better(gain: Floats, promise: Promise) -> tuple[str, ...]:
    if gain.mean() > 0:
        return ()
    if promise.method == "min_pgr":
        lost = -float(gain.mean())
        below = f"{lost:.3g} of the scale below the weak one's" if lost else "the weak one's"
        raise InvalidInputError(
            f"min_pgr needs a strong model that is better, and on these {len(gain):,} prompts its mean grade "
            f"is {below}; look whether the names are swapped, or send all weak"
        )
    return (
        "On these prompts the strong model is no better than the weak one: look whether names are swapped.",
    )


def _assumptions(promise: Promise) -> tuple[str, ...]:
    said = ["The grades must not be ones that the router learned from."]
    if promise.judge_error:
        said.append(
            f"The judge must agree with people on a share of {1 - promise.judge_error:.6g} of verdicts, of "
            "any kind of request; the bound is wider for it."
        )
    return tuple(said)


def _shown(shown: Certificate, promise: Promise) -> dict[str, Any]:
    if shown.guaranteed:
        return {"guaranteed": True, "bound": promise.target}
    return {"guaranteed": False, "n_needed": shown.n_needed}
