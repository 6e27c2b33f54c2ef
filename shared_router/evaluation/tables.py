"""A report's tables, as text cells: Markdown and HTML show the same ones."""

from __future__ import annotations

from collections.abc import Iterator

from shared_router.evaluation.cells import UNDEFINED, Table, cost_factor, cost_unit, label, shown
from shared_router.evaluation.detail_tables import (
    agreement_tables,
    by_domain_table,
    by_fraction_table,
    latency_tables,
    losses_table,
    noise_tables,
)
from shared_router.evaluation.report import EvaluationReport, RouterFigures
from shared_router.evaluation.resampling import Estimate


def tables(report: EvaluationReport, *, show_prompts: bool = False) -> Iterator[Table]:
    """Yield a report's tables in reading order.

    Args:
        report: The report.
        show_prompts: Whether the prompts on which routers lose most may be shown.
    """
    yield _over_all_thresholds(report)
    yield _at_thresholds(report)
    yield _differences(report)
    yield _calibration(report)
    yield from (by_fraction_table(report, found) for found in report.measured)
    yield from (by_domain_table(found) for found in report.measured if found.domains)
    yield from latency_tables(report)
    yield from noise_tables(report)
    yield from agreement_tables(report)
    if show_prompts:
        yield from (losses_table(found) for found in report.measured if found.losses)


def _over_all_thresholds(report: EvaluationReport) -> Table:
    figures = ("apgr", "decile_apgr", "cpt50", "cpt80", "cpt90", "cpt95", "aiq", "savings_at_equal_quality")
    heads = (
        "APGR",
        "decile APGR",
        "CPT(50%)",
        "CPT(80%)",
        "CPT(90%)",
        "CPT(95%)",
        "AIQ",
        "saved at equal quality",
    )
    rows = [
        (label(found.name), *(shown(found[figure]) for figure in figures))
        for found in report.routers.values()
        if found.curve is not None
    ]
    zero = report["length"]["aiq_zero"]
    return Table(
        "Over all thresholds",
        ("router", *heads),
        tuple(rows),
        "95 % intervals. CPT: smallest strong fraction that recovers so much of the gap, less is better. AIQ "
        f"of the Zero router, the line to beat: {shown(zero)}. Learned baselines are cross-fitted on these "
        "grades.",
    )


def _at_thresholds(report: EvaluationReport) -> Table:
    factor = cost_factor(report)

    def row(found: RouterFigures) -> tuple[str, ...]:
        cost = found["cost"]
        priced = Estimate(*(None if x is None else x * factor for x in (cost.value, cost.low, cost.high)))
        return (
            label(found.name),
            _threshold(found),
            *(shown(found[figure]) for figure in ("strong_fraction", "quality")),
            shown(priced),
            *(shown(found[figure]) for figure in _AT_THRESHOLD),
        )

    return Table(
        "At the threshold",
        ("router", "threshold", "strong fraction", "quality", cost_unit(report), *_AT_THRESHOLD_HEADS),
        tuple(row(found) for found in report.routers.values()),
        "What has no threshold sends half. Opt. and arena columns are RouterArena's.",
    )


def _threshold(found: RouterFigures) -> str:
    if found.threshold is None:
        return "half"
    return UNDEFINED if found.baseline else f"{found.threshold:.4g}"


_AT_THRESHOLD = ("savings", "optimal_selection", "optimal_cost", "optimal_accuracy", "arena_score")
_AT_THRESHOLD_HEADS = ("saved", "Opt.Sel", "Opt.Cost", "Opt.Acc", "arena score")


def _differences(report: EvaluationReport) -> Table:
    figure, head = ("apgr", "APGR") if report.pgr_defined else ("aiq", "AIQ")
    rows = [
        (d.first, label(d.second), shown(d.estimate), _judged(d.estimate))
        for d in report.differences
        if d.figure == figure
    ]
    return Table(
        f"Paired differences in {head}",
        ("router", "against", "difference", "in words"),
        tuple(rows),
        "Both on the same resamples; distinguishable where the 95 % interval leaves out 0.",
    )


def _judged(found: Estimate) -> str:
    if found.value is None or found.interval is None:
        return "undefined"
    if not found.excludes(0.0):
        return "not distinguishable on this data"
    return "better" if found.interval[0] > 0 else "worse"


def _calibration(report: EvaluationReport) -> Table:
    rows = [
        (
            found.name,
            shown(found["ece"]),
            shown(found["brier"]),
            "unknown" if found.coverage is None else f"{found.coverage:.3f}",
        )
        for found in report.measured
    ]
    return Table(
        "Calibration and coverage",
        ("router", "ECE", "Brier score", "similarity to its training prompts"),
        tuple(rows),
        "Foretold is that the strong answer is the better one. Similarity is the mean largest cosine to a "
        "training prompt (paper, Table 5); unknown where a router keeps no training vectors.",
    )
