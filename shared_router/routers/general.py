"""The router that ships: what exams taught about who wins, and what people say about what is hard.

It is none of the paper's four. With `x` a query's embedding beside the form of its text,

    p(q) = sigmoid(prior + coverage(x) (gap(x) + everyday(x) a tanh((difficulty(x) - d_0) / s) - prior))
    gap(x) = b_0 + b_1 subject(x) + b_2 likeness(x)
    likeness(x) = sum_a alpha_a exp(-gamma |x - x_a|^2)
    difficulty(x) = mean + sum_b beta_b exp(-delta |x - x_b|^2)

`subject` is the strong model's win rate in the exam subjects that the query may belong to, as in
`routers.static`, and `likeness` a kernel fit of who won. `difficulty` is a kernel fit of how hard people call
a prompt, from a greeting to a proof, and speaks as far as a query is `everyday` talk and no exam question.
`coverage` falls from 1 to 0 with the distance to the nearest query learned from: far from all of them a score
is the prior, and so is that of a text without a known word.
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
from shared_router.embedding.shipped import MULTILINGUAL_EMBEDDER, embedder_of
from shared_router.embedding.trimmed import TRIM, TrimmedEmbedder, bare_question
from shared_router.errors import InvalidInputError, NotFittedError
from shared_router.markup import evenly_spaced
from shared_router.quantiles import ScoreQuantiles
from shared_router.router import Router
from shared_router.routers.general_head import GeneralHead
from shared_router.text_features.glance import glance_numbers, glances
from shared_router.training.general_training import GeneralTraining

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData
    from shared_router.preferences.ties import Ties

_REMEMBERED = 64


class GeneralRouter(Router):
    """Route any text: exam questions by who won, everyday prompts by how hard they are.

    Use `LocalRouter` once you have a hundred graded prompts of your own: a router that has seen your traffic
    ranks it better than any that has not.

    Args:
        embedder: What embeds queries, in rows of length 1, or the name of a shipped one.
        trim: The share of a query's pieces that may not speak; see `TrimmedEmbedder`.
        ties: How a tie reads: `"weak"`, `"half"` or `"drop"`.
        training: How the parts are learned.
    """

    name: ClassVar[str] = "general"
    blocking = False

    def __init__(
        self,
        embedder: Embedder | str = MULTILINGUAL_EMBEDDER,
        *,
        trim: float = TRIM,
        ties: Ties = "weak",
        training: GeneralTraining | None = None,
    ) -> None:
        self._given_embedder = embedder
        self._embedder_name = embedder if isinstance(embedder, str) else None
        self.blocking = not isinstance(embedder, str) and bool(getattr(embedder, "blocking", True))
        self.trim = trim
        self.ties: Ties = ties
        self.training = training or GeneralTraining()
        self.head_: GeneralHead | None = None
        self._last: tuple[tuple[str, ...], NDArray[np.float64]] = ((), np.zeros(0))

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds queries."""
        return embedder_of(self._given_embedder)

    @cached_property
    def reader(self) -> TrimmedEmbedder:
        """What embeds queries as `trim` says."""
        return TrimmedEmbedder(self.embedder, trim=self.trim)

    def fit(
        self,
        preferences: PreferenceData,
        *,
        subjects: Sequence[str] | None = None,
        prompts: Sequence[str] = (),
        difficulties: Sequence[float] = (),
        like: Sequence[str] = (),
    ) -> Self:
        """Learn who wins from battles whose `model_a` is the strong side, and what is hard from prompts.

        Args:
            preferences: The battles, on exam questions or others with a right answer, n of them.
            subjects: The subject of each battle's query, n names; None knows none.
            prompts: Everyday prompts, m of them, m >= 2.
            difficulties: How hard each is, m numbers in [0, 1], not all equal.
            like: Further exam questions, to tell everyday prompts from.

        Returns:
            This router.

        Raises:
            InvalidInputError: If the prompts or the subjects are not as above.
            DataError: If all battles end alike.
            MissingExtraError: If scikit-learn is not installed.
        """
        # a program that only asks does not wait for what learns
        from shared_router.preferences.ties import check_ties
        from shared_router.training.examples import examples_of
        from shared_router.training.general_head import Told, fit_general

        check_ties(self.ties)
        if subjects is not None and len(subjects) != len(preferences):
            raise InvalidInputError(
                f"subjects must be one per battle ({len(preferences)}), got {len(subjects)}"
            )
        hard = np.asarray(difficulties, dtype=np.float64)
        if hard.shape != (len(prompts),) or len({*difficulties}) < 2 or not ((hard >= 0) & (hard <= 1)).all():
            raise InvalidInputError(
                "fit must be given prompts, and how hard each is, in [0, 1] and not all equal; got "
                f"{len(prompts)} prompts and {len(difficulties)} difficulties"
            )
        exams = examples_of(preferences, subjects, embedder=_Joined(self), ties=self.ties)
        told = Told(self._joined(prompts), hard)
        arrays, unseen = fit_general(exams, told, self._joined(like), self._dim, self.training)
        self.head_ = self._head_of(arrays)
        self.score_quantiles_ = ScoreQuantiles.of(unseen.tolist(), source="held-out training queries")
        self._last = ((), np.zeros(0))
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return p of n queries, shape (n,), each in (0, 1); one without a known word gets the prior.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        return self.scored_with_vectors(queries)[0]

    def scored_with_vectors(self, queries: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return p of n queries, and the embeddings it was told from, for what reads them too."""
        head = self._fitted_head()
        if len(queries) == 1:  # as most are asked for
            bare = _as_read(queries[0])
            vectors = self.reader.embed_bare([bare])
            alone, covered = head.score(vectors[0], glance_numbers(bare))
            p, coverage = np.array([alone]), np.array([covered])
        else:
            vectors, forms = self._read(queries)
            p, coverage = head.scores(head.rows(vectors, forms))
        if len(queries) <= _REMEMBERED:  # whoever decides by them may ask how far to trust them
            self._last = (tuple(queries), coverage)
        return p, vectors

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return how near each query is to what was learned from.

        Args:
            queries: n texts.

        Returns:
            Shape (n,), each in [0, 1]: 1 near a query learned from, 0 far from all or without a known word.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        asked, known = self._last  # read once: another thread may replace it
        if asked == tuple(queries):
            return np.array(known)
        head = self._fitted_head()
        return head.scores(head.rows(*self._read(queries)))[1]

    def training_similarity(self, queries: Sequence[str]) -> NDArray[np.float64] | None:
        """Return each query's largest cosine to the training queries that the kernels keep."""
        if self.head_ is None:
            return None
        anchors = np.concatenate([self.head_.likeness_anchors, self.head_.difficulty_anchors])
        return largest_cosines(self.reader.embed(queries), anchors[:, : self._dim])

    def save_on(self, embedder: str, folder: str | Path, *, overwrite: bool = False) -> str:
        """Write a checkpoint like `save`, for an embedder that will have a name once it ships too."""
        named = copy.copy(self)
        named._embedder_name = embedder
        return named.save(folder, overwrite=overwrite)

    def _read(self, queries: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float64]]:
        """Return the embeddings and the forms of queries."""
        bare = [_as_read(query) for query in queries]
        return self.reader.embed_bare(bare), glances(bare)

    def _joined(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return embeddings beside unscaled forms, as training reads them."""
        return np.hstack(self._read(queries))

    def _fitted_head(self) -> GeneralHead:
        if self.head_ is None:
            raise NotFittedError("a GeneralRouter must learn before it is asked; call fit or load")
        return self.head_

    @property
    def _dim(self) -> int:
        return int(self.reader.embed_bare(["a"]).shape[1])

    def _head_of(self, arrays: Mapping[str, NDArray[Any]]) -> GeneralHead:
        names = ("form_limit", "likeness_gamma", "difficulty_gamma")
        parts: dict[str, Any] = {**arrays, **{name: getattr(self.training, name) for name in names}}
        return GeneralHead(**parts)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        head = self._fitted_head()
        learned = {field.name: getattr(head, field.name) for field in fields(head)}
        tensors = {name: value for name, value in learned.items() if isinstance(value, np.ndarray)}
        training = {each.name: getattr(self.training, each.name) for each in fields(self.training)}
        settings = {"trim": self.trim, "ties": self.ties, "training": training}
        return {**settings, "embedder": self._embedder_name}, tensors

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        options = dict(settings)
        name = options.pop("embedder")
        if embedder is None and name is None:
            raise InvalidInputError("load must be given the embedder that the router was trained with")
        training = GeneralTraining(**options.pop("training"))
        router = cls(name if embedder is None else embedder, training=training, **options)
        router.head_ = router._head_of(tensors)
        return router


def _as_read(query: str) -> str:
    """Return what is read of a query; blanks left by small talk, and wide ones, are none of its form."""
    return evenly_spaced(bare_question(query).strip())


class _Joined:
    """An embedder of what the router reads, for those that take battles."""

    def __init__(self, router: GeneralRouter) -> None:
        self._router = router

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return self._router._joined(texts).astype(np.float32)
