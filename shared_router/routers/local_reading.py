"""What prompts were read as, and how that is scaled before a local router learns from it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.text_features import FEATURE_NAMES

if TYPE_CHECKING:
    from typing_extensions import Self

Floats = NDArray[np.float64]

_CLIPS = {"scores": 3.0, "features": 4.0}
"""How many standard deviations a score and a feature may lie from their mean: a text of an unseen form must
not be sent anywhere by one number."""

_LEAST_SCALE = 1e-9
"""What varies less never varies."""


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
        return _scaled(reading.scores, self.score_means, self._over[0], _CLIPS["scores"])

    def features(self, reading: Reading) -> NDArray[np.float32]:
        """Return the features, each within 4."""
        scaled = _scaled(reading.features, self.feature_means, self._over[1], _CLIPS["features"])
        return scaled.astype(np.float32)

    @cached_property
    def _over(self) -> tuple[Floats, Floats]:
        """What scores and features are multiplied by."""
        return _inverse(self.score_scales), _inverse(self.feature_scales)

    @property
    def n_used(self) -> int:
        """How many features vary."""
        return max(1, int(np.count_nonzero(self.feature_scales)))


def _moments(columns: Floats, weights: Floats) -> tuple[Floats, Floats]:
    means = np.average(columns, axis=0, weights=weights)
    scales = np.sqrt(np.average((columns - means) ** 2, axis=0, weights=weights))
    return means, np.where(scales > _LEAST_SCALE, scales, 0.0)


def _inverse(scales: Floats) -> Floats:
    return np.divide(1.0, scales, out=np.zeros_like(scales), where=scales > _LEAST_SCALE)


def _scaled(columns: Floats, means: Floats, over: Floats, clip: float) -> Floats:
    left = columns - means
    left *= over
    np.minimum(left, clip, out=left)
    return np.maximum(left, -clip, out=left)
