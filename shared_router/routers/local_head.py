"""What a local router has learned: the numbers of its formula, which `routers.local` gives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError
from shared_router.learners.kernel_basis import KernelBasis
from shared_router.learners.trees import Trees
from shared_router.routers.local_reading import Reading, Scaling
from shared_router.text_features import FEATURE_NAMES

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]

_BLOCK = 1024
_TREES = "trees."


@dataclass(frozen=True)
class LocalHead:
    """The learned numbers, for J known scores, A anchors among embeddings and B among features.

    Attributes:
        scaling: What readings are scaled with.
        by_vector: The kernel over embeddings.
        vector_weights: What its anchors weigh, shape (A,).
        by_feature: The kernel over scaled features.
        feature_weights: What its anchors weigh, shape (B,).
        slopes: What the scores weigh, and the constant, shape (J + 1,).
        trees: Over scores, features and embeddings, side by side.
        tree_share: How much of what is said is the trees', in [0, 1].
        calibration: The constant and the slope, > 0, of the sigmoid.
    """

    scaling: Scaling
    by_vector: KernelBasis
    vector_weights: Floats
    by_feature: KernelBasis
    feature_weights: Floats
    slopes: Floats
    trees: Trees
    tree_share: float
    calibration: Floats

    def win_probability(self, reading: Reading) -> Floats:
        """Return P(strong preferred) of n prompts, shape (n,), each in (0, 1)."""
        if len(reading) <= _BLOCK:
            scores = self._scores(reading)
        else:
            starts = range(0, len(reading), _BLOCK)
            scores = np.concatenate([self._scores(reading.part(slice(at, at + _BLOCK))) for at in starts])
        return sigmoid(self.calibration[0] + self.calibration[1] * scores)

    def _scores(self, reading: Reading) -> Floats:
        scores, features = self.scaling.scores(reading), self.scaling.features(reading)
        # both kernels side by side: one query waits for the number of calls, not for their size
        n_anchors = len(self.vector_weights)
        near = np.empty((len(reading), n_anchors + len(self.feature_weights)))
        for part, rows, kernel in (
            (near[:, :n_anchors], reading.vectors, self.by_vector),
            (near[:, n_anchors:], features, self.by_feature),
        ):
            wide = rows.astype(np.float64)
            np.matmul(wide, kernel.columns, out=part)
            part -= kernel.gamma * np.einsum("nd,nd->n", wide, wide)[:, None]
        near -= self._squares
        np.exp(np.minimum(near, 0.0, out=near), out=near)
        said: Floats = near @ self._weights
        said += scores @ self.slopes[:-1] + self.slopes[-1]
        if self.tree_share > 0:
            by_trees = self.trees.predict(tree_rows(scores, features, reading.vectors))
            said += self.tree_share * (by_trees - said)
        return said

    def tensors(self) -> dict[str, NDArray[Any]]:
        """Return the arrays by name, for a checkpoint."""
        own: dict[str, NDArray[Any]] = {
            "score_means": self.scaling.score_means,
            "score_scales": self.scaling.score_scales,
            "feature_means": self.scaling.feature_means,
            "feature_scales": self.scaling.feature_scales,
            "vector_anchors": self.by_vector.anchors,
            "vector_weights": self.vector_weights,
            "feature_anchors": self.by_feature.anchors,
            "feature_weights": self.feature_weights,
            "slopes": self.slopes,
            "calibration": self.calibration,
        }
        return {**own, **{f"{_TREES}{name}": array for name, array in self.trees.tensors().items()}}

    def settings(self) -> dict[str, float | int]:
        """Return what is no array, for a checkpoint."""
        return {
            "vector_gamma": self.by_vector.gamma,
            "feature_gamma": self.by_feature.gamma,
            "tree_share": self.tree_share,
            "tree_depth": self.trees.depth,
        }

    @classmethod
    def from_checkpoint(cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]]) -> Self:
        """Make a head of what a checkpoint holds, which nobody vouches for.

        Raises:
            ArtifactSchemaError: If the arrays do not fit each other.
            LookupError: If one is missing.
        """
        widths = {name: array.shape[-1:] for name, array in tensors.items()}
        pairs = (("vector_anchors", "vector_weights"), ("feature_anchors", "feature_weights"))
        n_scores = len(tensors["score_means"])
        if (
            any(
                tensors[many].shape[:1] != tensors[one].shape or tensors[many].ndim != 2
                for many, one in pairs
            )
            or widths["feature_anchors"] != (len(FEATURE_NAMES),)
            or any(tensors[f"feature_{name}"].shape != (len(FEATURE_NAMES),) for name in ("means", "scales"))
            or tensors["score_scales"].shape != (n_scores,)
            or tensors["slopes"].shape != (n_scores + 1,)
            or tensors["calibration"].shape != (2,)
        ):
            raise ArtifactSchemaError("a local router's arrays must fit each other and the features it reads")
        numbers = [settings[name] for name in ("vector_gamma", "feature_gamma", "tree_share")]
        if any(type(each) not in (int, float) or each < 0 for each in numbers) or numbers[2] > 1:
            raise ArtifactSchemaError("a local router's gammas must be >= 0 and its tree_share in [0, 1]")
        scaling = Scaling(
            *(tensors[f"{of}_{what}"] for of in ("score", "feature") for what in ("means", "scales"))
        )
        trees = {name[len(_TREES) :]: array for name, array in tensors.items() if name.startswith(_TREES)}
        n_columns = n_scores + len(FEATURE_NAMES) + tensors["vector_anchors"].shape[1]
        return cls(
            scaling,
            KernelBasis(tensors["vector_anchors"], numbers[0]),
            tensors["vector_weights"],
            KernelBasis(tensors["feature_anchors"], numbers[1]),
            tensors["feature_weights"],
            tensors["slopes"],
            Trees.from_tensors(trees, depth=settings["tree_depth"], n_features=n_columns),
            numbers[2],
            tensors["calibration"],
        )

    @cached_property
    def _squares(self) -> Floats:
        return np.concatenate([self.by_vector.squares, self.by_feature.squares])

    @cached_property
    def _weights(self) -> Floats:
        return np.concatenate([self.vector_weights, self.feature_weights])

    @cached_property
    def dim(self) -> int:
        """The width of the embeddings that were learned from."""
        return int(self.by_vector.anchors.shape[1])


def tree_rows(
    scores: Floats, features: NDArray[np.float32], vectors: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Return what trees read: scaled scores, scaled features, embeddings, shape (n, J + F + d)."""
    return np.concatenate([scores.astype(np.float32), features, vectors], axis=1)


def sigmoid(z: Floats) -> Floats:
    """Return 1 / (1 + exp(-z)), without overflow."""
    p: Floats = 0.5 * (1 + np.tanh(z / 2))
    return p
