"""What the figures mean, in words, and what a reader must know before believing one."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

import numpy as np

from shared_router.evaluation.baselines import FEWEST_GROUPS, kept_together
from shared_router.evaluation.measures import Candidate
from shared_router.evaluation.near_duplicates import Repeats
from shared_router.evaluation.pair import Pair
from shared_router.evaluation.report import Difference
from shared_router.evaluation.resampling import Estimate
from shared_router.evaluation.units import Units

FEWEST_PROMPTS = 30
TRAINED_ON = 0.98
"""A mean largest cosine to training prompts that only the training prompts themselves reach."""


def verdict(name: str, differences: Sequence[Difference], *, pgr_defined: bool) -> str:
    """Say in one sentence whether a router is worth more than looking at the prompt's length.

    Args:
        name: The router.
        differences: All differences of the report.
        pgr_defined: Whether APGR can be compared; else AIQ is.
    """
    figure, label = ("apgr", "APGR") if pgr_defined else ("aiq", "AIQ")
    found = [d.estimate for d in differences if (d.first, d.second, d.figure) == (name, "length", figure)]
    if not found or found[0].value is None:
        return f"{name}: cannot be compared with prompt length on this data."
    if found[0].interval is None:
        return (
            f"{name}: cannot be compared with prompt length on this data: in more than one resample in "
            "twenty the strong model is not the better one; grade more."
        )
    shown = f"{label} difference {signed(found[0])}"
    if not found[0].excludes(0.0):
        return f"{name}: not distinguishable from prompt length on this data ({shown})."
    better = "better" if found[0].interval[0] > 0 else "worse"
    return f"{name}: {better} than prompt length on this data ({shown})."


def signed(found: Estimate) -> str:
    """Show a difference with its interval."""
    if found.value is None:
        return "undefined"
    if found.low is None or found.high is None:
        return f"{found.value:+.3f}"
    return f"{found.value:+.3f}, 95 % interval {found.low:+.3f} to {found.high:+.3f}"


def notes(
    units: Units,
    asked: Sequence[Candidate],
    repeats: Repeats,
    coverage: Mapping[str, float | None],
    *,
    models: tuple[str, str],
) -> tuple[str, ...]:
    """Say what limits the figures: few prompts, an undefined gap, constant scores, repeats, missing dollars.

    Args:
        units: What was routed.
        asked: The routers.
        repeats: Prompts that repeat another.
        coverage: Each router's mean similarity to its training prompts, by name.
        models: The strong and the weak model's names.
    """
    pair = units.pair
    found = [*_about_models(pair, models), *_about_routers(asked, coverage)]
    if pair.n_units < FEWEST_PROMPTS:
        found.append(
            f"Only {pair.n_units} independent prompts: below {FEWEST_PROMPTS} intervals are wide and "
            "themselves uncertain; grade more."
        )
    if int(kept_together(repeats.groups, pair.units).max()) + 1 < FEWEST_GROUPS:
        found.append(f"Fewer than {FEWEST_GROUPS} independent prompts: the learned baselines are left out.")
    if repeats.n_duplicates + repeats.n_near_duplicates:
        found.append(
            f"{repeats.n_duplicates} prompts repeat another and {repeats.n_near_duplicates} more nearly do; "
            "learned baselines keep them in one fold."
        )
    if units.n_left_out:
        found.append(f"{units.n_left_out} were left out: a grade of one of the two models is missing.")
    return tuple(found)


def _about_models(pair: Pair, models: tuple[str, str]) -> Iterator[str]:
    if not pair.gain.sum() > 0:
        yield (
            f"{models[0]} ({pair.strong.mean():.3f}) is not better than {models[1]} ({pair.weak.mean():.3f}) "
            "on these prompts, so there is no gap to recover: PGR, APGR and CPT are undefined. Read quality "
            "against cost (AIQ)."
        )
    if not pair.in_dollars:
        yield "Dollars are not known for every answer, so cost counts strong calls; weak ones are free."
    elif pair.strong_cost.sum() <= pair.weak_cost.sum():
        yield f"{models[0]} does not cost more than {models[1]} here, so routing to the latter saves nothing."


def _about_routers(asked: Sequence[Candidate], coverage: Mapping[str, float | None]) -> Iterator[str]:
    for candidate in asked:
        if np.ptp(candidate.scores) == 0:
            yield f"{candidate.name} scores all prompts alike, so it orders them no better than a coin."
        similarity = coverage[candidate.name]
        if similarity is not None and similarity > TRAINED_ON:
            yield (
                f"{candidate.name} was probably trained on these very prompts (mean largest cosine "
                f"{similarity:.2f}); its figures say nothing about new ones."
            )
