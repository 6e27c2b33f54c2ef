"""A report's tables, as text cells: Markdown and HTML show the same ones."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from shared_router.evaluation.latency import ModelLatency
from shared_router.evaluation.report import EvaluationReport, RouterFigures
from shared_router.evaluation.resampling import Estimate

UNDEFINED = "–"
_TENTHS = range(0, 101, 10)


@dataclass(frozen=True, slots=True)
class Table:
    """A table of text cells.

    Attributes:
        title: What it shows.
        columns: Its columns' heads; the first column names the row.
        rows: Its cells, none escaped.
        note: What a reader must know, or "".
        folded: Whether HTML shows it only when asked, because it is long.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""
    folded: bool = False


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
    yield from (_by_fraction(report, found) for found in report.measured)
    yield from (_by_domain(found) for found in report.measured if found.domains)
    yield from _latency(report)
    yield from _noise(report)
    if show_prompts:
        yield from (_losses(found) for found in report.measured if found.losses)


def shown(found: Estimate, *, digits: int = 3) -> str:
    """Show a figure with its interval, such as `0.651 (0.634 to 0.670)`."""
    if found.value is None:
        return UNDEFINED
    if found.low is None or found.high is None:
        return f"{found.value:.{digits}f}"
    return f"{found.value:.{digits}f} ({found.low:.{digits}f} to {found.high:.{digits}f})"


def label(name: str) -> str:
    """Show a baseline's name as words."""
    return _LABELS.get(name, name)


_LABELS = {
    "random": "random",
    "length": "prompt length",
    "always_strong": "always strong",
    "always_weak": "always weak",
    "domain_mean": "domain mean",
    "tfidf_logistic": "TF-IDF + logistic",
    "knn": "kNN",
    "kmeans": "k-means",
    "oracle": "oracle (knows the grades)",
}


def cost_unit(report: EvaluationReport) -> str:
    """Say what costs count: dollars of a thousand units, or the share of strong calls."""
    return f"$ / 1,000 {report.unit}s" if report.in_dollars else "strong calls"


def cost_factor(report: EvaluationReport) -> float:
    """Return what a mean cost is multiplied by to be shown."""
    return 1000.0 if report.in_dollars else 1.0


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
    return "better" if found.value > 0 else "worse"


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


def _by_fraction(report: EvaluationReport, found: RouterFigures) -> Table:
    curve, factor = found.curve, cost_factor(report)
    rows = (
        []
        if curve is None
        else [
            (
                f"{curve.strong_fraction[k]:.1f}",
                shown(Estimate(curve.quality[k], curve.quality_low[k], curve.quality_high[k])),
                shown(
                    Estimate(curve.cost[k] * factor, curve.cost_low[k] * factor, curve.cost_high[k] * factor)
                ),
            )
            for k in _TENTHS
        ]
    )
    columns = ("strong fraction", "quality", cost_unit(report))
    return Table(f"{found.name}: quality and cost by strong fraction", columns, tuple(rows), folded=True)


def _by_domain(found: RouterFigures) -> Table:
    rows = [
        (
            part.domain,
            f"{part.n:,}",
            f"{part.weak_quality:.3f}",
            f"{part.strong_quality:.3f}",
            f"{part.strong_fraction:.3f}",
            f"{part.quality:.3f}",
            shown(part.apgr),
        )
        for part in found.domains
    ]
    return Table(
        f"{found.name}: by domain",
        ("domain", "n", "weak quality", "strong quality", "strong fraction", "routed quality", "APGR within"),
        tuple(rows),
        "APGR within a domain says what the router knows beyond naming it; no interval below 30 prompts.",
        folded=True,
    )


def _latency(report: EvaluationReport) -> Iterator[Table]:
    found = [report.strong.latency, report.weak.latency, *(one.latency for one in report.measured)]
    known = [one for one in found if one is not None]
    if known:
        heads = ("n", "first token p50", "first token p95", "whole p50", "whole p95")
        yield Table("Latency, milliseconds", ("model or router", *heads), tuple(map(_latency_row, known)))


def _latency_row(found: ModelLatency) -> tuple[str, ...]:
    times = found.first_token_p50_ms, found.first_token_p95_ms, found.latency_p50_ms, found.latency_p95_ms
    return (found.name, f"{found.n:,}", *(UNDEFINED if time is None else f"{time:,.0f}" for time in times))


def _noise(report: EvaluationReport) -> Iterator[Table]:
    noise = report.grading_noise
    if noise is not None:
        rows = [
            (name, UNDEFINED if sd is None else f"± {1.96 * sd:.3f}") for name, sd in noise.apgr_sd.items()
        ]
        yield Table(
            "Grading noise",
            ("router", "APGR moves by, 95 %"),
            tuple(rows),
            f"{noise.n_answers:,} answers were graded more than once; {noise.disagreement:.1%} of them "
            f"got unlike grades. One grade's standard deviation is {noise.grade_sd:.3f}. The intervals above "
            "hold this noise already: this much of them more grades would take away.",
        )


def _losses(found: RouterFigures) -> Table:
    rows = [
        (
            " ".join(loss.prompt.split()),
            loss.domain or UNDEFINED,
            f"{loss.score:.3f}",
            f"{loss.strong:.3g}",
            f"{loss.weak:.3g}",
        )
        for loss in found.losses
    ]
    return Table(
        f"{found.name}: where it loses most",
        ("prompt", "domain", "score", "strong grade", "weak grade"),
        tuple(rows),
        "Prompts that the threshold sends to the worse model.",
        folded=True,
    )
