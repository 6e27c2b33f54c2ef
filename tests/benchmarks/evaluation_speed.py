"""How long an evaluation takes: 14,000 real prompts, every baseline, 1,000 resamples, two routers.

Prompts and grades are RouteLLM's MMLU; the routers are the shipped one and nearest neighbours on 500 of the
prompts. The processor's seconds stand beside the clock's, which other programs of the machine lengthen.
"""

import os
import resource
import time

import numpy as np

from shared_router import load_router
from shared_router.embedding.shipped import load_embedder
from shared_router.evaluation.as_html import report_as_html
from shared_router.evaluation.benchmarks import read_benchmarks
from shared_router.evaluation.evaluate import evaluate
from shared_router.preferences.data import PreferenceData
from shared_router.records.outcomes import Outcomes
from shared_router.registry import DEFAULT_ROUTER
from shared_router.routers.knn import KNNRouter
from tests.benchmarks.measure import report

N_PROMPTS, N_RESAMPLES, N_LEARNED = 14_000, 1_000, 500


def prompts_and_grades() -> Outcomes:
    """Return 14,000 of RouteLLM's MMLU prompts, those to learn from too: this measures time alone."""
    folder = os.environ.get("ROUTER_DATA_DIR")
    if not folder:
        raise SystemExit("skipped: ROUTER_DATA_DIR is not set; name the folder of routellm_mmlu.parquet")
    mmlu = read_benchmarks(folder)[0]
    parts = [mmlu.judged, *([] if mmlu.gold is None else [mmlu.gold])]
    rows = [place for part in parts for place in range(len(part))][:N_PROMPTS]
    if len(rows) < N_PROMPTS:
        raise SystemExit(f"skipped: {N_PROMPTS} prompts are needed, got {len(rows)}")
    return Outcomes.from_columns(
        [prompt for part in parts for prompt in part.prompts][:N_PROMPTS],
        {
            name: np.concatenate([part.scores(model) for part in parts])[:N_PROMPTS]
            for name, model in (("strong", mmlu.strong), ("weak", mmlu.weak))
        },
        domains=[domain for part in parts for domain in part.domains or ()][:N_PROMPTS],
    )


def main() -> None:
    """Time one evaluation and what it consists of."""
    outcomes = prompts_and_grades()
    learned = outcomes.select(range(N_LEARNED))
    battles = PreferenceData.from_correctness(
        list(learned.prompts), learned.scores("strong").tolist(), learned.scores("weak").tolist()
    )
    embedder = load_embedder()
    routers = {DEFAULT_ROUTER: load_router(), "knn_of_500": KNNRouter(embedder).fit(battles)}
    started, processor_started = time.perf_counter(), time.process_time()
    found = evaluate(
        routers,
        outcomes,
        strong="strong",
        weak="weak",
        embedder=embedder,
        n_resamples=N_RESAMPLES,
        progress=False,
    )
    evaluated, processor = time.perf_counter(), time.process_time() - processor_started
    page = report_as_html(found)
    shown = time.perf_counter()
    report(
        "evaluation_speed",
        {
            "prompts": N_PROMPTS,
            "resamples": N_RESAMPLES,
            "evaluate_s": evaluated - started,
            "evaluate_processor_s": processor,
            "html_report_s": shown - evaluated,
            "html_report_kb": len(page.encode()) / 1e3,
            "peak_memory_gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        },
    )


if __name__ == "__main__":
    main()
