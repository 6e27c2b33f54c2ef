"""The learned baselines on texts: TF-IDF with logistic regression, k nearest neighbours, k-means.

kNN and k-means follow the field's strong simple routers: kNN of "Rethinking predictive modeling for LLM
routing" (arXiv 2505.12601), and Avengers (arXiv 2505.19797), which clusters prompts and asks in each cluster
the model that was best there. Words are hashed, so nothing but a fold's own texts sets a weight; clusters
are found without any grade.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import MissingExtraError
from shared_router.evaluation.folds import cross_fit
from shared_router.evaluation.pair import Floats, Rows

if TYPE_CHECKING:
    from types import ModuleType

NEIGHBOURS = 50
CLUSTERS = 64
_COMPONENTS = 64
_HASHED_WORDS = 1 << 18
_SHRINKAGE = 5.0
_BLOCK = 1024


def tfidf_logistic_scores(prompts: Sequence[str], wins: Floats, folds: Rows) -> Floats:
    """Return P(strong answer is better) by a prompt's words and word pairs, less its mean, shape (n,)."""
    text, linear = _sklearn("feature_extraction.text"), _sklearn("linear_model")
    words = _hashed_words(prompts)

    def score(learned: Rows, asked: Rows) -> Floats:
        if len(np.unique(wins[learned])) < 2:
            return np.full(len(asked), wins[learned].mean())
        weigh = text.TfidfTransformer(sublinear_tf=True).fit(words[learned])
        model = linear.LogisticRegression(solver="liblinear", random_state=0)
        model.fit(weigh.transform(words[learned]), wins[learned])
        found: Floats = model.predict_proba(weigh.transform(words[asked]))[:, 1]
        return found

    return cross_fit(folds, wins, score)


def knn_scores(vectors: NDArray[np.float32], gain: Floats, folds: Rows) -> Floats:
    """Return each prompt's mean gain over its 50 most similar prompts in other folds, shape (n,)."""

    def score(learned: Rows, asked: Rows) -> Floats:
        k = min(NEIGHBOURS, len(learned))
        known = np.ascontiguousarray(vectors[learned].T)
        found = np.empty(len(asked))
        for start in range(0, len(asked), _BLOCK):
            similarity = vectors[asked[start : start + _BLOCK]] @ known
            near = np.argpartition(-similarity, k - 1, axis=1)[:, :k]
            found[start : start + _BLOCK] = gain[learned][near].mean(axis=1)
        return found

    return cross_fit(folds, gain, score)


def kmeans_scores(vectors: NDArray[np.float32], gain: Floats, folds: Rows, *, seed: int) -> Floats:
    """Return each prompt's cluster's mean gain in other folds, five of average gain added, shape (n,)."""
    n_clusters = min(CLUSTERS, max(2, len(vectors) // 10), len(np.unique(vectors, axis=0)))
    model = _sklearn("cluster").KMeans(n_clusters, n_init=1, max_iter=50, random_state=seed)
    cluster: Rows = model.fit_predict(vectors)

    def score(learned: Rows, asked: Rows) -> Floats:
        sizes = np.bincount(cluster[learned], minlength=n_clusters)
        sums = np.bincount(cluster[learned], weights=gain[learned], minlength=n_clusters)
        means: Floats = (sums + _SHRINKAGE * gain[learned].mean()) / (sizes + _SHRINKAGE)
        return means[cluster[asked]]

    return cross_fit(folds, gain, score)


def text_vectors(prompts: Sequence[str], *, seed: int) -> NDArray[np.float32]:
    """Return the first components of the prompts' TF-IDF, shape (n, at most 64), rows of length 1."""
    words = _hashed_words(prompts)
    weighed = _sklearn("feature_extraction.text").TfidfTransformer(sublinear_tf=True).fit_transform(words)
    weighed = weighed[:, np.unique(weighed.indices)]  # most hashes name no word here
    if weighed.shape[1] == 0:  # not one prompt holds a word
        return np.zeros((len(prompts), 1), dtype=np.float32)
    components = min(_COMPONENTS, len(prompts) - 1, weighed.shape[1])
    reduce = _sklearn("decomposition").TruncatedSVD(components, n_iter=2, random_state=seed)
    rows = reduce.fit_transform(weighed)
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    found: NDArray[np.float32] = (rows / np.where(lengths > 0, lengths, 1)).astype(np.float32)
    return found


def _hashed_words(prompts: Sequence[str]) -> Any:
    """Count each prompt's words and word pairs, a sparse matrix of shape (n, 262,144)."""
    hashing = _sklearn("feature_extraction.text").HashingVectorizer(
        ngram_range=(1, 2),
        token_pattern=r"\b\w+\b",
        n_features=_HASHED_WORDS,
        alternate_sign=False,
        norm=None,
    )
    return hashing.fit_transform(prompts)


def _sklearn(module: str) -> ModuleType:
    from importlib import import_module

    try:
        return import_module(f"sklearn.{module}")
    except ModuleNotFoundError as error:
        raise MissingExtraError.of("scikit-learn", "eval") from error
