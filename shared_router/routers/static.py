"""The router that ships: a small calibrated head on a static embedding, numpy alone.

It is none of the paper's four. With `x` the query's embedding,

    p(q) = sigmoid(b_0 + b_1 subject(x) + b_2 likeness(x))
    subject(x) = sum_d softmax(x W + c)_d r_d
    likeness(x) = sum_a alpha_a exp(-gamma |x - x_a|^2)

`subject` is the strong model's win rate in the subjects the query may belong to: most of what any learned
router gains is knowing the subject. `likeness` is a kernel ridge fit of who won on queries like this one,
as similarity-weighted ranking has it (paper, section 4.2). `b` is fitted on scores of held-out folds, so
`p` is a calibrated probability on queries like the battles'.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping, Sequence
from dataclasses import fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.nearness import largest_cosines
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, embedder_of
from shared_router.embedding.trimmed import TRIM, TrimmedEmbedder
from shared_router.errors import InvalidInputError, NotFittedError
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.static_head import StaticHead

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData
    from shared_router.preferences.ties import Ties
    from shared_router.training.static_head import HeadTraining


class StaticRouter(Router):
    """Route by the subject of a query and by who won on queries like it.

    Use `similarity_weighted` where you have battles and no subjects, and a fine-tuned encoder (`bert`) where
    tens of milliseconds a query do not matter.

    Args:
        embedder: What embeds queries, in rows of length 1, or the name of a shipped one.
        trim: The share of a query's pieces that may not speak, so that a few foreign words choose no model:
            see `TrimmedEmbedder`. None reads a query whole.
        ties: How a tie reads: `"weak"` (the weak model answers as well, so it is no win), `"half"` or
            `"drop"`.
        anchors: How many queries the kernel keeps, >= 1.
        gamma: The kernel's width, > 0: larger looks at nearer queries only.
        ridge: The kernel fit's penalty, > 0.
        subject_penalty: The subject classifier's penalty, > 0, as sklearn's `1 / C`.
        subject_shrinkage: How many battles of average outcome are added to each subject, >= 0.
        seed: Picks the anchors and the folds.
    """

    name: ClassVar[str] = "static"
    blocking = False

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        trim: float | None = TRIM,
        ties: Ties = "weak",
        anchors: int = 512,
        gamma: float = 8.0,
        ridge: float = 3.0,
        subject_penalty: float = 0.1,
        subject_shrinkage: float = 5.0,
        seed: int = 0,
    ) -> None:
        self._given_embedder = embedder
        self._embedder_name = embedder if isinstance(embedder, str) else None
        # a shipped embedder bounds its work; another may wait for a service
        self.blocking = not isinstance(embedder, str) and bool(getattr(embedder, "blocking", True))
        self.trim = trim
        self.ties: Ties = ties
        self.anchors = anchors
        self.gamma = gamma
        self.ridge = ridge
        self.subject_penalty = subject_penalty
        self.subject_shrinkage = subject_shrinkage
        self.seed = seed
        self.head_: StaticHead | None = None

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds queries."""
        return embedder_of(self._given_embedder)

    @cached_property
    def reader(self) -> Embedder:
        """What embeds queries as `trim` says."""
        return self.embedder if self.trim is None else TrimmedEmbedder(self.embedder, trim=self.trim)

    def fit(
        self,
        preferences: PreferenceData,
        *,
        subjects: Sequence[str] | None = None,
        like: PreferenceData | None = None,
        progress: bool = True,
    ) -> Self:
        """Learn from battles whose `model_a` is the strong side.

        Args:
            preferences: The battles to be calibrated on, n of them.
            subjects: The subject of each battle's query, n names; None knows none, and `subject` is one
                rate for all.
            like: Further battles, strong side first, for `likeness` alone: other models', or other
                benchmarks'. None fits it on `preferences`.
            progress: Whether to show a bar, where that takes long and there is a terminal.

        Returns:
            This router.

        Raises:
            InvalidInputError: If an option is outside its range or the subjects are not n.
            DataError: If all battles end alike.
            MissingExtraError: If scikit-learn is not installed.
        """
        from shared_router.preferences.ties import check_ties
        from shared_router.training.examples import examples_of
        from shared_router.training.static_head import fit_head

        check_ties(self.ties)
        training = self.training
        if subjects is not None and len(subjects) != len(preferences):
            raise InvalidInputError(
                f"subjects must be one per battle ({len(preferences)}), got {len(subjects)}"
            )
        how: dict[str, Any] = {"embedder": self.reader, "ties": self.ties, "progress": progress}
        own = examples_of(preferences, subjects, **how)
        other = None if like is None else examples_of(like, None, **how)
        arrays, unseen = fit_head(own, other, training, progress=progress)
        self.head_ = StaticHead(**arrays, gamma=self.gamma)
        self.score_quantiles_ = ScoreQuantiles.of(unseen.tolist(), source="held-out training queries")
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return p of n queries, shape (n,), each in (0, 1); an empty query gets what a zero vector does.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        return self.scored_with_vectors(queries)[0]

    def scored_with_vectors(self, queries: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return p of n queries, and the embeddings it was told from, for what reads them too."""
        if self.head_ is None:
            raise NotFittedError("a StaticRouter must learn before it is asked; call fit or load")
        vectors = self.reader.embed(queries)
        return self.head_.win_probability(vectors), vectors

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return each query's largest cosine to the training queries that the kernel keeps."""
        if self.head_ is None:
            return None
        return largest_cosines(self.reader.embed(queries), self.head_.anchors)

    @property
    def training(self) -> HeadTraining:
        """How the head is learned.

        Raises:
            InvalidInputError: If an option is outside its range.
        """
        from shared_router.training.static_head import HeadTraining

        return HeadTraining(**{each.name: getattr(self, each.name) for each in fields(HeadTraining)})

    def save_on(self, embedder: str, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint like `save`, for an embedder that will have a name once it ships too."""
        named = copy.copy(self)
        named._embedder_name = embedder
        return named.save(folder, overwrite=overwrite)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        if self.head_ is None:
            raise NotFittedError("a StaticRouter must learn before it is saved; call fit")
        learned = {field.name: getattr(self.head_, field.name) for field in fields(self.head_)}
        tensors = {name: value for name, value in learned.items() if isinstance(value, np.ndarray)}
        settings = {name: getattr(self, name) for name in _SETTINGS}
        return {**settings, "embedder": self._embedder_name}, tensors

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        options = dict(settings)
        name = options.pop("embedder")
        if embedder is None and name is None:
            raise InvalidInputError("load must be given the embedder that the router was trained with")
        router = cls(name if embedder is None else embedder, **options)
        router.head_ = StaticHead(**tensors, gamma=router.gamma)
        return router


_SETTINGS = ("trim", "ties", "anchors", "gamma", "ridge", "subject_penalty", "subject_shrinkage", "seed")
