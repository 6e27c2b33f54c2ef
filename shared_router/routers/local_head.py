"""What a local router has learned: the numbers of its formula, which `routers.local` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import ArtifactSchemaError
from shared_router.learners.kernel_basis import KernelBasis
from shared_router.learners.trees import Trees
from shared_router.text_features import FEATURE_NAMES

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]

_CLIPS = {"scores": 3.0, "features": 4.0}
"""How many standard deviations a score and a feature may lie from their mean: a text of an unseen form must
not be sent anywhere by one number."""

_LEAST_SCALE = 1e-9
"""What varies less never varies."""

_BLOCK = 1024
_TREES = "trees."


@dataclass(frozen=True)
class Reading:
    """What n prompts were read as.

    Attributes:
        vectors: Their embeddings, shape (n, d), rows of length 1 or 0.
        features: What their form says, shape (n, `len(FEATURE_NAMES)`).
        scores: What is known of them beforehand, one column a score, shape (n, J).
    """

    vectors: NDArray[np.float32]
    features: Floats
    scores: Floats

    @classmethod
    def none(cls, dim: int, *, n_scores: int) -> Self:
        """Return the reading of no prompt."""
        return cls(np.zeros((0, dim), np.float32), np.zeros((0, len(FEATURE_NAMES))), np.zeros((0, n_scores)))

    @classmethod
    def joined(cls, parts: Sequence[Reading]) -> Self:
        """Return the readings one after the other."""
        names = ("vectors", "features", "scores")
        return cls(*(np.concatenate([getattr(part, name) for part in parts]) for name in names))

    def __len__(self) -> int:
        """Count the prompts."""
        return len(self.vectors)

    def part(self, rows: slice | NDArray[np.intp]) -> Reading:
        """Return some of the prompts."""
        return Reading(self.vectors[rows], self.features[rows], self.scores[rows])


@dataclass(frozen=True)
class Scaling:
    """How readings are brought to mean 0 and standard deviation 1.

    Attributes:
        score_means: Shape (J,); `score_scales` divide what is left.
        score_scales: Shape (J,), >= 0; what never varies has 0 and is left out.
        feature_means: As the scores', for the features.
        feature_scales: As the scores', for the features.
    """

    score_means: Floats
    score_scales: Floats
    feature_means: Floats
    feature_scales: Floats

    @classmethod
    def of(cls, reading: Reading, weights: Floats) -> Scaling:
        """Take means and deviations of some prompts."""
        scores, features = (_moments(each, weights) for each in (reading.scores, reading.features))
        return cls(*scores, *features)

    def scores(self, reading: Reading) -> Floats:
        """Return the scores, shape (n, J), each within 3."""
        return _scaled(reading.scores, self.score_means, self.score_scales, _CLIPS["scores"])

    def features(self, reading: Reading) -> NDArray[np.float32]:
        """Return the features, each within 4."""
        scaled = _scaled(reading.features, self.feature_means, self.feature_scales, _CLIPS["features"])
        return scaled.astype(np.float32)

    @property
    def n_used(self) -> int:
        """How many features vary."""
        return max(1, int(np.count_nonzero(self.feature_scales)))


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
        parts = [self._scores(reading.part(slice(at, at + _BLOCK))) for at in range(0, len(reading), _BLOCK)]
        scores = np.concatenate(parts) if parts else np.zeros(0)
        return sigmoid(self.calibration[0] + self.calibration[1] * scores)

    def _scores(self, reading: Reading) -> Floats:
        scores, features = self.scaling.scores(reading), self.scaling.features(reading)
        said: Floats = scores @ self.slopes[:-1] + self.slopes[-1]
        said += self.by_vector.near(reading.vectors) @ self.vector_weights
        said += self.by_feature.near(features) @ self.feature_weights
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


def _moments(columns: Floats, weights: Floats) -> tuple[Floats, Floats]:
    means = np.average(columns, axis=0, weights=weights)
    scales = np.sqrt(np.average((columns - means) ** 2, axis=0, weights=weights))
    return means, np.where(scales > _LEAST_SCALE, scales, 0.0)


def _scaled(columns: Floats, means: Floats, scales: Floats, clip: float) -> Floats:
    left = columns - means
    left *= np.divide(1.0, scales, out=np.zeros_like(scales), where=scales > _LEAST_SCALE)
    return np.clip(left, -clip, clip, out=left)
