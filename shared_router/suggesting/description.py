"""What a choice of prompts is spread over: the view of them that a router takes which learns from few grades.

`LocalRouter` sums a kernel over embeddings, one over the form of the text, and slopes on length and on a
known router's score. A grade therefore tells most of the prompts that are near in these.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError
from shared_router.learners.kernel_basis import KernelBasis

ANCHORS = 128
"""Prompts that each kernel keeps: more than a few hundred grades can tell apart."""

SLOPES = 0.3
"""How far length and score weigh beside the kernels: little is expected of either."""

_VECTOR_GAMMA = 2.0
_CLIP = 3.0
_LEAST_PROBABILITY = 1e-3

Floats = NDArray[np.float64]


def describe(
    vectors: NDArray[np.floating],
    features: NDArray[np.floating],
    win_probabilities: NDArray[np.floating] | None = None,
    *,
    slopes: float = SLOPES,
    seed: int = 0,
) -> Floats:
    """Return numbers of each prompt whose products say how much a grade of one tells of another.

    Args:
        vectors: The prompts' embeddings, shape (n, d).
        features: Numbers of their form, shape (n, f), as `text_features` gives them: the first is taken for
            the length.
        win_probabilities: What a router says of them, shape (n,), in [0, 1]; None leaves that out.
        slopes: How far length and score weigh beside the kernels, >= 0.
        seed: Draws the prompts that the kernels keep.

    Returns:
        Shape (n, at most 2 `ANCHORS` + 2), for `choose_rows`.

    Raises:
        InvalidInputError: If the shapes do not fit, or a number is not finite.
    """
    n = len(vectors)
    given = [vectors, features] if win_probabilities is None else [vectors, features, win_probabilities]
    if any(len(each) != n or not np.isfinite(each).all() for each in given):
        raise InvalidInputError(f"every prompt of {n} must have finite numbers, and some have none")
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=1, keepdims=True)
    unit = (vectors / np.maximum(lengths, 1e-12)).astype(np.float32)
    form = _standard(features)
    known = [form[:, :1]]
    if win_probabilities is not None:
        chance = np.clip(win_probabilities, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        known.append(_standard(np.log(chance / (1 - chance))[:, None]))
    width = 1 / (2 * max(1, int((features.std(axis=0) > 0).sum())))
    kernels = [
        KernelBasis.drawn(rows.astype(np.float32), gamma=gamma, most=ANCHORS, seed=seed).features(
            rows.astype(np.float32)
        )
        for rows, gamma in ((unit, _VECTOR_GAMMA), (form, width))
    ]
    return np.column_stack([*kernels, slopes * np.column_stack(known)])


def _standard(columns: NDArray[np.floating]) -> Floats:
    """Return columns of mean 0 and deviation 1, each number within 3; what never varies is 0."""
    wide = columns.astype(np.float64)
    deviations = wide.std(axis=0)
    scaled = (wide - wide.mean(axis=0)) / np.where(deviations > 1e-9, deviations, np.inf)
    clipped: Floats = np.clip(scaled, -_CLIP, _CLIP)
    return clipped
