"""Grades as a logistic of (model vector) . (query factors), learned by Adam: what two predictors share.

    P(grade of model m on query q) = sigmoid(v_m . f(W e_q + c) + u . e_q + b_m)

with e_q the query's unit embedding times the root of its width. `f` is the identity in EmbedLLM's matrix
factorization and softplus, so that no query asks for less of an ability, in multidimensional item response
theory. The loss is the cross-entropy of the grades that there are, which may lie between 0 and 1, a prompt
at a time, with an L2 penalty on all but b. Plain numpy: the gradients are five products of matrices.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_rules, check_seed, is_amount
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    from shared_router.predictors.grades import Grades

Array = NDArray[np.float32]
_BATCH = 512
_BETA1, _BETA2, _EPSILON = 0.9, 0.999, 1e-8  # Adam's own
_NEWTON_STEPS = 12
_NAMES = ("projection", "offset", "easiness", "model_vectors", "biases")


@dataclass(frozen=True, slots=True)
class BilinearTraining:
    """How the factors are learned.

    Attributes:
        dim: How many factors, >= 1.
        epochs: Passes over the prompts, >= 1.
        learning_rate: Adam's at first, > 0; it falls to 0 along half a cosine.
        l2: The penalty on every weight but the biases, >= 0.
        seed: Decides the first weights and the order.

    Raises:
        InvalidInputError: If a value is out of its range.
    """

    dim: int = 32
    epochs: int = 30
    learning_rate: float = 0.01
    l2: float = 0.03
    seed: int = 0

    def __post_init__(self) -> None:
        """Check every range."""
        rules = {
            "dim": ("a whole number >= 1", type(self.dim) is int and self.dim >= 1),
            "epochs": ("a whole number >= 1", type(self.epochs) is int and self.epochs >= 1),
            "learning_rate": ("> 0", is_amount(self.learning_rate) and self.learning_rate > 0),
            "l2": (">= 0", is_amount(self.l2)),
        }
        check_rules(self, rules)
        check_seed(self.seed)


@dataclass(slots=True)
class Bilinear:
    """The weights.

    Attributes:
        softplus: Whether the query's factors are made positive.
        weights: `projection` W (width, dim), `offset` c (dim,), `easiness` u (width,), `model_vectors`
            (m, dim), `biases` (m,).
    """

    softplus: bool
    weights: dict[str, Array] = field(repr=False)

    @classmethod
    def of(cls, unit: Array, grades: Grades, training: BilinearTraining, *, softplus: bool) -> Bilinear:
        """Learn from n unit embeddings and their grades.

        Raises:
            InvalidInputError: If the weights do not stay finite.
        """
        generator = np.random.default_rng(training.seed)
        model = cls(softplus, _first(unit.shape[1], grades.means, training.dim, generator))
        scores, graded = grades.scores.astype(np.float32), grades.graded.astype(np.float32)
        moments = {name: (np.zeros_like(w), np.zeros_like(w)) for name, w in model.weights.items()}
        rows, step = _scaled(unit), 0
        for epoch in range(training.epochs):
            rate = training.learning_rate * (1 + np.cos(np.pi * epoch / training.epochs)) / 2
            order = generator.permutation(len(rows))
            for start in range(0, len(order), _BATCH):
                part = order[start : start + _BATCH]
                step += 1
                gradients = model._gradients(rows[part], scores[part], graded[part], training.l2)
                for name, gradient in gradients.items():
                    model.weights[name] = _adam(model.weights[name], gradient, moments[name], rate, step)
        if not all(np.isfinite(weights).all() for weights in model.weights.values()):
            raise InvalidInputError(
                f"weights must stay finite, and with learning_rate={training.learning_rate!r} they do not; "
                "take a lower one"
            )
        return model

    def probabilities(self, unit: Array) -> NDArray[np.float64]:
        """Return expected grades of n unit embeddings, shape (n, m)."""
        rows = _scaled(unit)
        return _sigmoid(self._logits(rows, self._factors(self._projected(rows))).astype(np.float64))

    def with_model(self, unit: Array, scores: NDArray[np.float64], column: int) -> Bilinear:
        """Return these weights with one model's vector and bias learned, the others as they are.

        Newton's method on the cross-entropy of its n grades, with a normal prior on the vector and the
        bias: the other models' mean and variance.
        """
        rows = _scaled(unit)
        factors = self._factors(self._projected(rows))
        design = np.concatenate([factors, np.ones((len(rows), 1), dtype=np.float32)], axis=1).astype(
            np.float64
        )
        given = (rows @ self.weights["easiness"]).astype(np.float64)
        known = np.concatenate([self.weights["model_vectors"], self.weights["biases"][:, None]], axis=1)
        others = np.delete(known, column, axis=0) if column < len(known) else known
        center = others.mean(axis=0).astype(np.float64)
        # of two models the variance is a guess, so no direction is held more tightly than to 0.1
        precision = 1 / np.maximum(others.var(axis=0), 0.01).astype(np.float64)
        vector = center.copy()
        for _ in range(_NEWTON_STEPS):
            chances = _sigmoid(given + design @ vector)
            gradient = design.T @ (chances - scores) + precision * (vector - center)
            curvature = (design * (chances * (1 - chances))[:, None]).T @ design + np.diag(precision)
            vector -= np.linalg.solve(curvature, gradient)
        weights = dict(self.weights)
        put = np.concatenate([known[:column], vector[None].astype(np.float32), known[column + 1 :]])
        weights["model_vectors"], weights["biases"] = put[:, :-1].copy(), put[:, -1].copy()
        return Bilinear(self.softplus, weights)

    @classmethod
    def restored(cls, tensors: Mapping[str, NDArray[Any]], width: int, *, softplus: bool) -> Bilinear:
        """Return the weights that a checkpoint holds.

        Raises:
            InvalidInputError: If their shapes do not fit one another.
        """
        weights = {name: tensors[name] for name in _NAMES}
        m, dim = weights["model_vectors"].shape
        shapes = {
            "projection": (width, dim),
            "offset": (dim,),
            "easiness": (width,),
            "model_vectors": (m, dim),
            "biases": (m,),
        }
        if any(weights[name].shape != shape for name, shape in shapes.items()):
            raise InvalidInputError("a checkpoint's factors must fit one another")
        return cls(softplus, weights)

    def _projected(self, rows: Array) -> Array:
        projected: Array = rows @ self.weights["projection"] + self.weights["offset"]
        return projected

    def _factors(self, projected: Array) -> Array:
        return np.asarray(np.logaddexp(np.float32(0), projected)) if self.softplus else projected

    def _logits(self, rows: Array, factors: Array) -> Array:
        weights = self.weights
        logits = factors @ weights["model_vectors"].T + weights["biases"]
        return np.asarray(logits + (rows @ weights["easiness"])[:, None], dtype=np.float32)

    def _gradients(self, rows: Array, scores: Array, graded: Array, l2: float) -> dict[str, Array]:
        weights = self.weights
        projected = self._projected(rows)
        factors = self._factors(projected)
        errors = (_sigmoid(self._logits(rows, factors)) - scores) * graded / np.float32(len(rows))
        to_factors = errors @ weights["model_vectors"]
        to_projected = to_factors * _sigmoid(projected) if self.softplus else to_factors
        gradients = {
            "projection": rows.T @ to_projected,
            "offset": to_projected.sum(axis=0),
            "easiness": rows.T @ errors.sum(axis=1),
            "model_vectors": errors.T @ factors,
        }
        decayed = {name: gradient + np.float32(l2) * weights[name] for name, gradient in gradients.items()}
        return {**decayed, "biases": errors.sum(axis=0)}


def _first(
    width: int, means: NDArray[np.float64], dim: int, generator: np.random.Generator
) -> dict[str, Array]:
    odds = np.clip(means, 0.01, 0.99)
    return {
        "projection": generator.normal(0, width**-0.5, (width, dim)).astype(np.float32),
        "offset": np.zeros(dim, dtype=np.float32),
        "easiness": np.zeros(width, dtype=np.float32),
        "model_vectors": generator.normal(0, dim**-0.5, (len(means), dim)).astype(np.float32),
        "biases": np.log(odds / (1 - odds)).astype(np.float32),
    }


def _scaled(unit: Array) -> Array:
    """Return unit rows with entries of about 1."""
    return np.asarray(unit * unit.shape[1] ** 0.5, dtype=np.float32)


def _sigmoid(logits: NDArray[Any]) -> NDArray[Any]:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -60, 60))))


def _adam(weights: Array, gradient: Array, moments: tuple[Array, Array], rate: float, step: int) -> Array:
    first, second = moments
    first += (1 - _BETA1) * (gradient - first)
    second += (1 - _BETA2) * (gradient * gradient - second)
    unbiased = np.sqrt(second / (1 - _BETA2**step)) + _EPSILON
    return np.asarray(weights - rate * (first / (1 - _BETA1**step)) / unbiased, dtype=np.float32)
