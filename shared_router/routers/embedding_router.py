"""What routers on embeddings share: an embedder, a strong and a weak model, and the checks of both."""

from __future__ import annotations

import copy
from abc import abstractmethod
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property, wraps
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown, shown_kind
from shared_router.embedding.nearness import largest_cosines
from shared_router.embedding.shipped import check_embedder, embedder_of
from shared_router.errors import (
    ArtifactSchemaError,
    EmbedderError,
    InvalidInputError,
    NotFittedError,
    UnknownNameError,
)
from shared_router.progress import with_progress
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder


P = ParamSpec("P")
R = TypeVar("R")

_TEXTS_A_PART = 2048
"""Prompts embedded between two steps of a bar: what one request of an embedding service holds."""


class EmbeddingRouter(Router):
    """A router that sees of a query only its embedding, and may know more models than the two it compares.

    Attributes:
        strong: The model whose win is asked for.
        weak: The model it is compared with.
        models_: The models seen in training, sorted; None before.
        centroids_: A few hundred centres of the training prompts' embeddings, shape (k, width), for
            `training_similarity`; None where the prompts themselves are kept, or neither.
    """

    centroids_: NDArray[np.float16] | None = None

    def __init__(self, embedder: Embedder | str, *, strong: str | int, weak: str | int) -> None:
        check_embedder(embedder)
        self._given_embedder = embedder
        self.strong = strong
        self.weak = weak
        self.models_: tuple[str, ...] | None = None

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return each query's largest cosine to the training prompts' centres, None where none are kept."""
        if self.centroids_ is None:
            return None
        return largest_cosines(self._embed(queries, self.centroids_.shape[1]), self.centroids_)

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds queries, the same for training and serving."""
        return embedder_of(self._given_embedder)

    def for_pair(self, strong: str | int, weak: str | int) -> Self:
        """Return this router for two other models that it saw in training; what it learned is shared.

        Args:
            strong: The model whose win is asked for.
            weak: The model it is compared with.

        Raises:
            NotFittedError: If the router has learned nothing yet.
            UnknownNameError: If training saw no battle of one of them; the message lists those it saw.
            InvalidInputError: If the router cannot tell the two apart.
        """
        self._fitted_models()
        other = copy.copy(self)
        other.strong, other.weak = strong, weak
        other._use_pair()
        other.score_quantiles_ = other._quantiles()
        return other

    @abstractmethod
    def _use_pair(self) -> None:
        """Check `strong` and `weak` against what was learned, and prepare to serve them."""

    def _quantiles(self) -> ScoreQuantiles | None:
        """Return the quantiles of the pair's scores on training queries; None where none were kept."""
        return None

    def _fitted_models(self) -> tuple[str, ...]:
        if self.models_ is None:
            raise NotFittedError(
                f"a {self.name} router must be fitted or loaded before it is asked; call fit"
            )
        return self.models_

    def _index(self, model: str | int) -> int:
        """Return a model's index among the models seen in training."""
        models = self._fitted_models()
        if model not in models:
            raise UnknownNameError(
                f"a model must be one seen in training, {list(models)}, got {shown(model)}"
            )
        return models.index(model)

    def _pair(self) -> tuple[int, int]:
        pair = self._index(self.strong), self._index(self.weak)
        if pair[0] == pair[1]:
            raise InvalidInputError(f"strong and weak must be two models, got {self.strong!r} twice")
        return pair

    def _embed(self, texts: Sequence[str], dim: int | None = None) -> NDArray[np.float32]:
        """Embed texts and check the result, which is a user's own code's: shape (n, dim), finite."""
        if len(texts) == 0:
            return np.zeros((0, dim or 1), dtype=np.float32)
        given = self.embedder.embed(texts)
        try:
            rows = np.asarray(given, dtype=np.float32)
        except (TypeError, ValueError):
            # not chained: its text may quote what was returned
            raise EmbedderError(
                f"an embedder must return one row of numbers a text, all of one width, got "
                f"{type(given).__name__} that is no such array"
            ) from None
        return checked_embeddings(rows, len(texts), dim)

    def _embed_training(self, texts: Sequence[str], *, progress: bool) -> NDArray[np.float32]:
        """Embed training prompts, some thousands at a time, with a bar over them."""
        parts = range(0, max(1, len(texts)), _TEXTS_A_PART)
        bar = with_progress(parts, shown=progress, desc="embedding prompts")
        rows = [self._embed(texts[start : start + _TEXTS_A_PART]) for start in bar]
        return rows[0] if len(rows) == 1 else np.concatenate(rows)

    def _settings(self, *names: str) -> dict[str, Any]:
        """Return what every such router saves, and its own arguments of these names."""
        given = self._given_embedder
        return {
            "embedder": given if isinstance(given, str) else None,
            "models": list(self._fitted_models()),
            "strong": self.strong,
            "weak": self.weak,
            **{name: getattr(self, name) for name in names},
        }

    def _restore_centroids(self, tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Take the training prompts' centres out of a checkpoint's tensors and return the others."""
        others = dict(tensors)
        centers = others.pop("centroids", None)  # a checkpoint from before they were kept has none
        if centers is not None:
            checked_embeddings(centers, max(1, len(centers)))
        self.centroids_ = centers
        return others

    @classmethod
    def _unfitted(cls, settings: Mapping[str, Any], embedder: Embedder | None) -> Self:
        """Make the router that `_settings` describes; what it learned is the subclass's to put back."""
        arguments = dict(settings)
        models, name = arguments.pop("models"), arguments.pop("embedder")
        given = name if embedder is None else embedder
        if given is None:
            raise ArtifactSchemaError(
                f"a {cls.name} checkpoint must be loaded with the embedder it was trained with; "
                "give it to load as embedder=..."
            )
        router = cls(given, **arguments)
        router.models_ = tuple(models)
        return router


def restored_on_failure(fit: Callable[Concatenate[R, P], R]) -> Callable[Concatenate[R, P], R]:
    """Leave a router as it was where its fit fails or is interrupted, in place of half of either."""

    @wraps(fit)
    def whole(self: R, /, *args: P.args, **kwargs: P.kwargs) -> R:
        before = vars(self).copy()
        try:
            return fit(self, *args, **kwargs)
        except BaseException:
            vars(self).clear()
            vars(self).update(before)
            raise

    return whole


def checked_embeddings(rows: NDArray[np.float32], n: int, dim: int | None = None) -> NDArray[np.float32]:
    """Return embeddings that are n rows of one width, finite; of width `dim` where that is given.

    Raises:
        InvalidInputError: If they are not.
    """
    shape = getattr(rows, "shape", shown_kind(rows))
    if not isinstance(rows, np.ndarray) or shape != (n, dim or shape[-1]) or rows.dtype.kind not in "fiu":
        width = "dim" if dim is None else str(dim)
        raise InvalidInputError(
            f"embeddings must have shape ({n}, {width}), got {shape}; "
            "use the embedder that the router was trained with"
        )
    # the sum is finite unless an entry is not, and reads a mapped file once without copying it
    if not np.isfinite(np.add.reduce(rows, axis=None, dtype=np.float64)):
        raise InvalidInputError("embeddings must be finite, got NaN or infinity")
    return rows
