"""All that a report holds of one router or baseline."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from shared_router.evaluation.by_domain import domain_figures
from shared_router.evaluation.curve import GRID
from shared_router.evaluation.measured_together import Resampled
from shared_router.evaluation.measures import Candidate, sent_strong
from shared_router.evaluation.pair import Floats, Pair
from shared_router.evaluation.reliability import reliability
from shared_router.evaluation.report import FIGURES, Loss, QualityCurve, RouterFigures
from shared_router.evaluation.resampling import Estimate

if TYPE_CHECKING:
    from shared_router.evaluation.answers import Answers

_HISTOGRAM_BINS = 50
_N_LOSSES = 20


def router_figures(
    candidate: Candidate,
    pair: Pair,
    measured: Resampled,
    answers: Answers,
    coverage: float | None,
    *,
    seed: int,
) -> RouterFigures:
    """Put together all that is reported of a router.

    Args:
        candidate: The router.
        pair: The n prompts.
        measured: What was measured of it.
        answers: How long the models' answers took.
        coverage: How near the prompts are to its training prompts, None where unknown.
        seed: Draws the domains' resamples.
    """
    n_resamples = measured.draws.quality.shape[1]
    said = candidate.probabilities
    return RouterFigures(
        candidate.name,
        baseline=False,
        threshold=candidate.threshold,
        figures=_figures(measured),
        curve=_curve(measured),
        domains=domain_figures(candidate, pair, n_resamples=n_resamples, seed=seed),
        reliability=reliability(candidate.scores, pair.strong_wins) if said else (),
        histogram=_histogram(candidate.scores) if said else (),
        losses=worst_losses(candidate, pair),
        coverage=coverage,
        latency=answers.routed_latency(candidate.name, sent_strong(candidate)),
    )


def baseline_figures(candidate: Candidate, measured: Resampled, answers: Answers) -> RouterFigures:
    """Put together what is reported of a baseline; see `router_figures`."""
    return RouterFigures(
        candidate.name,
        baseline=True,
        threshold=candidate.threshold,
        figures=_figures(measured),
        curve=_curve(measured) if candidate.ranks else None,
        latency=answers.routed_latency(candidate.name, sent_strong(candidate)),
    )


def worst_losses(candidate: Candidate, pair: Pair) -> tuple[Loss, ...]:
    """Return the prompts sent to the worse model: largest loss first, then furthest from the cut."""
    sent = sent_strong(candidate) >= 0.5
    lost = np.where(sent, -pair.gain, pair.gain)
    cut = np.median(candidate.scores) if candidate.threshold is None else candidate.threshold
    order = np.lexsort((-np.abs(candidate.scores - cut), -lost))
    return tuple(
        Loss(
            int(row),
            pair.prompts[row],
            None if pair.domains is None else pair.domains[row],
            float(candidate.scores[row]),
            float(pair.strong[row]),
            float(pair.weak[row]),
        )
        for row in order[:_N_LOSSES]
        if lost[row] > 0
    )


def _figures(measured: Resampled) -> dict[str, Estimate]:
    return {name: measured.estimate(name) for name in FIGURES if name in measured.value.figures}


def _curve(measured: Resampled) -> QualityCurve:
    def band(draws: Floats) -> list[tuple[float, ...]]:
        return [tuple(edge.tolist()) for edge in np.percentile(draws, [2.5, 97.5], axis=1)]

    quality_low, quality_high = band(measured.draws.quality)
    cost_low, cost_high = band(measured.draws.cost)
    return QualityCurve(
        tuple(GRID.tolist()),
        tuple(measured.value.quality[:, 0].tolist()),
        quality_low,
        quality_high,
        tuple(measured.value.cost[:, 0].tolist()),
        cost_low,
        cost_high,
    )


def _histogram(scores: Floats) -> tuple[int, ...]:
    return tuple(np.histogram(scores, bins=_HISTOGRAM_BINS, range=(0, 1))[0].tolist())
