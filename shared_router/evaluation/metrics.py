"""What a router gains, read off the curve of quality over strong fraction: PGR, APGR, CPT.

Follows RouteLLM (paper, section 2; `routellm/evals/evaluate.py`). Sending the queries of highest win
probability to the strong model gives quality r(f) at strong fraction f, and
`PGR(f) = (r(f) - r_weak) / (r_strong - r_weak)`.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]


def gap_curve(scores: Floats, strong: Floats, weak: Floats) -> tuple[Floats, Floats]:
    """Return every strong fraction a threshold can reach, and the PGR there.

    Equal scores move together, so a tie is one straight segment: what breaking it at random gives on
    average.

    Args:
        scores: Win probability, or any score that ranks, of each query, shape (n,).
        strong: Quality of the strong model's answers, shape (n,).
        weak: Quality of the weak model's answers, shape (n,).

    Returns:
        Strong fractions in [0, 1] and their PGR, both from (0, 0) to (1, 1).
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    last_of_tie = np.flatnonzero(np.append(ranked[1:] != ranked[:-1], True))
    gain = np.cumsum((strong - weak)[order])[last_of_tie]
    fractions = np.concatenate([[0.0], (last_of_tie + 1) / len(scores)])
    return fractions, np.concatenate([[0.0], gain / np.sum(strong - weak)])


def apgr(scores: Floats, strong: Floats, weak: Floats) -> float:
    """Return the area under PGR over the strong fraction, every cut used; random routing gives 0.5.

    Args:
        scores: As in `gap_curve`.
        strong: As in `gap_curve`.
        weak: As in `gap_curve`.

    Returns:
        The area; below 0 and above 1 are possible where the strong model is the worse on some queries.
    """
    fractions, gap = gap_curve(scores, strong, weak)
    return float(np.sum((gap[1:] + gap[:-1]) / 2 * np.diff(fractions)))


def decile_apgr(scores: Floats, strong: Floats, weak: Floats, *, bins: int = 10) -> float:
    """Return APGR at the deciles of the scores, as RouteLLM's code computes it.

    The thresholds are the edges of `pandas.qcut(scores, bins, duplicates="drop")`; a query goes strong when
    its score is `>=` the edge, `>` for the last; the area by trapezoids over the strong fractions, less the
    weak model's, is divided by what the strong model's alone would be on the same range.

    Args:
        scores: As in `gap_curve`.
        strong: As in `gap_curve`.
        weak: As in `gap_curve`.
        bins: How many quantiles.
    """
    edges = np.unique(np.quantile(scores, np.linspace(0, 1, bins + 1)))
    goes_strong = [scores > edge if i == len(edges) - 1 else scores >= edge for i, edge in enumerate(edges)]
    fraction = np.array([chosen.mean() for chosen in goes_strong][::-1])
    quality = np.array([np.where(chosen, strong, weak).mean() for chosen in goes_strong][::-1])
    width = fraction[-1] - fraction[0]
    area = np.sum((quality[1:] + quality[:-1]) / 2 * np.diff(fraction))
    return float((area - weak.mean() * width) / ((strong.mean() - weak.mean()) * width))


def cpt(scores: Floats, strong: Floats, weak: Floats, target: float) -> float:
    """Return the smallest strong fraction whose PGR reaches a target.

    Args:
        scores: As in `gap_curve`.
        strong: As in `gap_curve`.
        weak: As in `gap_curve`.
        target: The PGR to reach, in (0, 1]; CPT(50%) is 0.5.

    Returns:
        The strong fraction, in [0, 1]; between two cuts the curve is straight.
    """
    fractions, gap = gap_curve(scores, strong, weak)
    i = int(np.argmax(gap >= target))
    if i == 0 or gap[i] == target:
        return float(fractions[i])
    share = (target - gap[i - 1]) / (gap[i] - gap[i - 1])
    return float(fractions[i - 1] + share * (fractions[i] - fractions[i - 1]))


def calibration_error(probabilities: Floats, outcomes: Floats, *, bins: int = 10) -> float:
    """Return the expected calibration error over bins of equal count.

    Args:
        probabilities: What was said, shape (n,), each in [0, 1].
        outcomes: What came, shape (n,), each in [0, 1].
        bins: How many bins.

    Returns:
        The mean distance between said and seen frequency, in [0, 1].
    """
    parts = np.array_split(np.argsort(probabilities, kind="stable"), bins)
    gaps = [
        abs(probabilities[part].mean() - outcomes[part].mean()) * len(part) for part in parts if len(part)
    ]
    return float(sum(gaps) / len(probabilities))
