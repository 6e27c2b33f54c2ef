"""Hybrid-LLM's three kinds of labels (Ding et al., ICLR 2024, arXiv 2404.14618, sections 3.1 to 3.3).

The paper's label is of the small model: y = Pr[H(x) >= -t], with the quality gap H(x) = q(S(x)) - q(L(x)).
Here it is turned round, as everything in this project is: P(strong needed) = 1 - y. Left out: what makes the
qualities (`qualities`, `bart_score`) and what learns from the labels (`BertRouter.fit_soft`).
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import ArrayLike, NDArray

from shared_router.choices import check_choice
from shared_router.errors import DataError, InvalidInputError
from shared_router.records.scale import check_scale, check_scores

LabelKind = Literal["det", "prob", "trans"]
Floats = NDArray[np.float64]

GRID_POINTS = 100
_ZOOMS = 2


class HybridLabels(NamedTuple):
    """What a router learns from.

    Attributes:
        labels: P(strong needed) of each prompt, shape (n,), each in [0, 1].
        t: How much worse than the strong model's answer still counts as good enough, >= 0, in units of the
            qualities.
    """

    labels: Floats
    t: float


def hybrid_labels(
    strong_qualities: ArrayLike,
    weak_qualities: ArrayLike,
    kind: LabelKind = "trans",
    *,
    scale: tuple[float, float] | None = None,
) -> HybridLabels:
    """Say how likely each prompt needs the strong model: 1 - Pr[q(weak) >= q(strong) - t].

    A label of 0 says that the weak model's answers are always good enough, 1 that they never are.

    Args:
        strong_qualities: The quality of each of the strong model's answers, shape (n, samples), finite; any
            scale will do on which more is better, the same for both models.
        weak_qualities: The weak model's likewise; it may have another number of samples.
        kind: `"det"`: from the first answer of each, so 0 or 1 (equation 1); t is 0.
            `"prob"`: the share of all pairs of answers, one of each model (equation 2); t is 0.
            `"trans"`: the same at t*, the t >= 0 whose labels differ most from each other, which helps
            where the weak model is so far behind that most labels are near 1 (equation 3).
        scale: The worst and the best quality there can be; None does not check. Qualities of two scales
            give labels that mean nothing, and only who made them can say.

    Returns:
        The labels, and t. It can be unpacked: `labels, t = hybrid_labels(...)`.

    Raises:
        DataError: If the shapes are others, a quality is not finite, or for `"trans"` the labels are the
            same for every prompt whatever t is, so that t* is undefined.
        InvalidInputError: If there is no such kind, or `"prob"` or `"trans"` is asked of one answer of each.
        ScaleError: If a quality is outside the scale.
    """
    check_choice("kind", kind, get_args(LabelKind))
    strong = _checked("strong_qualities", strong_qualities, scale)
    weak = _checked("weak_qualities", weak_qualities, scale)
    if len(strong) != len(weak):
        raise DataError(
            "strong_qualities and weak_qualities must have one row per prompt, got "
            f"{len(strong)} and {len(weak)} rows"
        )
    if kind == "det":
        return HybridLabels(_labels(strong[:, :1], weak[:, :1], 0.0), 0.0)
    if strong.shape[1] == weak.shape[1] == 1:
        raise InvalidInputError(
            f'kind="{kind}" needs several answers of a model to each prompt, got one of each; sample more, '
            'or take kind="det"'
        )
    t = 0.0 if kind == "prob" else best_t(strong, weak)
    return HybridLabels(_labels(strong, weak, t), t)


def best_t(strong: Floats, weak: Floats) -> float:
    """Return t*, the smallest t >= 0 whose labels are spread most (equation 3).

    The paper searches a grid and leaves it open; on a fixed one t* would hang on the qualities' unit. Labels
    change only where t passes a gap between two answers, so the grid's points lie in the middle between
    neighbouring gaps: all of them where there are at most 100, which makes the search exact; else every k-th,
    and then, twice, those between the neighbours of the best. So t* scales with the qualities, and no
    rounding of a gap decides a label.

    Args:
        strong: The strong model's qualities, shape (n, samples).
        weak: The weak model's.

    Raises:
        DataError: If no t makes two prompts' labels differ.
    """
    gaps = _gaps(strong, weak)
    # as much as a gap of two numbers this large may be off
    rounding = 16 * float(np.finfo(np.float64).eps * max(np.abs(strong).max(), np.abs(weak).max()))
    candidates = _between(gaps, rounding)
    low, high = 0, len(candidates)
    for _ in range(1 + _ZOOMS):
        chosen = np.unique(np.linspace(low, high - 1, GRID_POINTS).round().astype(np.int64))
        spreads = _spreads(gaps, candidates[chosen])
        best = int(np.argmax(spreads))
        low = int(chosen[max(best - 1, 0)])
        high = int(chosen[min(best + 1, len(chosen) - 1)]) + 1
    if not spreads[best] > 0:
        raise DataError(
            f"t* is undefined: all {len(strong)} prompts have the same label at every t, so there is nothing "
            "to learn; take prompts that differ, or look whether both models' qualities are on one scale"
        )
    return float(candidates[chosen[best]])


def label_spread(labels: Floats) -> float:
    """Return the mean absolute difference of two labels, J = (1 / n^2) sum_ij |y_i - y_j| (equation 3).

    With the labels sorted it is (2 / n^2) sum_k (2 k - n - 1) y_(k), in O(n log n).

    Args:
        labels: Shape (n,).

    Returns:
        Gini's mean difference: 0 where all are equal, at most 1/2 of labels in [0, 1].
    """
    n = len(labels)
    return float(2 * (2 * np.arange(1, n + 1) - n - 1) @ np.sort(labels) / n**2)


def spread_curve(strong: Floats, weak: Floats, t: Floats) -> Floats:
    """Return J(t), the spread of the labels at each t, shape as given; see `label_spread`.

    Args:
        strong: The strong model's qualities, shape (n, samples).
        weak: The weak model's.
        t: Where to look, rising, shape (g,).
    """
    return _spreads(_gaps(strong, weak), t)


def _checked(name: str, qualities: ArrayLike, scale: tuple[float, float] | None) -> Floats:
    try:
        array = np.asarray(qualities, dtype=np.float64)
    except (TypeError, ValueError) as error:
        wrong = f"{name} must be numbers, as many for each prompt, got {type(error).__name__}"
        raise DataError(wrong) from None  # numpy's message quotes what it was given
    if array.ndim != 2 or not array.size:
        raise DataError(f"{name} must have shape (prompts, samples), none of them 0, got {array.shape}")
    if not np.isfinite(array).all():
        row = int(np.flatnonzero(~np.isfinite(array).all(axis=1))[0])
        raise DataError(f"{name} must be finite, got NaN or infinity in row {row}; leave such prompts out")
    if scale is not None:
        check_scale(scale)
        check_scores(array.ravel(), scale)
    return array


def _labels(strong: Floats, weak: Floats, t: float) -> Floats:
    """Return 1 - Pr[q(weak) >= q(strong) - t] over all pairs of answers, shape (n,)."""
    needed: Floats = (weak[:, None, :] < strong[:, :, None] - t).mean(axis=(1, 2))
    return needed


def _gaps(strong: Floats, weak: Floats) -> Floats:
    """Return q(strong) - q(weak) of every pair of answers, shape (n, pairs)."""
    return (strong[:, :, None] - weak[:, None, :]).reshape(len(strong), -1)


def _between(gaps: Floats, rounding: float) -> Floats:
    """Return 0 and the middles between neighbouring gaps above it: one t for each set of labels."""
    above = np.unique(gaps[gaps > 0])
    if not len(above):
        return np.zeros(1)
    # two gaps that differ by rounding alone are one
    above = above[np.diff(above, prepend=0.0) > rounding]
    return np.concatenate([[0.0], (above[1:] + above[:-1]) / 2])


def _spreads(gaps: Floats, grid: Floats) -> Floats:
    """Return J at each t of a rising grid, shape (g,); the strong model is needed where a gap is above t."""
    n, pairs = gaps.shape
    width = len(grid) + 1
    passed = np.searchsorted(grid, gaps)  # (n, pairs): how many points each gap is above
    cells = (np.arange(n)[:, None] * width + passed).ravel()
    counts = np.bincount(cells, minlength=n * width).reshape(n, width)
    above = counts[:, ::-1].cumsum(axis=1)[:, ::-1][:, 1:]  # (n, g): pairs above each point
    # whole numbers, so that equal spreads are equal
    spreads: Floats = np.array([label_spread(column) for column in np.ascontiguousarray(above.T)]) / pairs
    return spreads
