"""What an evaluation found: frozen, with an interval beside every figure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_router.choices import shown
from shared_router.errors import UnknownNameError
from shared_router.evaluation.grade_agreement import GradeAgreement
from shared_router.evaluation.grading_noise import GradingNoise
from shared_router.evaluation.latency import ModelLatency
from shared_router.evaluation.reliability import ReliabilityBin
from shared_router.evaluation.resampling import Estimate

FIGURES: Mapping[str, str] = {
    "apgr": "area under PGR over the strong fraction, every cut used; random is 0.5",
    "decile_apgr": "APGR at ten thresholds, as RouteLLM's code computes it",
    "cpt50": "smallest strong fraction that recovers half of the gap between the models",
    "cpt80": "smallest strong fraction that recovers 80 % of the gap",
    "cpt90": "smallest strong fraction that recovers 90 % of the gap",
    "cpt95": "smallest strong fraction that recovers 95 % of the gap",
    "aiq": "mean height of the quality-cost hull (RouterBench); a quality",
    "aiq_zero": "the same of mixing the two models at random: RouterBench's Zero router",
    "aiq_over_zero": "how far the hull lies above the Zero router's",
    "savings_at_equal_quality": "cost saved at the cheapest cut at most 1 % below the strong model's quality",
    "strong_fraction_at_equal_quality": "strong fraction at that cut",
    "strong_fraction": "strong fraction at the threshold",
    "quality": "mean quality at the threshold",
    "cost": "mean cost of a prompt at the threshold",
    "savings": "cost saved at the threshold against always asking the strong model",
    "optimal_selection": "RouterArena's Opt.Sel: of the good answers, the share by the cheapest good model",
    "optimal_cost": "RouterArena's Opt.Cost: what the good answers could have cost over what they cost",
    "optimal_accuracy": "RouterArena's Opt.Acc: quality over that of the better model on each prompt",
    "arena_score": "RouterArena's score of quality and dollars",
    "ece": "expected calibration error of the win probabilities, ten bins of equal count",
    "brier": "mean squared distance of the win probabilities from what came",
}
"""Every figure's name and meaning, in the order of a report."""


@dataclass(frozen=True, slots=True)
class QualityCurve:
    """Quality and cost at each hundredth of strong fraction, 101 numbers each.

    Attributes:
        strong_fraction: 0, .01, ..., 1.
        quality: Mean quality there.
        quality_low: Its 95 % interval's lower end.
        quality_high: Its 95 % interval's upper end.
        cost: Mean cost of a prompt there.
        cost_low: Its 95 % interval's lower end.
        cost_high: Its 95 % interval's upper end.
    """

    strong_fraction: tuple[float, ...]
    quality: tuple[float, ...]
    quality_low: tuple[float, ...]
    quality_high: tuple[float, ...]
    cost: tuple[float, ...]
    cost_low: tuple[float, ...]
    cost_high: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class DomainFigures:
    """One router on the prompts of one domain.

    Attributes:
        domain: Its name.
        n: How many prompts.
        strong_quality: The strong model's mean quality there.
        weak_quality: The weak model's.
        strong_fraction: What share the router's threshold sends to the strong model.
        quality: Mean quality at the threshold.
        apgr: APGR within the domain; without an interval where fewer than 30 prompts are in it.
    """

    domain: str
    n: int
    strong_quality: float
    weak_quality: float
    strong_fraction: float
    quality: float
    apgr: Estimate


@dataclass(frozen=True, slots=True)
class Loss:
    """A prompt that routing sent to the worse of the two models.

    Attributes:
        row: The prompt's place among those evaluated, from 0.
        prompt: Its text. Not in the repr; written only where prompts may be shown.
        domain: Its domain, or None.
        score: What the router said of it.
        strong: Quality of the strong answer.
        weak: Quality of the weak answer.
    """

    row: int
    prompt: str = field(repr=False)
    domain: str | None
    score: float
    strong: float
    weak: float


