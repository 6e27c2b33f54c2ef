"""A report's longer tables, and those that only some outcomes allow."""

from __future__ import annotations

from collections.abc import Iterator

from shared_router.evaluation.cells import UNDEFINED, Table, cost_factor, cost_unit, shown
from shared_router.evaluation.latency import ModelLatency
from shared_router.evaluation.report import EvaluationReport, RouterFigures
from shared_router.evaluation.resampling import Estimate

_TENTHS = range(0, 101, 10)


def by_fraction_table(report: EvaluationReport, found: RouterFigures) -> Table:
    """Show quality and cost at each tenth of strong fraction."""
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


def by_domain_table(found: RouterFigures) -> Table:
    """Show what a router does in each domain."""
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


def latency_tables(report: EvaluationReport) -> Iterator[Table]:
    """Show how long answers take, where the outcomes say."""
    found = [report.strong.latency, report.weak.latency, *(one.latency for one in report.measured)]
    known = [one for one in found if one is not None]
    if known:
        heads = ("n", "first token p50", "first token p95", "whole p50", "whole p95")
        yield Table("Latency, milliseconds", ("model or router", *heads), tuple(map(_latency_row, known)))


def _latency_row(found: ModelLatency) -> tuple[str, ...]:
    times = found.first_token_p50_ms, found.first_token_p95_ms, found.latency_p50_ms, found.latency_p95_ms
    return (found.name, f"{found.n:,}", *(UNDEFINED if time is None else f"{time:,.0f}" for time in times))


def noise_tables(report: EvaluationReport) -> Iterator[Table]:
    """Show how noisy repeated grades are, where there are any."""
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


def agreement_tables(report: EvaluationReport) -> Iterator[Table]:
    """Show how far second grades agree, where they were given."""
    found = report.grade_agreement
    if found is not None:
        kappa = UNDEFINED if found.kappa is None else f"{found.kappa:.3f}"
        ratio = UNDEFINED if found.gap_ratio is None else f"{found.gap_ratio:.3f}"
        cells = (f"{found.n:,}", f"{found.agreement:.3f}", f"{found.flipped:.3f}", kappa, ratio)
        yield Table(
            "Second grades",
            ("prompts graded twice", "same winner", "winner flipped", "Cohen's kappa", "gap over first gap"),
            (cells,),
            "Winner: strong, weak, or neither. A gap ratio far from 1 says that the graders disagree on how "
            "much better the strong model is at all.",
        )


def losses_table(found: RouterFigures) -> Table:
    """Show the prompts that a router sends to the worse model."""
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
