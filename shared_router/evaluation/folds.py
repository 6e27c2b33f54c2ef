"""Folds for cross-fitting: a prompt is scored by what saw neither it nor a near duplicate."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from shared_router.evaluation.pair import Floats, Rows

N_FOLDS = 5


def assign_folds(groups: Rows, *, n_folds: int = N_FOLDS, seed: int = 0) -> Rows:
    """Deal groups out to folds of about one size; a group stays whole.

    Args:
        groups: The group of each prompt, shape (n,), numbers 0 to G - 1.
        n_folds: How many folds; fewer where there are fewer groups.
        seed: Another seed deals otherwise.

    Returns:
        The fold of each prompt, shape (n,).
    """
    sizes = np.bincount(groups)
    mixed = np.random.default_rng(seed).permutation(len(sizes))
    largest_first = mixed[np.argsort(-sizes[mixed], kind="stable")]
    held = np.zeros(min(n_folds, len(sizes)), dtype=np.int64)
    fold_of = np.empty(len(sizes), dtype=np.int64)
    for group in largest_first:
        fold_of[group] = held.argmin()
        held[fold_of[group]] += sizes[group]
    found: Rows = fold_of[groups]
    return found


def cross_fit(folds: Rows, target: Floats, fit_and_score: Callable[[Rows, Rows], Floats]) -> Floats:
    """Score every prompt by what was learned on the other folds, above or below what they are on average.

    A fold of high outcomes leaves low ones to learn from. Scores that carried that average would order folds
    the wrong way round, and what knows nothing would look worse than a coin; so it is taken off.

    Args:
        folds: The fold of each prompt, shape (n,).
        target: What is foretold, shape (n,).
        fit_and_score: Given the rows to learn from and the rows to score, returns the latter's scores, on the
            target's scale.

    Returns:
        Scores less the mean target of the rows learned from, shape (n,).
    """
    scores = np.empty(len(folds))
    for fold in range(int(folds.max()) + 1):
        held_out = folds == fold
        found = fit_and_score(np.flatnonzero(~held_out), np.flatnonzero(held_out))
        scores[held_out] = found - target[~held_out].mean()
    return scores
