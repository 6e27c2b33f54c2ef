"""What the shipped router, similarity weighting and nearest neighbours are worth on seven sets, as reports.

The latter two learn from the 1,500 gold rows of MMLU on the shipped embedder, with their default settings. No
set holds a prompt that the shipped router or they were trained on (`corpus`, `prompt_key`). With `--out DIR`
each set's report is written there; with `--write` the figures are kept for the docs.

Run: python -m tests.benchmarks.evaluation_sets [--out DIR] [--write]
"""

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from shared_router import Router, load_router
from shared_router.embedding.shipped import load_embedder
from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.evaluation.cells import label
from shared_router.evaluation.cells import shown as shown_estimate
from shared_router.evaluation.drawing import save
from shared_router.evaluation.evaluate import evaluate
from shared_router.evaluation.pictures import pictures
from shared_router.evaluation.report import EvaluationReport, RouterFigures
from shared_router.evaluation.written import write_report
from shared_router.preferences.data import PreferenceData
from shared_router.pretrained.build.corpus import load_corpus
from shared_router.records.outcomes import Outcomes
from shared_router.registry import DEFAULT_ROUTER, recommended_threshold
from shared_router.routers.knn import KNNRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.text import prompt_key
from tests.benchmarks.measure import FIGURES, report_rows

Set = tuple[str, Outcomes, str, str]
PRO_PAIR = "Meta-Llama-3_1-70B-Instruct", "Meta-Llama-3_1-8B-Instruct"
MIXED_PAIR = "llama-3.1-nemotron-51b-instruct", "mistral-7b-instruct-v0.3"


def sets(folder: Path) -> Iterator[Set]:
    """Yield each set's name, outcomes, strong and weak model."""
    for benchmark in read_benchmarks(folder):
        yield benchmark.name, benchmark.judged, benchmark.strong, benchmark.weak
    trained_on = {prompt_key(prompt) for prompt in load_corpus(folder).pro.prompts}
    pro = long_table(folder / "mmlu_pro_multi.parquet", PRO_PAIR)
    unseen = [i for i, prompt in enumerate(pro.prompts) if prompt_key(prompt) not in trained_on]
    yield "MMLU-Pro", pro.select(unseen), *PRO_PAIR
    yield "LLMRouter", long_table(folder / "llmrouter_multi.parquet", MIXED_PAIR), *MIXED_PAIR
    yield "arena", arena_votes(folder / "arena_human_55k_subset.parquet"), "strong", "weak"


def long_table(path: Path, models: tuple[str, str]) -> Outcomes:
    """Read two models' grades from a table of one row an answer."""
    import pandas as pd

    rows = pd.read_parquet(path)
    wide = rows[rows.model.isin(models)].pivot(index="id", columns="model", values="score").sort_index()
    texts = rows.drop_duplicates("id").set_index("id").loc[wide.index]
    grades = {model: wide[model].to_numpy(dtype=np.float64) for model in models}
    return Outcomes.from_columns(list(texts.prompt), grades, domains=list(texts.domain.astype(str)))


def arena_votes(path: Path) -> Outcomes:
    """Read human votes between RouteLLM's tiers 0 and 1 and its tier 2: 1, 1/2 or 0 for either side."""
    import pandas as pd

    rows = pd.read_parquet(path)
    rows = rows[rows.has_3way & rows.d_arena_like].sort_values("id")
    first = np.where(rows.winner == "tie", 0.5, rows.winner == "model_a").astype(np.float64)
    strong = np.where(rows.strong_model == rows.model_a, first, 1 - first)
    return Outcomes.from_columns(list(rows.prompt), {"strong": strong, "weak": 1 - strong})


def routers(folder: Path) -> dict[str, Router]:
    """Return the shipped router, and two that learn from MMLU's gold rows."""
    mmlu = read_benchmarks(folder)[0]
    if mmlu.gold is None:
        raise SystemExit("skipped: the folder marks no rows of MMLU to learn from; its tables do")
    gold = PreferenceData.from_correctness(
        list(mmlu.gold.prompts),
        mmlu.gold.scores(mmlu.strong).tolist(),
        mmlu.gold.scores(mmlu.weak).tolist(),
    )
    embedder = load_embedder()
    return {
        DEFAULT_ROUTER: load_router(),
        "similarity_weighted": SimilarityWeightedRouter(embedder).fit(gold),
        "knn_on_gold": KNNRouter(embedder).fit(gold),
    }


def main() -> None:
    """Evaluate the routers on every set."""
    if not os.environ.get("ROUTER_DATA_DIR"):
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    folder = Path(os.environ["ROUTER_DATA_DIR"])
    out = Path(sys.argv[sys.argv.index("--out") + 1]) if "--out" in sys.argv else None
    asked = routers(folder)
    threshold = {DEFAULT_ROUTER: recommended_threshold(DEFAULT_ROUTER, otherwise=0.5)}
    rows: list[dict[str, Any]] = []
    for name, outcomes, strong, weak in sets(folder):
        found = evaluate(
            asked, outcomes, strong=strong, weak=weak, threshold=threshold, embedder=load_embedder()
        )
        if out is not None:
            write_report(found, out / name.lower())
        if name == "MMLU" and "--write" in sys.argv:
            save(pictures(found)[0].figure, FIGURES / "evaluation_quality_cost.png")
        rows += [_row(name, found, one) for one in (*found.measured, found["length"], found["knn"])]
        print(name, *found.verdicts, *found.notes, sep="\n  ", flush=True)
    report_rows("evaluation_sets", rows)


def _row(name: str, found: EvaluationReport, one: RouterFigures) -> dict[str, Any]:
    shown = {"set": name, "prompts": f"{found.n:,}", "router": label(one.name) if one.baseline else one.name}
    over = [
        d.estimate for d in found.differences if (d.first, d.second, d.figure) == (one.name, "length", "apgr")
    ]
    figures = {"APGR (95 %)": one["apgr"], "CPT(50%)": one["cpt50"], "ECE": one["ece"]}
    cells = {head: shown_estimate(figure) for head, figure in figures.items()}
    coverage = "" if one.coverage is None else f"{one.coverage:.2f}"
    return {**shown, **cells, "over length": shown_estimate(over[0]) if over else "", "similarity": coverage}


if __name__ == "__main__":
    main()
