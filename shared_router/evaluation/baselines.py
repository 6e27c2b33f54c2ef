"""What a router must beat before it is worth anything: eight baselines, learned ones cross-fitted.

Learned baselines see four fifths of these very prompts' grades, which a router trained elsewhere did not:
they say what a little of one's own data buys, and what in it a router could have found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.evaluation.folds import assign_folds, cross_fit
from shared_router.evaluation.learned import kmeans_scores, knn_scores, text_vectors, tfidf_logistic_scores
from shared_router.evaluation.measures import Candidate
from shared_router.evaluation.pair import Floats, Pair, Rows

if TYPE_CHECKING:
    from collections.abc import Sequence

LEARNED = ("domain_mean", "tfidf_logistic", "knn", "kmeans")
_SHRINKAGE = 5.0
FEWEST_GROUPS = 10
"""Groups of prompts below which nothing is learned: a fold would hold one."""


def baselines(
    pair: Pair, groups: Rows, *, vectors: NDArray[np.float32] | None = None, seed: int = 0
) -> list[Candidate]:
    """Return the baselines that these data allow, in the order of a report.

    Args:
        pair: The n prompts.
        groups: Near duplicates share a number, shape (n,); they stay in one fold.
        vectors: Embeddings of the prompts for kNN and k-means, shape (n, d), rows of length 1; None takes
            the first components of TF-IDF.
        seed: Deals the folds and starts k-means.

    Returns:
        `random`, `length`, `always_strong`, `always_weak`, where there are at least ten groups the learned
        ones (`domain_mean` where there are several domains), and `oracle`, which knows the grades.

    Raises:
        MissingExtraError: If scikit-learn is not installed.
    """
    n = len(pair)
    together = kept_together(groups, pair.units)
    length = np.array([len(prompt) for prompt in pair.prompts], dtype=np.float64)
    return [
        Candidate("random", np.full(n, 0.5)),
        Candidate("length", length),
        Candidate("always_strong", np.ones(n), threshold=1.0, ranks=False),
        Candidate("always_weak", np.zeros(n), threshold=1.0, ranks=False),
        *(_learned(pair, together, vectors, seed) if together.max() + 1 >= FEWEST_GROUPS else []),
        Candidate("oracle", pair.gain, threshold=float(np.nextafter(0, 1))),
    ]


def kept_together(groups: Rows, units: Rows) -> Rows:
    """Join the groups of near duplicates that a conversation links: none may be torn between folds.

    Args:
        groups: The group of each prompt, shape (n,), numbers from 0 on.
        units: Its conversation, shape (n,), numbers from 0 on.

    Returns:
        Numbers from 0 on, shape (n,).
    """
    joined = groups.copy()
    while True:
        least = np.full(int(units.max()) + 1, len(groups))
        np.minimum.at(least, units, joined)
        wider = least[units]
        least = np.full(int(groups.max()) + 1, len(groups))
        np.minimum.at(least, groups, wider)
        wider = least[groups]
        if (wider == joined).all():
            return np.unique(joined, return_inverse=True)[1].astype(np.int64)
        joined = wider


def _learned(pair: Pair, groups: Rows, vectors: NDArray[np.float32] | None, seed: int) -> list[Candidate]:
    folds = assign_folds(groups, seed=seed)
    rows = text_vectors(pair.prompts, seed=seed) if vectors is None else vectors
    found = []
    if pair.domains is not None and len(set(pair.domains)) > 1:
        found.append(Candidate("domain_mean", _domain_means(pair, pair.domains, folds)))
    return [
        *found,
        Candidate("tfidf_logistic", tfidf_logistic_scores(pair.prompts, pair.strong_wins, folds)),
        Candidate("knn", knn_scores(rows, pair.gain, folds)),
        Candidate("kmeans", kmeans_scores(rows, pair.gain, folds, seed=seed)),
    ]


def _domain_means(pair: Pair, domains: Sequence[str], folds: Rows) -> Floats:
    """Score each prompt by its domain's mean gain, five prompts of average gain added to each domain."""
    index = np.unique(list(domains), return_inverse=True)[1]

    def score(learned: Rows, asked: Rows) -> Floats:
        base = pair.gain[learned].mean()
        sizes = np.bincount(index[learned], minlength=index.max() + 1)
        sums = np.bincount(index[learned], weights=pair.gain[learned], minlength=index.max() + 1)
        means: Floats = (sums + _SHRINKAGE * base) / (sizes + _SHRINKAGE)
        return means[index[asked]]

    return cross_fit(folds, pair.gain, score)
