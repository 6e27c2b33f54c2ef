"""What `routellm train` says of a training: the rows, how well unseen ones are ranked, the threshold."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from shared_router.commands.training_data import TrainingData
    from shared_router.evaluation.resampling import Estimate
    from shared_router.records.outcomes import Outcomes
    from shared_router.router import Router

_RESAMPLES = 200
_FEWEST = 20
"""Fewer rows are not parted into folds."""


@dataclass(frozen=True, slots=True)
class TrainingReport:
    """What a training came to.

    Attributes:
        router: The class's name.
        rows: How many rows were learned from.
        strong: The strong model's name.
        weak: The weak model's name.
        strong_wins: The share of rows that the strong model won, in [0, 1].
        ties: The share that neither won.
        threshold: The recommended threshold, in [0, 1]: half of unseen questions reach it.
        apgr: The APGR of such routers on rows they did not see, by five folds; None where not measured.
        apgr_interval: Its 95 % interval.
        length_apgr: That of prompt length on the same rows.
        length_apgr_interval: Its interval.
        details: What the router itself says of its training, in words.
    """

    router: str
    rows: int
    strong: str
    weak: str
    strong_wins: float
    ties: float
    threshold: float
    apgr: float | None = None
    apgr_interval: tuple[float, float] | None = None
    length_apgr: float | None = None
    length_apgr_interval: tuple[float, float] | None = None
    details: str = ""

    def explain(self) -> str:
        """Return the report in words, one fact a line."""
        lines = [
            f"{self.router} learned from {self.rows:,} rows of {self.strong} against {self.weak}: "
            f"{self.strong} won {self.strong_wins:.2f}, ties {self.ties:.2f}"
        ]
        if self.details:
            lines.append(self.details)
        if self.apgr is not None:
            lines.append(f"APGR on unseen rows {_shown(self.apgr, self.apgr_interval)}; random 0.5")
        if self.length_apgr is not None:
            lines.append(f"prompt length       {_shown(self.length_apgr, self.length_apgr_interval)}")
        lines.append(f"threshold           {self.threshold:.4g} sends about half strong; higher is cheaper")
        return "\n".join(lines)

    def write(self, path: Path) -> None:
        """Write it: JSON where the file's name ends so, else the words."""
        as_json = path.suffix.lower() == ".json"
        text = json.dumps(asdict(self), indent=1) if as_json else self.explain()
        path.write_text(text + "\n", encoding="utf-8", newline="\n")


def report_of(
    router: Router,
    data: TrainingData,
    threshold: float,
    *,
    fitted_on: Callable[[TrainingData], Router] | None,
) -> TrainingReport:
    """Say what a training came to.

    Args:
        router: The fitted router.
        data: What it learned from.
        threshold: The threshold that it recommends.
        fitted_on: Makes such a router and fits it on other rows, to score those it did not see; None where
            that would take too long.
    """
    battles = data.battles if data.outcomes is not None else data.between_the_sides()
    counts = Counter(battles.winners)
    own = getattr(router, "report_", None)
    measured: dict[str, Any] = {}
    if fitted_on is not None and own is None and data.outcomes is not None:
        measured = _cross_validated(data, data.outcomes, fitted_on)
    return TrainingReport(
        router=router.name,
        rows=len(battles),
        strong=data.strong,
        weak=data.weak,
        strong_wins=counts["a"] / len(battles),
        ties=counts["tie"] / len(battles),
        threshold=threshold,
        details="" if own is None else _words(own),
        **measured,
    )


def _words(own: Any) -> str:
    explain = getattr(own, "explain", None)
    return str(explain()) if callable(explain) else str(own)


def _cross_validated(
    data: TrainingData, outcomes: Outcomes, fitted_on: Callable[[TrainingData], Router]
) -> dict[str, Any]:
    """Return the APGR of routers on rows that they did not see, and that of prompt length."""
    from shared_router.errors import RouterError
    from shared_router.evaluation.folds import assign_folds, cross_fit
    from shared_router.evaluation.measured_together import measure_together
    from shared_router.evaluation.measures import Candidate
    from shared_router.evaluation.near_duplicates import find_repeats
    from shared_router.evaluation.units import units_of

    units = units_of(outcomes, strong=data.strong, weak=data.weak)
    if len(units.pair) < _FEWEST:
        return {}
    prompts = list(units.pair.prompts)

    def score(learned: Any, asked: Any) -> Any:
        return fitted_on(data.some(learned.tolist())).win_probability([prompts[i] for i in asked.tolist()])

    folds = assign_folds(find_repeats(prompts).groups)
    try:
        scores = cross_fit(folds, units.pair.gain, score)
    except RouterError:  # a fold may hold one kind of outcome alone, and then nothing is said
        return {}
    length = np.array([len(prompt) for prompt in prompts], dtype=np.float64)
    found = measure_together(
        [Candidate("router", scores), Candidate("length", length)],
        units.pair,
        n_resamples=_RESAMPLES,
        seed=0,
    )
    return {
        **_named("apgr", found["router"].estimate("apgr")),
        **_named("length_apgr", found["length"].estimate("apgr")),
    }


def _named(name: str, found: Estimate) -> dict[str, Any]:
    return {name: found.value, f"{name}_interval": found.interval}


def _shown(value: float, interval: tuple[float, float] | None) -> str:
    return f"{value:.3f}" if interval is None else f"{value:.3f} ({interval[0]:.3f} to {interval[1]:.3f})"
