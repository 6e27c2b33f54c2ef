"""Evaluate routers on graded outcomes: one call, one frozen report."""

from __future__ import annotations

from collections.abc import Mapping
from numbers import Integral
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_seed, shown
from shared_router.errors import InvalidInputError
from shared_router.evaluation.answers import Answers
from shared_router.evaluation.baselines import baselines
from shared_router.evaluation.candidates import Scored, Thresholds, named_routers, router_candidates
from shared_router.evaluation.grade_agreement import grade_agreement
from shared_router.evaluation.latency import ModelLatency
from shared_router.evaluation.measured_together import Resampled, measure_together
from shared_router.evaluation.measures import Candidate
from shared_router.evaluation.near_duplicates import find_repeats
from shared_router.evaluation.pair import Pair
from shared_router.evaluation.report import Difference, EvaluationReport, ModelFigures
from shared_router.evaluation.router_figures import baseline_figures, router_figures
from shared_router.evaluation.units import Unit, units_of
from shared_router.evaluation.verdicts import notes, verdict
from shared_router.records.given import check_given
from shared_router.router import Router

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.records.outcomes import Outcomes

COMPARED = ("apgr", "aiq", "cpt50", "cpt80", "savings_at_equal_quality")
"""The figures whose differences between routers a report holds."""


def evaluate(
    router: Scored | Mapping[str, Scored],
    outcomes: Outcomes,
    *,
    strong: str,
    weak: str,
    threshold: Thresholds = None,
    embedder: Embedder | None = None,
    unit: Unit = "prompt",
    second_grades: Outcomes | None = None,
    n_resamples: int = 1000,
    seed: int = 0,
    progress: bool = True,
) -> EvaluationReport:
    """Measure what routing between two models is worth on graded outcomes.

    Every figure has a 95 % bootstrap interval over prompts, or over conversations where they are known, and
    stands beside that of the baselines: random, prompt length, always strong, always weak, domain mean,
    TF-IDF with logistic regression, kNN, k-means, oracle.

    Args:
        router: A router, a column of scores (one a prompt of the outcomes, higher goes strong earlier), or
            several of either by name.
        outcomes: Prompts on which both models were graded; the others are left out and counted.
        strong: The strong model's name in the outcomes.
        weak: The weak model's name.
        threshold: Strong iff win probability >= threshold: one for all routers, or by name; None sends half.
        embedder: What kNN and k-means see of a prompt; None takes components of TF-IDF.
        unit: `"prompt"`, or `"conversation"` to route whole conversations or agent runs.
        second_grades: The same prompts, or some, graded again by a human or a judge: says how far to trust
            the first grades.
        n_resamples: How many resamples the intervals rest on, >= 1.
        seed: The same seed gives the same report.
        progress: Whether to show a bar over the resamples, where the output is a terminal.

    Returns:
        The report.

    Raises:
        UnknownNameError: If there is no such model or unit.
        InvalidInputError: If an argument breaks its rule.
        DataError: If no prompt is graded for both models.
        RouterOutputError: If a router returns something other than win probabilities.
        MissingExtraError: If scikit-learn is not installed.
    """
    if isinstance(n_resamples, bool) or not isinstance(n_resamples, Integral) or n_resamples < 1:
        raise InvalidInputError(f"n_resamples must be >= 1 and a whole number, got {shown(n_resamples)}")
    check_seed(seed)
    check_given(outcomes)
    units = units_of(outcomes, strong=strong, weak=weak, unit=unit)
    routers = named_routers(router)
    asked = router_candidates(routers, units, len(outcomes), threshold)
    repeats = find_repeats(units.pair.prompts)
    vectors = None if embedder is None else rows_of_length_one(embedder.embed(units.pair.prompts))
    others = baselines(units.pair, repeats.groups, vectors=vectors, seed=seed)
    measured = measure_together(
        [*asked, *others], units.pair, n_resamples=n_resamples, seed=seed, progress=progress
    )
    differences = _differences(asked, others, measured)
    answers = Answers.of(outcomes, units, strong=strong, weak=weak)
    coverage = {name: _coverage(given, units.pair) for name, given in routers.items()}
    found = [
        *(
            router_figures(one, units.pair, measured[one.name], answers, coverage[one.name], seed=seed)
            for one in asked
        ),
        *(baseline_figures(one, measured[one.name], answers) for one in others),
    ]
    return EvaluationReport(
        strong=_model(strong, measured["always_strong"], answers.latency_of(strong)),
        weak=_model(weak, measured["always_weak"], answers.latency_of(weak)),
        n=len(units.pair),
        unit=unit,
        n_resampled=units.pair.n_units,
        in_dollars=units.pair.in_dollars,
        routers={one.name: one for one in found},
        differences=differences,
        verdicts=tuple(
            verdict(one.name, differences, pgr_defined=bool(units.pair.gain.sum() > 0)) for one in asked
        ),
        notes=notes(units, asked, repeats, coverage, models=(strong, weak)),
        n_left_out=units.n_left_out,
        n_duplicates=repeats.n_duplicates,
        n_near_duplicates=repeats.n_near_duplicates,
        grading_noise=answers.grading_noise(units.pair, {one.name: one.scores for one in asked}),
        grade_agreement=None
        if second_grades is None
        else grade_agreement(units.pair, second_grades, strong=strong, weak=weak),
        n_resamples=n_resamples,
        seed=seed,
    )


def rows_of_length_one(rows: NDArray[np.float32]) -> NDArray[np.float32]:
    """Scale embeddings to length 1, shape (n, d); a row of zeros stays one."""
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return found


def _differences(
    asked: list[Candidate], others: list[Candidate], measured: dict[str, Resampled]
) -> tuple[Difference, ...]:
    compared = [one for one in others if one.ranks]
    return tuple(
        Difference(one.name, other.name, figure, measured[one.name].less(measured[other.name], figure))
        for place, one in enumerate(asked)
        for other in [*asked[place + 1 :], *compared]
        for figure in COMPARED
    )


def _coverage(router: Scored, pair: Pair) -> float | None:
    """Return the paper's benchmark-dataset similarity (Table 5), None where the router cannot say."""
    if not isinstance(router, Router):
        return None
    similarity = router.training_similarity(pair.prompts)
    return None if similarity is None else float(np.mean(similarity))


def _model(name: str, always: Resampled, latency: ModelLatency | None) -> ModelFigures:
    return ModelFigures(name, always.estimate("quality"), always.estimate("cost"), latency)
