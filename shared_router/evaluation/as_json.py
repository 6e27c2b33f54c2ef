"""A report as plain JSON, for other programs to read."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any

from shared_router.evaluation.report import FIGURES, EvaluationReport, Loss, ModelFigures, RouterFigures
from shared_router.evaluation.resampling import Estimate


def report_as_json(report: EvaluationReport, *, show_prompts: bool = False) -> dict[str, Any]:
    """Return a report as what `json.dumps` takes.

    Every figure of a router stands under its name, its interval under `NAME_interval`; null is undefined.

    Args:
        report: The report.
        show_prompts: Whether the prompts on which routers lose most may stand in it.

    Returns:
        `{"n": ..., "routers": {NAME: {"apgr": x, "apgr_interval": [low, high], ...}, "length": {...}, ...}}`
        and what else the report holds.
    """
    noise = report.grading_noise
    return {
        "n": report.n,
        "unit": report.unit,
        "n_resampled": report.n_resampled,
        "n_left_out": report.n_left_out,
        "n_duplicates": report.n_duplicates,
        "n_near_duplicates": report.n_near_duplicates,
        "in_dollars": report.in_dollars,
        "strong": _model(report.strong),
        "weak": _model(report.weak),
        "verdicts": list(report.verdicts),
        "notes": list(report.notes),
        "routers": {name: _router(found, show_prompts) for name, found in report.routers.items()},
        "differences": [
            {"first": d.first, "second": d.second, "figure": d.figure, **_estimate("difference", d.estimate)}
            for d in report.differences
        ],
        "grading_noise": None if noise is None else asdict(noise),
        "grade_agreement": None if report.grade_agreement is None else asdict(report.grade_agreement),
        "n_resamples": report.n_resamples,
        "seed": report.seed,
    }


def _model(found: ModelFigures) -> dict[str, Any]:
    latency = None if found.latency is None else asdict(found.latency)
    figures = {**_estimate("quality", found.quality), **_estimate("cost", found.cost)}
    return {"name": found.name, **figures, "latency": latency}


def _router(found: RouterFigures, show_prompts: bool) -> dict[str, Any]:
    figures: dict[str, Any] = {"baseline": found.baseline, "threshold": found.threshold}
    for name in FIGURES:
        figures |= _estimate(name, found[name])
    if found.latency is not None:
        figures["latency"] = asdict(found.latency)
    if found.curve is not None:
        figures["curve"] = {name: list(values) for name, values in asdict(found.curve).items()}
    if not found.baseline:
        figures["coverage"] = found.coverage
        figures["domains"] = [
            {**{k: v for k, v in asdict(part).items() if k != "apgr"}, **_estimate("apgr", part.apgr)}
            for part in found.domains
        ]
        figures["reliability"] = [asdict(part) for part in found.reliability]
        figures["histogram"] = list(found.histogram)
        figures["losses"] = [_loss(loss, show_prompts) for loss in found.losses]
    return figures


def _loss(loss: Loss, show_prompts: bool) -> dict[str, Any]:
    return {name: value for name, value in asdict(loss).items() if show_prompts or name != "prompt"}


def _estimate(name: str, found: Estimate) -> dict[str, Any]:
    interval = found.interval
    return {name: found.value, f"{name}_interval": None if interval is None else list(interval)}
