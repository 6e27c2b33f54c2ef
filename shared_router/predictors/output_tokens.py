"""How long each model's answer to a query will be, in tokens, hidden reasoning included.

A ridge regression a model, of log(1 + tokens) on the query's unit embedding and the log of its length, times
what makes the mean of the predictions that of the answers (Duan's smearing, 1983): the exponential of a mean
logarithm is too small. A model with few counted answers gets its mean.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.choices import check_texts
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, embedder_of
from shared_router.errors import ArtifactSchemaError, DataError, UnknownNameError
from shared_router.predictors.grades import checked_names
from shared_router.probe import PROBE_QUERIES

if TYPE_CHECKING:
    from shared_router.embedding.protocol import Embedder
    from shared_router.records.outcomes import Outcomes

KIND = "predictor/output_tokens"
LEAST_ANSWERS = 30
"""Counted answers below which a model's mean is all that is known of it."""

_PENALTY = 10.0
"""The ridge's: as many prompts of length 1 in each direction, unlike whose tokens nothing is known."""


@dataclass(frozen=True, slots=True)
class OutputTokens:
    """The regressions.

    Attributes:
        models: The models' names, m of them.
        weights: For the embedding, the log of the length, and 1: shape (width + 2, m).
        smearing: What a prediction is multiplied with, shape (m,).
        largest: The longest answer seen of each model, which no prediction exceeds, shape (m,).
        embedder: Text to vectors, or the name of a shipped embedder.
    """

    models: tuple[str, ...]
    weights: NDArray[np.float64] = field(repr=False)
    smearing: NDArray[np.float64] = field(repr=False)
    largest: NDArray[np.float64] = field(repr=False)
    embedder: Embedder | str = field(default=DEFAULT_EMBEDDER, repr=False)

    @classmethod
    def fit(cls, outcomes: Outcomes, *, embedder: Embedder | str = DEFAULT_EMBEDDER) -> OutputTokens:
        """Learn from answers whose tokens were counted.

        Args:
            outcomes: Prompts, and the `output_tokens` of their answers.
            embedder: Text to vectors, or the name of a shipped embedder.

        Raises:
            DataError: If no answer of a model was counted.
        """
        design = _design(outcomes.prompts, embedder)
        columns = []
        for model in outcomes.models:
            tokens = outcomes.column("output_tokens", model)
            counted = ~np.isnan(tokens)
            if not counted.any():
                raise DataError(
                    f"each model must have answers with output_tokens, and {model!r} has none; "
                    "give its expected tokens by hand"
                )
            columns.append(_fitted(design[counted], tokens[counted]))
        weights, smearing, largest = (np.array(values) for values in zip(*columns, strict=True))
        return cls(tuple(outcomes.models), weights.T, smearing, largest, embedder)

    def expected(self, queries: Sequence[str], models: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected tokens of each of these models' answers to each query.

        Args:
            queries: n texts.
            models: m names.

        Returns:
            Shape (n, m), >= 0.

        Raises:
            UnknownNameError: If a model was not learned.
            InvalidInputError: If the queries are no list of texts.
        """
        check_texts("queries", queries)
        unknown = sorted(set(models) - set(self.models))
        if unknown:
            raise UnknownNameError(f"a model must be one of {sorted(self.models)}, got {unknown}")
        chosen = [self.models.index(model) for model in models]
        logs = _design(queries, self.embedder) @ self.weights[:, chosen]
        tokens = np.expm1(np.clip(logs, 0, 30)) * self.smearing[chosen]
        return np.asarray(np.minimum(tokens, self.largest[chosen]), dtype=np.float64)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads; see `QualityPredictor.save`."""
        return save_artifact(folder, sealed(self.artifact()), overwrite=overwrite)

    @classmethod
    def load(
        cls, folder: str | Path, *, embedder: Embedder | None = None, expected_sha256: str | None = None
    ) -> OutputTokens:
        """Read what `save` wrote; see `QualityPredictor.load`.

        Raises:
            ArtifactError: If the folder is missing, damaged or another kind's.
        """
        return cls.from_artifact(unsealed(load_artifact(folder, expected_sha256=expected_sha256)), embedder)

    def artifact(self) -> Artifact:
        """Return what `save` writes."""
        named = self.embedder if isinstance(self.embedder, str) else None
        tensors = {"weights": self.weights, "smearing": self.smearing, "largest": self.largest}
        return Artifact(KIND, {"models": list(self.models), "embedder": named}, tensors)

    @classmethod
    def from_artifact(cls, artifact: Artifact, embedder: Embedder | None = None) -> OutputTokens:
        """Make the regressions that `artifact` describes.

        Raises:
            ArtifactSchemaError: If it describes none.
        """
        if artifact.kind != KIND:
            raise ArtifactSchemaError(f"a checkpoint must be of kind {KIND}, got {artifact.kind!r}")
        try:
            models = checked_names(artifact.settings["models"])
            weights, smearing, largest = (artifact.tensors[n] for n in ("weights", "smearing", "largest"))
            known = embedder or artifact.settings["embedder"] or DEFAULT_EMBEDDER
            found = cls(models, weights, smearing, largest, known)
            probed = found.expected(PROBE_QUERIES, models)
        # settings of a wrong type may show only when they are used
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ArtifactSchemaError("a checkpoint must hold models, weights, smearing, largest") from error
        m = len(models)
        shapes_fit = weights.ndim == 2 and weights.shape[1] == m and smearing.shape == largest.shape == (m,)
        if not shapes_fit or not np.isfinite(probed).all() or min(smearing.min(), largest.min()) < 0:
            raise ArtifactSchemaError("a checkpoint's tensors must be a column a model, not below 0")
        return found


def _fitted(
    design: NDArray[np.float64], tokens: NDArray[np.float64]
) -> tuple[NDArray[np.float64], float, float]:
    """Return one model's weights, smearing and longest answer."""
    logs = np.log1p(tokens)
    weights = np.zeros(design.shape[1])
    center = logs.mean()
    if len(tokens) >= LEAST_ANSWERS:
        penalty = np.full(design.shape[1], _PENALTY)
        penalty[-1] = 0  # the constant is not shrunk
        weights = np.linalg.solve(design.T @ design + np.diag(penalty), design.T @ (logs - center))
    weights[-1] += center
    predicted = np.expm1(np.clip(design @ weights, 0, 30)).sum()
    return weights, float(tokens.sum() / predicted) if predicted > 0 else 1.0, float(tokens.max())


def _design(texts: Sequence[str], embedder: Embedder | str) -> NDArray[np.float64]:
    vectors = embedder_of(embedder).embed(texts)
    lengths = np.log1p(np.array([len(text) for text in texts], dtype=np.float64))
    return np.column_stack([np.asarray(vectors, dtype=np.float64), lengths, np.ones(len(texts))])