@dataclass(frozen=True, slots=True)
class RouterFigures:
    """Everything measured of one router or baseline.

    Attributes:
        name: What it is called.
        baseline: Whether it is one of the baselines that every report holds.
        threshold: Its threshold; None sends half.
        figures: The figures of `FIGURES` that it has.
        curve: Its quality and cost over the strong fraction; None for a baseline with a single point.
        domains: What it does by domain, largest first; empty for baselines or without domains.
        reliability: The reliability diagram; empty where the scores are no probabilities.
        histogram: How many prompts have a score in each fiftieth of [0, 1]; empty as above.
        losses: The prompts on which it loses most, worst first, at most 20.
        coverage: The prompts' mean largest cosine to the router's training prompts (paper, Table 5); None
            is unknown, because the router keeps no training vectors.
        latency: How long its answers take at the threshold, where the outcomes say.
    """

    name: str
    baseline: bool
    threshold: float | None
    figures: Mapping[str, Estimate]
    curve: QualityCurve | None = field(default=None, repr=False)
    domains: tuple[DomainFigures, ...] = ()
    reliability: tuple[ReliabilityBin, ...] = ()
    histogram: tuple[int, ...] = ()
    losses: tuple[Loss, ...] = field(default=(), repr=False)
    coverage: float | None = None
    latency: ModelLatency | None = None

    def __getitem__(self, figure: str) -> Estimate:
        """Return a figure, or an undefined one where this router does not have it."""
        return self.figures.get(figure, Estimate(None))


@dataclass(frozen=True, slots=True)
class Difference:
    """How much more one router has of a figure than another, on the same resamples.

    Attributes:
        first: The one.
        second: The other.
        figure: One of `FIGURES`.
        estimate: First less second.
    """

    first: str
    second: str
    figure: str
    estimate: Estimate


@dataclass(frozen=True, slots=True)
class ModelFigures:
    """What always asking one model gives.

    Attributes:
        name: The model.
        quality: Its mean quality.
        cost: Its mean cost of a unit.
        latency: How long it takes, where the outcomes say.
    """

    name: str
    quality: Estimate
    cost: Estimate
    latency: ModelLatency | None = None


@dataclass(frozen=True, slots=True)
class EvaluationReport:
    """What routing between two models is worth on given outcomes.

    Attributes:
        strong: The strong model.
        weak: The weak model.
        n: How many units were evaluated: prompts that both models were graded on, or conversations.
        unit: `"prompt"` or `"conversation"`: what is routed.
        n_resampled: How many things the bootstrap draws from: prompts, or conversations where they are
            known.
        in_dollars: Whether costs are dollars; else they count strong calls.
        routers: Routers in the order given, then the baselines, by name.
        differences: Each router against every later router and every baseline with an order.
        verdicts: What that means, in words, one a router.
        notes: What a reader must know before believing a figure.
        n_left_out: How many units lacked a grade of either model.
        n_duplicates: How many prompts repeat an earlier one.
        n_near_duplicates: How many further ones nearly do.
        grading_noise: How far repeated grades of one answer differ, where the outcomes say.
        grade_agreement: How far second grades agree, where they were given.
        n_resamples: How many resamples the intervals rest on.
        seed: What they were drawn with.
    """

    strong: ModelFigures
    weak: ModelFigures
    n: int
    unit: str
    n_resampled: int
    in_dollars: bool
    routers: Mapping[str, RouterFigures]
    differences: tuple[Difference, ...]
    verdicts: tuple[str, ...]
    notes: tuple[str, ...]
    n_left_out: int
    n_duplicates: int
    n_near_duplicates: int
    grading_noise: GradingNoise | None
    grade_agreement: GradeAgreement | None
    n_resamples: int
    seed: int

    def __getitem__(self, router: str) -> RouterFigures:
        """Return a router's or a baseline's figures by its name.

        Raises:
            UnknownNameError: If there is none; the message lists those there are.
        """
        if router not in self.routers:
            raise UnknownNameError(f"a router must be one of {list(self.routers)}, got {shown(router)}")
        return self.routers[router]

    @property
    def measured(self) -> tuple[RouterFigures, ...]:
        """The routers alone, in the order given."""
        return tuple(found for found in self.routers.values() if not found.baseline)

    @property
    def pgr_defined(self) -> bool:
        """Whether the strong model is the better one here, without which no gap can be recovered."""
        return (self.strong.quality.value or 0.0) > (self.weak.quality.value or 0.0)
