"""What reading the weak model's answer is worth: APGR and AIQ of plans at equal spend, every call paid.

On GSM8K with both models' answers, on MT-Bench's prompts (its answers are not among the data, so a router is
all there is), and on mot_cascade's samples. Spend and APGR are as in `plan_curves`; price ratios are of one
weak call to one strong one. Every score is of a prompt that its scorer did not learn from, in five folds that
keep near duplicates together, the means over folds taken off as `routellm evaluate` does; every threshold of
route-then-cascade, of agreement after a router and of FrugalGPT's lists is chosen on the other folds.
Intervals are 95 %, bootstrap over prompts at seed 0; values are means over three seeds. The scorer's two
constants and its columns were chosen on one half of GSM8K with other seeds; `GSM8K, other half` holds none of
those prompts, and learns from it alone.

Not measured here, for lack of data: `TokenConfidence` (no log-probabilities), `SelfCheck` (no model to ask),
`FrugalScorer` (no encoder's weights).

Run: ROUTER_DATA_DIR=... python -m tests.benchmarks.plans_quality [--write]
"""

import json
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from shared_router import AnswerFeatures, Outcomes, load_embedder
from shared_router.evaluation.folds import cross_fit
from shared_router.scorers.answer_head import fit_answer_head
from shared_router.text_features import text_features
from tests.benchmarks.measure import report_rows
from tests.benchmarks.plan_agreement import agreement, route_then_agreement
from tests.benchmarks.plan_curves import (
    Floats,
    Measured,
    Places,
    Points,
    Rows,
    Scored,
    cascaded,
    measured,
    routed,
)
from tests.benchmarks.plan_lists import frugal_points, own_grid, route_then_cascade
from tests.benchmarks.plans_data import STRONG, WEAK, Sampled, folds, gsm8k, mt_bench, rows_of, sampled

Learner = Callable[[Places, Places], Scored]
Plans = Iterator[tuple[str, Callable[[float], Points], Rows]]

RATIOS = (10, 20, 50, 100)
SHOWN = 20
"""The price ratio whose intervals and AIQ are shown."""
SEEDS = range(3)
FEW = 200
DRAWS = 20
DEVELOPED_ON = 777
"""The seed of the half of GSM8K on which the scorer's constants were chosen."""


def prompt_risk(prompts: list[str], rows: Rows) -> Learner:
    """Return what learns from some prompts' grades and scores others: left-out scores and new ones."""
    columns, embeddings = text_features(prompts), load_embedder().embed(prompts).astype(np.float64)
    lost = rows.strong - rows.weak

    def scores(train: Places, test: Places) -> Scored:
        good = (lost[train] <= 0).astype(np.float64)
        head, left_out = fit_answer_head(columns[train], embeddings[train], lost[train], good)
        return 1 - left_out, 1 - head.good_enough(columns[test], embeddings[test])

    return scores


def answer_risk(outcomes: Outcomes, *, strong: str | None = STRONG, embed: bool = True) -> Learner:
    """Return what learns from some answers and scores others, by `AnswerFeatures`."""
    answers = [text or "" for text in outcomes.answers(WEAK)]

    def scores(train: Places, test: Places) -> Scored:
        scorer = AnswerFeatures() if embed else AnswerFeatures(None)
        scorer.fit(outcomes.select(train), model=WEAK, strong=strong)
        assert scorer.left_out_ is not None
        left_out = 1 - scorer.left_out_
        new = scorer.good_enough_each([outcomes.prompts[i] for i in test], [answers[i] for i in test])
        return left_out, 1 - new

    return scores


def gsm8k_plans(outcomes: Outcomes, seed: int) -> Plans:
    """Yield each plan's name, and what gives its points at a price ratio."""
    rows = rows_of(outcomes)
    fold = folds(outcomes.prompts, seed)
    by_prompt, by_answer = prompt_risk(list(outcomes.prompts), rows), answer_risk(outcomes)
    by_grade = answer_risk(outcomes, strong=None)
    yield "prompt router", partial(routed, crossed(by_prompt, fold, rows), rows), rows
    for name, risk in (
        ("AnswerFeatures", by_answer),
        ("AnswerFeatures, no embedder", answer_risk(outcomes, embed=False)),
        ("AnswerFeatures, weak grades alone", by_grade),
    ):
        yield name, partial(cascaded, crossed(risk, fold, rows), rows), rows
    both = [(train, test, by_prompt(train, test), by_answer(train, test)) for train, test in parts_of(fold)]
    yield "route, then cascade", partial(route_then_cascade, both, rows), rows
    graded = [(train, test, by_grade(train, test)) for train, test in parts_of(fold)]
    yield "FrugalGPT list", partial(frugal_points, graded, rows), rows
    yield "FrugalGPT's own grid", partial(own_grid, graded, rows), rows


