"""Plans whose thresholds are chosen on some folds and judged on another: route then cascade, FrugalGPT."""

import numpy as np
from numpy.typing import NDArray

from shared_router import Outcomes, frugal_list, joint_thresholds
from tests.benchmarks.plan_curves import Places, Points, Rows, Scored, chosen, joined

_BUDGETS = 40
_OWN_QUANTILES = 40
_LEAST = 0.001
"""P(good enough) of an answer that no scorer reads: a budget for weak calls alone must still be one."""
_TWO = ("weak", "strong")


def route_then_cascade(
    learned: list[tuple[Places, Places, Scored, Scored]], rows: Rows, ratio: float
) -> Points:
    """Return the points of `joint_thresholds` for budgets from always weak to always strong."""
    found = []
    for train, test, (win, new_win), (risk, new_risk) in learned:
        part, held_out = _take(rows, train), _take(rows, test)
        outcomes = _priced(part, ratio)
        spend, quality = [], []
        for budget in np.linspace(ratio, 1, _BUDGETS + 1):
            pair = joint_thresholds(outcomes, win, np.maximum(1 - risk, _LEAST), budget=float(budget))
            direct, rejected = new_win >= pair.router, new_risk >= pair.cascade
            spend.append(np.where(direct, 1.0, ratio + rejected))
            quality.append(np.where(direct | rejected, held_out.strong, held_out.weak))
        found.append((test, Points(np.stack(spend, axis=1), np.stack(quality, axis=1))))
    return joined(found, len(rows.strong))


def frugal_points(graded: list[tuple[Places, Places, Scored]], rows: Rows, ratio: float) -> Points:
    """Return the points of `frugal_list` for budgets from always weak to always strong."""
    found = []
    for train, test, (left_out, new) in graded:
        part, held_out = _take(rows, train), _take(rows, test)
        outcomes = _priced(part, ratio)
        spend, quality = [], []
        for budget in np.linspace(ratio, 1, _BUDGETS + 1):
            listed = frugal_list(outcomes, {"weak": 1 - left_out}, budget=float(budget))
            asked = [listed.models == (name,) for name in _TWO]
            rejected = new >= listed.thresholds[0] if listed.models == _TWO else np.full(len(new), asked[1])
            spend.append(np.where(rejected, 1.0, 0.0) + (0.0 if asked[1] else ratio))
            quality.append(np.where(rejected, held_out.strong, held_out.weak))
        found.append((test, Points(np.stack(spend, axis=1), np.stack(quality, axis=1))))
    return joined(found, len(rows.strong))


def own_grid(graded: list[tuple[Places, Places, Scored]], rows: Rows, ratio: float) -> Points:
    """Return the points of FrugalGPT's own search: lists of two, forty quantiles of the risk, no fewer.

    Its thresholds are fitted on what its scorer says of rows it learned from; here they have left-out scores.
    """
    found = []
    for train, test, (left_out, new) in graded:
        reject_at = np.quantile(left_out, np.linspace(1e-5, 1 - 1e-5, _OWN_QUANTILES))
        sides = [
            _rejecting(risk[:, None] >= reject_at, _take(rows, part), ratio)
            for risk, part in ((left_out, train), (new, test))
        ]
        found.append((test, chosen(sides[0], sides[1], ratio)))
    return joined(found, len(rows.strong))


def _rejecting(rejected: NDArray[np.bool_], rows: Rows, ratio: float) -> Points:
    return Points(
        np.where(rejected, ratio + 1.0, ratio), np.where(rejected, rows.strong[:, None], rows.weak[:, None])
    )


def _priced(rows: Rows, ratio: float) -> Outcomes:
    n = len(rows.strong)
    return Outcomes.from_columns(
        [str(i) for i in range(n)],
        {"weak": rows.weak, "strong": rows.strong},
        measures={"dollars": {"weak": np.full(n, ratio), "strong": np.ones(n)}},
    )


def _take(rows: Rows, places: Places) -> Rows:
    return Rows(rows.strong[places], rows.weak[places])
