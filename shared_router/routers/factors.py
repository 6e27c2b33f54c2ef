"""The learned numbers of matrix factorization, and what they come to for one pair of models: a line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import InvalidInputError
from shared_router.routers.bradley_terry import win_chance


@dataclass(frozen=True, slots=True)
class Line:
    """A pair's win probability: the sigmoid of a line in the embedding.

    Attributes:
        direction: Shape (width,).
        offset: In nats.
    """

    direction: NDArray[np.float32] = field(repr=False)
    offset: float

    def win_probability(self, rows: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return P(strong wins) of n embeddings, shape (n,)."""
        if len(rows) == 1:  # in a quarter of the time: each call of numpy costs as much as the numbers
            lead = float(rows[0].dot(self.direction)) + self.offset
            return np.array([1 / (1 + math.exp(min(-lead, 700.0)))])
        # BLAS may compute on lanes beyond a short row and raise their flag; rows and direction are finite
        with np.errstate(invalid="ignore"):
            leads = rows @ self.direction
        return win_chance(leads + self.offset)


@dataclass(frozen=True, slots=True)
class Factors:
    """K models' vectors and the projection of the embedding that they are multiplied with.

    Attributes:
        model_vectors: Shape (K, dim).
        projection: Shape (dim, width).
        classifier: Shape (dim,).
        bias: Shape (dim,), or None.
    """

    model_vectors: NDArray[Any] = field(repr=False)
    projection: NDArray[Any] = field(repr=False)
    classifier: NDArray[Any] = field(repr=False)
    bias: NDArray[Any] | None = field(default=None, repr=False)

    @classmethod
    def of(cls, weights: Mapping[str, NDArray[Any]], *, k: int, dim: int, bias: bool) -> Factors:
        """Keep weights after a check that they fit the models and one another.

        Raises:
            InvalidInputError: If they do not.
        """
        projection = weights["projection"]
        wanted = {"model_vectors": (k, dim), "projection": (dim, projection.shape[-1]), "classifier": (dim,)}
        if bias:
            wanted["bias"] = (dim,)
        shapes = {name: weight.shape for name, weight in weights.items()}
        if shapes != wanted:
            raise InvalidInputError(f"weights must have the shapes {wanted}, got {shapes}")
        return cls(**weights)

    def line(self, strong: int, weak: int, *, normalize: bool) -> Line:
        """Return a pair's line.

        Args:
            strong: The strong model's place among the vectors.
            weak: The weak model's.
            normalize: Whether model vectors are scaled to length 1.
        """
        vectors = self.model_vectors[[strong, weak]].astype(np.float64)
        if normalize:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        difference = self.classifier * (vectors[0] - vectors[1])  # (dim,)
        offset = 0.0 if self.bias is None else float(difference @ self.bias)
        return Line((difference @ self.projection).astype(np.float32), offset)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays, by the names they have in a checkpoint."""
        tensors = {
            "model_vectors": self.model_vectors,
            "projection": self.projection,
            "classifier": self.classifier,
        }
        return tensors if self.bias is None else {**tensors, "bias": self.bias}
