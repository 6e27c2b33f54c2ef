"""The choice itself: rows whose grades leave the least doubt about all the others.

Grades are taken as a linear function of a few numbers of each prompt, plus noise. Before any grade the
function is unknown (prior variance 1 in every direction); each grade narrows it, most along its own row. The
next row is the one that lowers the mean variance over all rows most: Cohn's criterion for active learning
("Neural network exploration using optimal experiment design", 1996, section 3), greedy and in closed form.
It needs no grade, so all k are chosen at once.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import InvalidInputError

Floats = NDArray[np.float64]

NOISE = 0.3
"""The variance of one grade beside that of what is learned: with a small one the choice covers more."""


AMONG = 4
"""Of how many rows, drawn by chance, each one is the best in `suggest`. The best of all are mostly strange
ones, and a router that learns from these alone can rank common prompts worse than before it learned."""


def choose_rows(
    rows: NDArray[np.floating],
    k: int,
    *,
    graded: NDArray[np.floating] | None = None,
    noise: float = NOISE,
    among: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    r"""Choose k rows, the most useful first.

    With C the covariance of the unknown weights and M the mean of x x^T over all rows, the row x lowers the
    mean variance by x^T C M C x / (noise + x^T C x); grading it makes C less C x x^T C / (noise + x^T C x).

    Args:
        rows: A few numbers of each prompt, shape (n, d), as `describe` makes them.
        k: How many to choose, in [1, n].
        graded: The rows of prompts that are graded already, shape (m, d); what they teach is not asked again.
        noise: The variance of one grade, > 0.
        among: How many rows, drawn by chance, each one is the best of, >= 1, so that the chosen stay like all
            the others; None takes the best of all.
        seed: Draws these.

    Returns:
        Places of the chosen, shape (k,), none twice, in the order in which they were chosen. Of equally
        useful ones the first is taken, so the same rows give the same choice.

    Raises:
        InvalidInputError: If k or the noise is out of its range, or the rows are not finite numbers.
    """
    known = np.column_stack([rows, np.ones(len(rows))]).astype(np.float64)
    if known.ndim != 2 or not np.isfinite(known).all():
        raise InvalidInputError("rows must be finite numbers of shape (n, d), and these are not")
    if not isinstance(k, (int, np.integer)) or not 1 <= k <= len(known):
        raise InvalidInputError(f"k must be a whole number in 1 to {len(known)}, got {shown(k)}")
    if not noise > 0:
        raise InvalidInputError(f"noise must be > 0, got {shown(noise)}")
    if among is not None and not (isinstance(among, (int, np.integer)) and among >= 1):
        raise InvalidInputError(f"among must be a whole number >= 1 or None, got {shown(among)}")
    covariance = np.eye(known.shape[1])
    if graded is not None and len(graded):
        seen = np.column_stack([graded, np.ones(len(graded))]).astype(np.float64)
        covariance = np.linalg.inv(covariance + seen.T @ seen / noise)
    drawn = len(known) if among is None else among
    return _greedy(known, int(k), covariance, noise, drawn=drawn, rng=np.random.default_rng(seed))


def _greedy(
    rows: Floats, k: int, covariance: Floats, noise: float, *, drawn: int, rng: np.random.Generator
) -> NDArray[np.int64]:
    moments = rows.T @ rows / len(rows)  # (d, d)
    spread = rows @ covariance  # (n, d), kept up to date: multiplying anew would take d times as long
    seen = spread @ moments
    variance = np.einsum("nd,nd->n", spread, rows)
    free = np.ones(len(rows), dtype=bool)
    chosen = np.empty(k, dtype=np.int64)
    for place in range(k):
        gain = np.einsum("nd,nd->n", seen, spread) / (noise + variance)
        asked = np.flatnonzero(free)
        if drawn < len(asked):
            asked = np.sort(rng.choice(asked, drawn, replace=False))
        best = int(asked[gain[asked].argmax()])
        chosen[place], free[best] = best, False
        along = spread[best].copy()
        step = (spread @ rows[best]) / (noise + variance[best])  # (n,)
        variance = variance - step**2 * (noise + variance[best])
        spread -= np.outer(step, along)
        seen -= np.outer(step, along @ moments)
    return chosen
