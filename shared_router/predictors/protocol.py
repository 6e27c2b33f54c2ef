"""The contract of predictors: queries in, one expected grade a model out; and what they share."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.checkpoints.artifact import Artifact, load_artifact, save_artifact
from shared_router.checkpoints.sealed import sealed, unsealed
from shared_router.choices import check_texts, shown
from shared_router.embedding.components import unit_rows
from shared_router.embedding.in_parts import embed_in_parts
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, check_embedder, embedder_of
from shared_router.errors import ArtifactSchemaError, InvalidInputError, NotFittedError
from shared_router.predictors.grades import Grades, checked_names
from shared_router.probe import PROBE_QUERIES
from shared_router.routers.embedding_router import checked_embeddings, restored_on_failure

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.records.outcomes import Outcomes


class QualityPredictor(ABC):
    """What says, before any answer is written, how good each model's answer would be.

    A subclass gives `_learn`, `_qualities`, `_learn_model`, and `_tensors` and `_restore` to be saved. It is
    safe to ask from several threads at once.

    Args:
        embedder: What turns prompts into vectors: an embedder, or the name of a shipped one.

    Attributes:
        name: What decisions call this predictor.
        models_: The models it was fitted on, in the outcomes' order and then as they were added; None before.
        means_: Each model's mean grade, shape (m,).
        blocking: Whether predicting can take longer than an event loop may stand still.
    """

    name: ClassVar[str] = "custom"

    def __init__(self, embedder: Embedder | str = DEFAULT_EMBEDDER) -> None:
        check_embedder(embedder)
        self._given_embedder = embedder
        self.models_: tuple[str, ...] | None = None
        self.means_: NDArray[np.float64] = np.zeros(0)
        self.width_ = 0

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds queries, the same for training and serving."""
        return embedder_of(self._given_embedder)

    @property
    def blocking(self) -> bool:
        """Whether predicting can take longer than about a millisecond: where the embedder can."""
        return bool(getattr(self.embedder, "blocking", True))

    def __repr__(self) -> str:
        """Show which models it knows."""
        known = "not fitted" if self.models_ is None else f"{len(self.models_)} models"
        return f"{type(self).__name__}({known})"

    @restored_on_failure
    def fit(
        self, outcomes: Outcomes, *, embeddings: NDArray[np.float32] | None = None, progress: bool = True
    ) -> Self:
        """Learn from graded answers.

        Args:
            outcomes: Prompts with grades of two or more models; a model need not have answered every prompt.
            embeddings: What the embedder gives for each prompt, shape (n, dim), where that is at hand.
            progress: Whether to show a bar, where that takes long and there is a terminal.

        Returns:
            This predictor.

        Raises:
            InvalidInputError: If the outcomes are none, or the embeddings are not n finite rows.
            DataError: If fewer than two models are graded, or a model has no grade.
        """
        grades = Grades.of(outcomes)
        self.width_ = 0  # another embedder's may be another
        unit = self._unit(outcomes.prompts, embeddings, progress=progress)
        self.width_ = unit.shape[1]
        self._learn(unit, grades)
        self.models_, self.means_ = grades.models, grades.means
        return self

    @restored_on_failure
    def add_model(self, outcomes: Outcomes, model: str) -> Self:
        """Learn one more model, or one of them anew, from 50 to 200 graded prompts; the others stay as is.

        Args:
            outcomes: Prompts with grades of that model; further models in it are not read.
            model: Its name.

        Returns:
            This predictor.

        Raises:
            NotFittedError: If the predictor has learned nothing yet.
            DataError: If the model has no grade.
            UnknownNameError: If the outcomes hold no such model.
        """
        models = self._fitted()
        prompts, scores = Grades.of_model(outcomes, model)
        # behind the others, or in its own place
        column = models.index(model) if model in models else len(models)
        self._learn_model(self._unit(prompts, None), scores, column)
        self.models_ = models if model in models else (*models, model)
        self.means_ = np.append(self.means_[: len(models)], 0.0)[: len(self.models_)]
        self.means_[column] = scores.mean()
        return self

    def qualities(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the expected grade of each model's answer to each query.

        Args:
            queries: n texts; any string is one.

        Returns:
            Shape (n, m), each in [0, 1], models as in `models_`.

        Raises:
            NotFittedError: If the predictor has learned nothing yet.
            InvalidInputError: If the queries are no list of texts.
        """
        models = self._fitted()
        check_texts("queries", queries)
        if not len(queries):
            return np.zeros((0, len(models)))
        return np.clip(self._qualities(self._unit(queries, None)), 0.0, 1.0)

    def save(self, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint folder that `load` reads, whole or not at all.

        Args:
            folder: Where to write.
            overwrite: Whether to replace a checkpoint that is there.

        Returns:
            The SHA-256 that pins it.

        Raises:
            NotFittedError: If the predictor has learned nothing yet.
            ArtifactError: If it cannot be written; see `Router.save`.
        """
        return save_artifact(folder, sealed(self.artifact()), overwrite=overwrite)

    @classmethod
    def load(
        cls, folder: str | Path, *, embedder: Embedder | None = None, expected_sha256: str | None = None
    ) -> Self:
        """Read a predictor from the folder that `save` wrote.

        Args:
            folder: The checkpoint.
            embedder: What the predictor was fitted on, where that is not the shipped embedder.
            expected_sha256: The hash that `save` returned, kept where you trust it.

        Raises:
            ArtifactError: If the folder is missing, damaged or another kind's.
        """
        return cls.from_artifact(unsealed(load_artifact(folder, expected_sha256=expected_sha256)), embedder)

    def artifact(self) -> Artifact:
        """Return what `save` writes; raises NotFittedError before `fit`."""
        models, given = self._fitted(), self._given_embedder
        settings = {
            "embedder": given if isinstance(given, str) else None,
            "models": list(models),
            "width": self.width_,
            "arguments": self._arguments(),
        }
        return Artifact(f"predictor/{self.name}", settings, {**self._tensors(), "means": self.means_})

    @classmethod
    def from_artifact(cls, artifact: Artifact, embedder: Embedder | None = None) -> Self:
        """Make the predictor that `artifact` describes.

        Raises:
            ArtifactSchemaError: If it describes none of this class.
        """
        if artifact.kind != f"predictor/{cls.name}":
            raise ArtifactSchemaError(
                f"a {cls.name} checkpoint must be of kind predictor/{cls.name}, got {artifact.kind!r}"
            )
        settings, tensors = dict(artifact.settings), dict(artifact.tensors)
        try:
            predictor = cls(embedder or settings["embedder"] or DEFAULT_EMBEDDER, **settings["arguments"])
            models, width = checked_names(settings["models"]), settings["width"]
            if type(width) is not int:
                raise InvalidInputError(f"width must be a whole number, got {shown(width)}")
            predictor.models_, predictor.width_ = models, width
            predictor.means_ = tensors.pop("means")
            predictor._restore(tensors)
            probed = predictor._qualities(predictor._unit(PROBE_QUERIES, None))
        # settings of a wrong type may show only when they are used
        except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise ArtifactSchemaError(
                f"the checkpoint's settings and tensors must make a {cls.name} predictor"
            ) from error
        fits = probed.shape == (len(PROBE_QUERIES), len(models)) and bool(np.isfinite(probed).all())
        if not fits or predictor.means_.shape != (len(models),):
            raise ArtifactSchemaError("a checkpoint's tensors must hold a column for each of its models")
        return predictor

    def _fitted(self) -> tuple[str, ...]:
        if self.models_ is None:
            raise NotFittedError(
                f"a {self.name} predictor must be fitted or loaded before it is asked; call fit"
            )
        return self.models_

    def _unit(
        self, texts: Sequence[str], embeddings: NDArray[np.float32] | None, *, progress: bool = False
    ) -> NDArray[np.float32]:
        """Return the texts' embeddings as rows of length 1, or 0 for a text without a known word."""
        given = embeddings
        rows = embed_in_parts(self.embedder, texts, progress=progress) if given is None else given
        return unit_rows(
            checked_embeddings(np.asarray(rows, dtype=np.float32), len(texts), self.width_ or None)
        )

    @abstractmethod
    def _learn(self, unit: NDArray[np.float32], grades: Grades) -> None:
        """Learn from n unit embeddings and their grades."""

    @abstractmethod
    def _learn_model(self, unit: NDArray[np.float32], scores: NDArray[np.float64], column: int) -> None:
        """Learn one model's column, a new one where it is behind the last."""

    @abstractmethod
    def _qualities(self, unit: NDArray[np.float32]) -> NDArray[np.float64]:
        """Return expected grades of n unit embeddings, shape (n, m)."""

    @abstractmethod
    def _arguments(self) -> dict[str, Any]:
        """Return the constructor's arguments but the embedder, as plain JSON."""

    @abstractmethod
    def _tensors(self) -> dict[str, NDArray[Any]]:
        """Return what was learned."""

    @abstractmethod
    def _restore(self, tensors: Mapping[str, NDArray[Any]]) -> None:
        """Put back what `_tensors` gave."""
