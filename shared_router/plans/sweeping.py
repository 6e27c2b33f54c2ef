"""Sweeping thresholds by cumulative sums: what each cut of rows sorted by their risk comes to."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Places = NDArray[np.intp]

SLACK = 1e-12
"""How far sums may be off, as a share."""

_QUANTILES = np.linspace(1e-5, 1 - 1e-5, 40)
"""Those of FrugalGPT's search."""
_EVENLY = 10
_BLOCK = 16


def cuts_of(risks: Floats) -> tuple[Places, Places]:
    """Return the rows by falling risk, and how many go on at each cut that a threshold can make.

    Equal risks go on together. A risk of 1 always goes on, since a threshold is at most 1.

    Args:
        risks: Shape (n,), in [0, 1].
    """
    order = np.argsort(-risks, kind="stable")
    ranked = risks[order]
    cuts = np.concatenate([[0], np.flatnonzero(ranked[1:] != ranked[:-1]) + 1, [len(ranked)]])
    return order, cuts[cuts >= np.count_nonzero(ranked >= 1)]


def some_cuts(cuts: Places, ranked: Floats, most: int) -> Places:
    """Return all cuts where they are few, and else those at FrugalGPT's quantiles and as many evenly spaced.

    Args:
        cuts: As `cuts_of` returns them.
        ranked: The risks, falling.
        most: How many cuts are few.
    """
    if len(cuts) <= most:
        return cuts
    at_quantiles = np.searchsorted(-ranked, -np.quantile(ranked, _QUANTILES), side="right")
    evenly = cuts[np.linspace(0, len(cuts) - 1, _EVENLY).astype(np.intp)]
    return np.intersect1d(np.concatenate([at_quantiles, evenly]), cuts)


def threshold_of(ranked: Floats, n_going_on: int) -> float:
    """Return a threshold that lets the first so many of falling risks go on: halfway to the next."""
    if n_going_on == len(ranked):
        return 0.0
    above = 1.0 if n_going_on == 0 else float(ranked[n_going_on - 1])
    middle = (above + float(ranked[n_going_on])) / 2
    return middle if middle > float(ranked[n_going_on]) else above


def sums(values: Floats) -> Floats:
    """Return the sums of the first 0, 1, ... n values, along the last axis."""
    total = np.zeros((*values.shape[:-1], values.shape[-1] + 1))
    np.cumsum(values, axis=-1, out=total[..., 1:])
    return total


def best_place(quality: Floats, dollars: Floats, budget: float) -> int | None:
    """Return the place of the best quality within a budget, the cheapest of equals; None for none."""
    within = np.where(dollars <= budget * (1 + SLACK), quality, -np.inf)
    place = int(within.argmax())
    best = within[place]
    if best == -np.inf:
        return None
    among = np.flatnonzero(within >= best - SLACK * max(abs(best), 1.0))
    return int(among[dollars[among].argmin()])


def best_of_two_cuts(
    quality: Floats, dollars: Floats, risks: Floats, budget: float, first_cuts: Places
) -> tuple[float, float, int, tuple[float, float]] | None:
    """Return the best thresholds of a list of three models.

    Args:
        quality: Shape (n, 3), in the order of the list.
        dollars: Shape (n, 3).
        risks: Shape (n, 3); the last column is not read.
        budget: Mean cost a row.
        first_cuts: How many rows may go on from the first model; every cut of the second is looked at.

    Returns:
        The sums of quality and dollars, the first cut, and both thresholds; None where all cost more.
    """
    order, inner = (np.argsort(-risks[:, stage], kind="stable") for stage in (0, 1))
    inner_cuts = cuts_of(risks[:, 1])[1]
    rank = np.empty(len(order), dtype=np.intp)
    rank[order] = np.arange(len(order))
    quality_to_second = quality[:, 0].sum() + sums((quality[:, 1] - quality[:, 0])[order])
    dollars_to_second = dollars[:, 0].sum() + sums(dollars[order, 1])
    to_third, third_dollars = (quality[:, 2] - quality[:, 1])[inner], dollars[inner, 2]
    affordable = first_cuts[dollars_to_second[first_cuts] <= budget * len(order) * (1 + SLACK)]
    best: tuple[float, float, int, int] | None = None
    for start in range(0, len(affordable), _BLOCK):
        block = affordable[start : start + _BLOCK]
        goes_on = rank[inner] < block[:, None]  # (cuts, n), in the order of the second's risks
        total, spent = sums(goes_on * to_third), sums(goes_on * third_dollars)
        if len(inner_cuts) < total.shape[1]:
            total, spent = total[:, inner_cuts], spent[:, inner_cuts]
        total += quality_to_second[block][:, None]
        spent += dollars_to_second[block][:, None]
        place = best_place(total.ravel(), spent.ravel(), budget * len(order))
        if place is not None:
            row, column = divmod(place, len(inner_cuts))
            found = (float(total[row, column]), float(spent[row, column]), int(block[row]), int(column))
            best = found if best is None else max(best, found, key=lambda each: (each[0], -each[1]))
    if best is None:
        return None
    first = threshold_of(risks[order, 0], best[2])
    second = threshold_of(risks[inner, 1], int(inner_cuts[best[3]]))
    return best[0], best[1], best[2], (first, second)
