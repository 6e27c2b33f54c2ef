"""`routellm benchmarks`: the paper's three benchmarks for any router, beside the paper's own figures."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.commands.evaluate import add_resampling_arguments, add_router_arguments, routers_of

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from shared_router.evaluation.benchmarks import Benchmark
    from shared_router.evaluation.report import EvaluationReport, RouterFigures

_BASELINES = ("random", "length", "tfidf_logistic", "knn", "kmeans", "domain_mean")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add where the benchmarks are, the routers, what they were trained on, and what to write."""
    parser.add_argument(
        "--data",
        required=True,
        metavar="DIR",
        help="a checkout of RouteLLM, or the folder of routellm_mmlu.parquet and its like",
    )
    add_router_arguments(parser)
    parser.add_argument(
        "--trained-on",
        action="append",
        default=[],
        metavar="FILE",
        help="battles or outcomes that the routers learned from; their prompts are left out; repeat",
    )
    parser.add_argument("--out", metavar="DIR", help="also write a full report of each benchmark here")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    add_resampling_arguments(parser)


def run(arguments: argparse.Namespace) -> None:
    """Evaluate on each benchmark and print one table a benchmark."""
    from shared_router.embedding.shipped import load_embedder
    from shared_router.evaluation.as_json import report_as_json
    from shared_router.evaluation.benchmarks import read_benchmarks
    from shared_router.evaluation.evaluate import evaluate
    from shared_router.evaluation.written import write_report

    routers, thresholds = routers_of(arguments.router, arguments.threshold, arguments.expected_sha256)
    kinds = {name: router.name for name, router in routers.items()}
    seen = [prompt for path in arguments.trained_on for prompt in _prompts(path)]
    found: dict[str, Any] = {}
    for benchmark in read_benchmarks(arguments.data, trained_on=seen):
        report = evaluate(
            routers,
            benchmark.judged,
            strong=benchmark.strong,
            weak=benchmark.weak,
            threshold=thresholds,
            embedder=load_embedder(),
            n_resamples=arguments.resamples,
            seed=arguments.seed,
        )
        if arguments.out is not None:
            write_report(report, Path(arguments.out) / benchmark.name.lower())
        if arguments.json:
            found[benchmark.name] = report_as_json(report)
        else:
            print("\n".join(_table(benchmark, report, kinds)), flush=True)
    if arguments.json:
        print(json.dumps(found))


def _prompts(path: str) -> list[str]:
    from shared_router.errors import DataError
    from shared_router.preferences.data import PreferenceData
    from shared_router.records.reading import read_outcomes

    try:
        return list(PreferenceData.from_file(path).queries)
    except DataError:  # no battles: graded answers or a log, or else that reader says what is wrong
        return list(read_outcomes(path, keep_answers=False).outcomes.prompts)


def _table(benchmark: Benchmark, report: EvaluationReport, kinds: dict[str, str]) -> list[str]:
    from shared_router.evaluation.cells import label, shown
    from shared_router.evaluation.reported import REPORTED

    paper = REPORTED[benchmark.name]
    rows: list[Sequence[str]] = [
        ("router", "APGR", "decile APGR", "CPT(50%)", "CPT(80%)", "reported, other data")
    ]
    measured: list[RouterFigures] = [
        *report.measured,
        *(report[name] for name in _BASELINES if name in report.routers),
    ]
    for found in measured:
        cells = [shown(found[figure]) for figure in ("apgr", "decile_apgr", "cpt50", "cpt80")]
        there = paper.get(kinds.get(found.name, found.name), ())
        rows += _beside((label(found.name), *cells), [str(one) for one in there])
    shown_kinds = {kinds.get(found.name, found.name) for found in measured}
    for kind in sorted(set(paper) - shown_kinds):
        rows += _beside((kind, "", "", "", ""), [str(one) for one in paper[kind]])
    widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
    lines = [
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows
    ]
    head = (
        f"{benchmark.name}: {report.n:,} prompts, weak {report.weak.quality.value:.4f}, strong "
        f"{report.strong.quality.value:.4f}; left out: {benchmark.n_contaminated} contaminated, "
        f"{benchmark.n_trained_on} trained on"
    )
    return [head, *lines, *report.verdicts, ""]


def _beside(cells: Sequence[str], reported: list[str]) -> list[Sequence[str]]:
    """Return one line a reported figure, the measured ones in the first."""
    blank = [""] * len(cells)
    return [(*(blank if place else cells), text) for place, text in enumerate(reported or [""])]
