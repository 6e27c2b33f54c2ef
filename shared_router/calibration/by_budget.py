"""The threshold that spends a budget: the largest share of strong answers that the money buys.

With w_i and s_i what the weak and the strong answer to prompt i cost, and r what the router costs a request,
a cut that sends the set S strong costs

    mean_i(r + w_i + 1(i in S) (s_i - w_i)),    in a cascade    mean_i(r + w_i + 1(i in S) s_i),

because a cascade pays for the weak answer, and for judging it, before it asks the strong model.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from shared_router.calibration.choice import ThresholdChoice
from shared_router.calibration.choosing import choice_at
from shared_router.calibration.cuts import Cuts
from shared_router.calibration.outcome_rows import named_pair, own_names, pair_dollars
from shared_router.calibration.rows import (
    Floats,
    Numbers,
    Rows,
    asked_scores,
    check_asked,
    check_given,
    checked_dollars,
    given_grades,
)
from shared_router.choices import is_amount, shown, shown_kind
from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError, InvalidInputError
from shared_router.records.outcomes import Outcomes
from shared_router.router import Router

_ROUNDING = 1e-9
"""Of the budget: a sum of cents must not miss it by a last bit."""


def for_budget(
    router: Router | None = None,
    outcomes: Outcomes | None = None,
    prices: Mapping[str, TokenPrices] | None = None,
    *,
    dollars_per_1k: float | None = None,
    strong: str | None = None,
    weak: str | None = None,
    router_dollars_per_1k: float = 0.0,
    cascade: bool = False,
    confidence: float = 0.95,
    seed: int = 0,
    split_ties: bool = True,
    scores: Numbers | None = None,
    strong_dollars: Numbers | float | None = None,
    weak_dollars: Numbers | float | None = None,
    strong_scores: Numbers | None = None,
    weak_scores: Numbers | None = None,
    scale: tuple[float, float] = (0.0, 1.0),
) -> ThresholdChoice:
    """Choose the threshold that sends as many prompts strong as a budget allows.

    Dollars are those of the table, else its own tokens at the prices; a prompt that one of the models was not
    asked counts as that model's mean answer, and the choice says how many do.

    Args:
        router: The router that will be served; None where `scores` are given.
        outcomes: n prompts with tokens or dollars of both models' answers, as a log has them.
        prices: Prices by model's name, where the table has tokens and no dollars.
        dollars_per_1k: What 1,000 requests may cost, in dollars, > 0.
        strong: The strong model's name in the table; see `named_pair`.
        weak: The weak model's.
        router_dollars_per_1k: What scoring 1,000 requests costs, such as an embedding service's bill or, in a
            cascade, its judge's.
        cascade: Whether the weak model is asked first each time and paid also where the strong one answers.
        confidence: Of the intervals, in (0, 1).
        seed: The coin for prompts of one score.
        split_ties: Whether prompts of one score may be split by that coin; False for a cascade, which throws
            none.
        scores: n win probabilities, in the place of the router.
        strong_dollars: What each strong answer costs, in the place of outcomes: n numbers >= 0 or one.
        weak_dollars: What each weak answer costs.
        strong_scores: The strong model's n grades, so that the choice says what the budget is worth.
        weak_scores: The weak model's.
        scale: The worst and the best grade.

    Raises:
        InvalidInputError: If the budget does not buy even the weak answers (the message says what they cost),
            or something is missing, NaN or outside its range.
        DataError: If the table holds no dollars of one of the models.
    """
    check_asked(confidence, seed)
    budget = _dollars("dollars_per_1k", dollars_per_1k) / 1000
    extra = _dollars("router_dollars_per_1k", router_dollars_per_1k) / 1000
    prompts = None if outcomes is None else _table(outcomes).prompts
    asked = asked_scores(router, prompts, scores)
    if outcomes is not None:
        check_given("outcomes", strong_dollars=strong_dollars, weak_dollars=weak_dollars)
        priced = _priced(outcomes, prices, strong, weak)
    elif strong_dollars is not None and weak_dollars is not None:
        priced = _Priced(
            checked_dollars("strong_dollars", strong_dollars, len(asked)),
            checked_dollars("weak_dollars", weak_dollars, len(asked)),
        )
    else:
        raise InvalidInputError("a budget needs outcomes, or strong_dollars= and weak_dollars=, got neither")
    given = given_grades(strong_scores, weak_scores, len(asked), scale=scale)
    if given[0] is not None:
        priced.grades = given
    rows = Rows(asked, prompts, *priced.grades, priced.strong, priced.weak, scale, models=priced.models)
    cuts = Cuts.even(asked, seed=seed, split_ties=split_ties)
    return choice_at(
        _dearest(rows, cuts, budget - extra, extra=extra, cascade=cascade),
        rows,
        cuts,
        method="budget",
        target=1000 * budget,
        confidence=confidence,
        assumptions=("Prices and the lengths of answers must stay what they were.",),
        notes=priced.notes,
        extra_dollars=extra,
        cascade=cascade,
    )


@dataclass(slots=True)
class _Priced:
    strong: Floats
    weak: Floats
    notes: tuple[str, ...] = ()
    grades: tuple[Floats | None, Floats | None] = field(default=(None, None), repr=False)
    models: Mapping[str, str] = field(default_factory=dict)


def _priced(
    outcomes: Outcomes, prices: Mapping[str, TokenPrices] | None, strong: str | None, weak: str | None
) -> _Priced:
    strong, weak = named_pair(outcomes, strong, weak)
    priced = outcomes.with_prices(prices) if prices else outcomes
    found = pair_dollars(priced, strong, weak)
    if found is None:
        raise DataError(
            f"a budget needs dollars of both {strong!r} and {weak!r}, and one has neither dollars nor tokens "
            "with a price; give prices= (--prices) by model"
        )
    grades = (outcomes.scores(strong), outcomes.scores(weak))
    graded = not any(bool(np.isnan(column).any()) for column in grades)
    known = grades if graded else (None, None)
    return _Priced(found.strong, found.weak, found.notes, known, own_names(strong, weak))


def _dearest(rows: Rows, cuts: Cuts, budget: float, *, extra: float, cascade: bool) -> int:
    """Return the possible cut with the most strong prompts whose mean cost is within the budget."""
    if rows.strong_dollars is None or rows.weak_dollars is None:
        raise InvalidInputError("a budget needs dollars of both models, got none")
    strong, weak = cuts.averaged(rows.strong_dollars), cuts.averaged(rows.weak_dollars)
    more = strong if cascade else strong - weak
    all_weak = weak.mean()
    paid = all_weak + (more.sum() - np.concatenate([[0.0], np.cumsum(more)])) / len(rows)
    within = np.flatnonzero(cuts.possible & (paid <= budget + _ROUNDING * abs(budget)))
    if not len(within):
        least = 1000 * (extra + float(paid[cuts.possible].min()))
        raise InvalidInputError(
            f"dollars_per_1k (--budget) must be at least {least:.6g}, what 1,000 such requests cost with "
            f"every one sent to the weak model, got {1000 * (budget + extra):.6g}"
        )
    return int(within[0])


def _table(outcomes: object) -> Outcomes:
    if not isinstance(outcomes, Outcomes):
        raise InvalidInputError(f"outcomes must be Outcomes, got {shown_kind(outcomes)}; see read_outcomes")
    return outcomes


def _dollars(name: str, value: object) -> float:
    if not is_amount(value):
        raise InvalidInputError(f"{name} must be dollars for 1,000 requests, >= 0, got {shown(value)}")
    return float(value)  # type: ignore[arg-type]