def sampled_plans(data: Sampled, seed: int) -> Plans:
    """Yield the plans that samples allow."""
    risk, fold = prompt_risk(data.prompts, data.rows), folds(data.prompts, seed)
    yield "prompt router", partial(routed, crossed(risk, fold, data.rows), data.rows), data.rows
    for k in (3, 5):
        yield f"Agreement of {k}", partial(agreement, data, k, seed=seed), data.rows
    learned = [(train, test, risk(train, test)) for train, test in parts_of(fold)]
    yield "route, then agreement of 3", partial(route_then_agreement, data, learned, 3, seed=seed), data.rows


def mt_bench_plans(seed: int) -> Plans:
    """Yield the prompt router of MT-Bench."""
    outcomes = mt_bench()
    rows = rows_of(outcomes)
    risk = crossed(prompt_risk(list(outcomes.prompts), rows), folds(outcomes.prompts, seed), rows)
    yield "prompt router", partial(routed, risk, rows), rows


def crossed(risk: Learner, fold: Places, rows: Rows) -> Floats:
    """Return the risk of each prompt by what learned on the other folds."""
    lost = (rows.strong > rows.weak).astype(np.float64)
    return cross_fit(fold, lost, lambda train, test: risk(train, test)[1])


def parts_of(fold: Places) -> list[tuple[Places, Places]]:
    """Return each fold's rows to learn from and rows to judge on."""
    return [
        (np.flatnonzero(fold != part), np.flatnonzero(fold == part)) for part in range(int(fold.max()) + 1)
    ]


def few_rows(outcomes: Outcomes, ratio: float) -> float:
    """Return the mean APGR of a cascade that learned from 200 prompts, on the others."""
    rows, found = rows_of(outcomes), []
    risk = answer_risk(outcomes)
    for seed in range(DRAWS):
        mixed = np.random.default_rng(seed).permutation(len(outcomes))
        train, test = mixed[:FEW], mixed[FEW:]
        part = Rows(rows.strong[test], rows.weak[test])
        found.append(measured(cascaded(risk(train, test)[1], part, ratio), part, ratio, n_resamples=1).apgr)
    return float(np.mean(found))


def table(
    name: str, plans: Callable[[int], Plans]
) -> tuple[list[dict[str, Any]], dict[tuple[str, int], float]]:
    """Return a set's rows for printing, and each plan's APGR by name and ratio."""
    found: dict[tuple[str, int], list[Measured]] = {}
    for seed in SEEDS:
        for plan, points, rows in plans(seed):
            for ratio in RATIOS:
                found.setdefault((plan, ratio), []).append(measured(points(1 / ratio), rows, 1 / ratio))
    values = {key: float(np.mean([each.apgr for each in every])) for key, every in found.items()}
    names = list(dict.fromkeys(plan for plan, _ in found))
    shown = []
    for plan in names:
        shared = found[plan, SHOWN][0]
        low, high = np.percentile(shared.resampled - found[names[0], SHOWN][0].resampled, [2.5, 97.5])
        shown.append(
            {
                "set": name,
                "plan": plan,
                **{f"1/{ratio}": values[plan, ratio] for ratio in RATIOS},
                f"interval at 1/{SHOWN}": f"{shared.low:.3f} to {shared.high:.3f}",
                "over the router": "" if plan == names[0] else f"{low:+.3f} to {high:+.3f}",
                "AIQ": float(np.mean([each.aiq for each in found[plan, SHOWN]])),
                "Zero router": shared.zero_aiq,
                "best single": shared.best_single,
            }
        )
    return shown, values


def main() -> None:
    """Measure every plan on every set."""
    outcomes = gsm8k()
    shown, values = table("GSM8K", partial(gsm8k_plans, outcomes))
    half = np.random.default_rng(DEVELOPED_ON).permutation(len(outcomes))[len(outcomes) // 2 :]
    shown += table("GSM8K, other half", partial(gsm8k_plans, outcomes.select(half)))[0]
    shown += table("MT-Bench", mt_bench_plans)[0]
    date = []
    for data in sampled():
        rows, found = table(data.name, partial(sampled_plans, data))
        shown += rows
        if data.name.startswith("date gpt-3.5"):
            date.append(found["Agreement of 3", 100])
    report_rows("plans_quality", shown)
    figures = {
        "gsm8k_prompt": values["prompt router", 20],
        "gsm8k_cascade_20": values["AnswerFeatures", 20],
        "gsm8k_cascade_100": values["AnswerFeatures", 100],
        "gsm8k_cascade_20_200_rows": few_rows(outcomes, 1 / 20),
        "date_agreement_100": float(np.mean(date)),
    }
    print(json.dumps({name: round(value, 4) for name, value in figures.items()}))


if __name__ == "__main__":
    main()
