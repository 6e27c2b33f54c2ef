"""What an online router has learned: one regression for the grades of both models' answers.

A row is `[phi, a phi / 2]`, with a = 1 where the strong model's answer was graded and -1 where the weak one's
was: the first half of the coefficients is the base, the second the gain.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError
from shared_router.learners.running_regression import RunningRegression, Sums
from shared_router.routers.online_features import N_FEATURES, PRIOR_FEATURE

Floats = NDArray[np.float64]

_NOISE = 0.2
"""The variance of a grade of 0 or 1 around what is expected of it; of finer grades it is less."""
_BASE, _GAIN = 30.0, 800.0
"""Prior precisions. The gain's was chosen on RouteLLM's MMLU and GSM8K grades, which no benchmark streams."""
_MEAN_BASE, _MEAN_GAIN = 10.0, 25.0
"""Those of their means over all questions: a deviation of 0.3, and of 0.2."""
_FIRST_BASE, _FIRST_GAIN = 0.5, 0.2
_SLOPE = 0.08
"""What a width of the prior's log odds is worth in grade, before any grade says otherwise."""
_LEAST_EIGENVALUE = -1e-6


class OnlineHead:
    """Expect grades, and learn from them.

    Args:
        has_prior: Whether a prior router's ranking is what holds at first.
        memory: After how many grades one weighs 1 / e of what it did; None forgets nothing.
    """

    def __init__(self, *, has_prior: bool, memory: float | None) -> None:
        mean = np.zeros(2 * N_FEATURES)
        mean[0], mean[N_FEATURES] = _FIRST_BASE, _FIRST_GAIN
        mean[N_FEATURES + PRIOR_FEATURE] = _SLOPE if has_prior else 0.0
        precision = np.repeat([_BASE, _GAIN], N_FEATURES)
        precision[[0, N_FEATURES]] = _MEAN_BASE, _MEAN_GAIN
        self.regression = RunningRegression(mean, precision, noise=_NOISE, memory=memory)

    def win_probability(self, features: Floats) -> Floats:
        """Return (1 + the gain expected) / 2 of n prompts, in [0, 1], shape (n,)."""
        probability: Floats = np.clip((1 + self._gain(features)) / 2, 0.0, 1.0)
        return probability

    def spread(self, features: Floats) -> Floats:
        """Return the standard deviation of `win_probability`, in [0, 1], shape (n,)."""
        covariance = self.regression.covariance[N_FEATURES:, N_FEATURES:]
        variance = np.einsum("ni,ij,nj->n", features, covariance, features, optimize=True)
        spread: Floats = np.clip(np.sqrt(np.maximum(variance, 0.0)) / 2, 0.0, 1.0)
        return spread

    def expected(self, features: Floats, strong: NDArray[np.bool_]) -> Floats:
        """Return the grades expected of the strong model's answers, or the weak one's, shape (n,)."""
        base = features @ self.regression.mean[:N_FEATURES]
        return np.asarray(base + np.where(strong, 0.5, -0.5) * self._gain(features))

    def learn(self, features: Floats, strong: NDArray[np.bool_], scores: Floats, weights: Floats) -> None:
        """Learn from n grades.

        Args:
            features: Of the prompts, shape (n, `N_FEATURES`).
            strong: Whose answers were graded, shape (n,).
            scores: The grades, in [0, 1], shape (n,).
            weights: What each counts, >= 0, shape (n,).
        """
        sides = np.where(strong, 0.5, -0.5)[:, None]
        self.regression.add(np.concatenate([features, features * sides], axis=1), scores, weights)

    def as_tensors(self) -> dict[str, NDArray[Any]]:
        """Return the sums a grade, for a checkpoint, whose count is among the settings."""
        sums = self.regression.sums
        over = 1 / max(sums.count, 1.0)
        return {"moments": sums.moments * over, "products": sums.products * over}

    def _gain(self, features: Floats) -> Floats:
        return np.asarray(features @ self.regression.mean[N_FEATURES:])


def sums_of(tensors: Mapping[str, NDArray[Any]], count: object) -> Sums:
    """Return the sums that `OnlineHead.as_tensors` wrote.

    Args:
        tensors: What it returned.
        count: How many grades there were, from the settings.

    Raises:
        ArtifactSchemaError: If they are no sums of grades.
    """
    moments, products = tensors["moments"], tensors["products"]
    dim = 2 * N_FEATURES
    if moments.dtype != np.float64 or products.dtype != np.float64:
        raise ArtifactSchemaError("an online router's sums must be float64")
    if moments.shape != (dim, dim) or products.shape != (dim,):
        raise ArtifactSchemaError(f"an online router's sums must be of {dim} columns, got {moments.shape}")
    if isinstance(count, bool) or not isinstance(count, (int, float)) or not 0 <= count < float("inf"):
        raise ArtifactSchemaError("an online router's count must be a finite number >= 0")
    if not np.allclose(moments, moments.T) or np.linalg.eigvalsh(moments)[0] < _LEAST_EIGENVALUE:
        raise ArtifactSchemaError("an online router's moments must be a sum of squares")
    scale = max(float(count), 1.0)
    return Sums(float(count), moments * scale, products * scale)
