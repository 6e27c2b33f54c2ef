"""RouteLLM's similarity weighting, a regression for each query, and the battles both sides are timed on."""

import math
import warnings
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router import PreferenceData
from shared_router.preferences.grades import Winner
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter

N_MODELS, N_TIERS = 64, 10
Vectors = NDArray[np.float32]


class VectorEmbedder:
    """Give the query "i" the vector i: what is measured is the router, not an encoder."""

    def __init__(self, vectors: Vectors) -> None:
        self._vectors = vectors

    def embed(self, texts: Sequence[str]) -> Vectors:
        """Return shape (n, dim); a text that is no number gets the first vector."""
        return self._vectors[[int(text) if text.isdigit() else 0 for text in texts]]


class RegressionPerQuery:
    """RouteLLM's way: for each query a regression on one-hot tier differences, every battle twice."""

    def __init__(self, data: PreferenceData, tiers: dict[str, int], vectors: Vectors) -> None:
        self.sides = [np.tile([tiers[m] for m in side], 2) for side in (data.model_a, data.model_b)]
        won = np.array([{"a": 1.0, "b": 0.0, "tie": 0.5}[w] for w in data.winners])
        self.vectors = vectors.astype(np.float64)
        self.labels = np.concatenate([np.ceil(won), np.floor(won)])

    def similarities(self, query: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return the cosine to every battle's query."""
        norms = np.linalg.norm(self.vectors, axis=1) * np.linalg.norm(query)
        cosines: NDArray[np.float64] = self.vectors @ query / norms
        return cosines

    def lead(self, similarities: NDArray[np.float64], tolerance: float = 1e-4) -> float:
        """Return the win probability of the best tier over the worst."""
        from sklearn.linear_model import LogisticRegression

        weights = 10 * 10 ** (similarities / similarities.max())
        rows = np.arange(len(self.labels))
        design = np.zeros((len(rows), N_TIERS))
        design[rows, self.sides[0]] = math.log(10)
        design[rows, self.sides[1]] = -math.log(10)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # penalty=None is deprecated, and what RouteLLM passes
            model = LogisticRegression(fit_intercept=False, penalty=None, tol=tolerance, max_iter=1000)
            model.fit(design, self.labels, sample_weight=np.tile(weights, 2))
        lead = (model.coef_[0][0] - model.coef_[0][-1]) * math.log(10)
        return float(1 / (1 + math.exp(-lead)))


def make_battles(n: int, seed: int = 0) -> PreferenceData:
    """Draw battles among 64 models, none between two models of one tier."""
    rng = np.random.default_rng(seed)
    strength = np.sort(rng.standard_normal(N_MODELS))[::-1]
    a = rng.integers(0, N_MODELS, n)
    b = (a + rng.integers(N_MODELS // N_TIERS + 1, N_MODELS - N_MODELS // N_TIERS, n)) % N_MODELS
    chance = 1 / (1 + np.exp(strength[b] - strength[a]))
    won = np.where(rng.random(n) < chance, "a", "b")
    winners: list[Winner] = np.where(rng.random(n) < 0.3, "tie", won).tolist()
    return PreferenceData(
        [str(i) for i in range(n)], [f"m{i:02d}" for i in a], [f"m{i:02d}" for i in b], winners
    )


def tier_pair(data: PreferenceData, vectors: Vectors) -> tuple[SimilarityWeightedRouter, PreferenceData]:
    """Fit the router on all battles, then on those across its own tiers alone, so that both see the same."""
    embedder = VectorEmbedder(vectors)
    router = SimilarityWeightedRouter.published(embedder, strong=0, weak=N_TIERS - 1)
    router.n_tiers = N_TIERS
    router.fit(data, embeddings=vectors)
    tiers = dict(zip(router.models_ or (), router.tiers_.tolist(), strict=True))
    across = [i for i in range(len(data)) if tiers[data.model_a[i]] != tiers[data.model_b[i]]]

    def pick(column: Sequence[str]) -> list[str]:
        return [column[i] for i in across]

    renamed = PreferenceData(
        pick(data.queries),
        [f"tier {tiers[m]}" for m in pick(data.model_a)],
        [f"tier {tiers[m]}" for m in pick(data.model_b)],
        [data.winners[i] for i in across],
    )
    again = SimilarityWeightedRouter.published(embedder, strong="tier 0", weak=f"tier {N_TIERS - 1}")
    again.n_tiers = N_TIERS
    return again.fit(renamed, embeddings=vectors[across]), renamed
