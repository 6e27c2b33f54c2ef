"""Plans whose thresholds are chosen on some folds and judged on another: route then cascade, FrugalGPT."""

import numpy as np

from shared_router import Outcomes, frugal_list
from tests.benchmarks.plan_curves import Floats, Places, Points, Rows, Scored, chosen, joined

_DIRECT = np.linspace(0, 1, 21)
_RISKS = np.linspace(0, 1, 61)
_BUDGETS = 40
_OWN_QUANTILES = 40
_TWO = ("weak", "strong")


def route_then_cascade(
    learned: list[tuple[Places, Places, Scored, Scored]], rows: Rows, ratio: float
) -> Points:
    """Return points of two thresholds, the router's and the cascade's, chosen jointly on the other folds."""
    found = []
    for train, test, by_prompt, by_answer in learned:
        direct_at = np.append(np.quantile(by_prompt[0], _DIRECT), np.inf)
        reject_at = np.append(np.quantile(by_answer[0], _RISKS), np.inf)
        sides = [
            _two_thresholds(by_prompt[side], by_answer[side], direct_at, reject_at, _take(rows, part), ratio)
            for side, part in enumerate((train, test))
        ]
        found.append((test, chosen(sides[0], sides[1], ratio)))
    return joined(found, len(rows.strong))


def _two_thresholds(
    prompt_risk: Floats, answer_risk: Floats, direct_at: Floats, reject_at: Floats, rows: Rows, ratio: float
) -> Points:
    direct = prompt_risk[:, None, None] >= direct_at[:, None]  # (n, direct, 1)
    rejected = answer_risk[:, None, None] >= reject_at  # (n, 1, reject)
    spend = np.where(direct, 1.0, ratio + rejected)
    quality = np.where(direct | rejected, rows.strong[:, None, None], rows.weak[:, None, None])
    return Points(spend.reshape(len(spend), -1), quality.reshape(len(quality), -1))


def frugal_points(graded: list[tuple[Places, Places, Scored]], rows: Rows, ratio: float) -> Points:
    """Return the points of `frugal_list` for budgets from always weak to always strong."""
    found = []
    for train, test, (left_out, new) in graded:
        part, held_out = _take(rows, train), _take(rows, test)
        outcomes = Outcomes.from_columns(
            [str(i) for i in train],
            {"weak": part.weak, "strong": part.strong},
            measures={"dollars": {"weak": np.full(len(train), ratio), "strong": np.ones(len(train))}},
        )
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
        never = np.array([np.inf])
        sides = [
            _two_thresholds(risk, risk, never, reject_at, _take(rows, part), ratio)
            for risk, part in ((left_out, train), (new, test))
        ]
        found.append((test, chosen(sides[0], sides[1], ratio)))
    return joined(found, len(rows.strong))


def _take(rows: Rows, places: Places) -> Rows:
    return Rows(rows.strong[places], rows.weak[places])
