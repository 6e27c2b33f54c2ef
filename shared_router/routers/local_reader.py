"""What a local router reads of a prompt: its embedding, its form, a prior router's score, its length."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, Protocol, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown_kind
from shared_router.embedding.shipped import DEFAULT_EMBEDDER, check_embedder, load_embedder
from shared_router.embedding.trimmed import TrimmedEmbedder
from shared_router.errors import ArtifactSchemaError, InvalidInputError
from shared_router.progress import with_progress
from shared_router.router import Router
from shared_router.routers.classes import router_class
from shared_router.routers.embedding_router import checked_embeddings
from shared_router.routers.local_reading import Reading
from shared_router.routers.shipped import load_shipped
from shared_router.text_features import text_features

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder

_PRIOR = "prior."
_SHARED = "prior's"
"""What stands for an embedder that is the prior's, in a checkpoint."""

_OWN_KIND = "router/local"
_LEAST_PROBABILITY = 1e-3
_TEXTS_A_PART = 2048


@runtime_checkable
class ScoresWithVectors(Protocol):
    """A router that gives the embeddings it reads, so that nobody embeds a prompt twice."""

    def scored_with_vectors(self, queries: Sequence[str]) -> tuple[NDArray[np.float64], NDArray[np.float32]]:
        """Return the win probabilities of n queries, shape (n,), and their embeddings, shape (n, d)."""


class PromptReader:
    """Read prompts.

    Args:
        embedder: As `LocalRouter`'s, like `prior` and `trim`.
        prior: See `embedder`.
        trim: See `embedder`.

    Raises:
        InvalidInputError: If the embedder or the prior is none.
    """

    def __init__(
        self, embedder: Embedder | str | None, *, prior: Router | str | None, trim: float | None
    ) -> None:
        if embedder is not None:
            check_embedder(embedder)
        if not (prior is None or isinstance(prior, (str, Router))):
            raise InvalidInputError(
                f"prior must be a Router, a shipped one's name or None, got {shown_kind(prior)}"
            )
        self._given_embedder = embedder
        self._given_prior = prior
        self._trim = trim

    @property
    def blocking(self) -> bool:
        """Whether reading can take longer than about a millisecond."""
        embedder, prior = self._given_embedder, self._given_prior
        own = embedder is not None and not isinstance(embedder, str)
        return (own and bool(getattr(embedder, "blocking", True))) or (
            isinstance(prior, Router) and prior.blocking
        )

    @cached_property
    def prior(self) -> Router | None:
        """The router whose ranking holds until grades say otherwise."""
        given = self._given_prior
        return load_shipped(given) if isinstance(given, str) else given

    @cached_property
    def embedder(self) -> Embedder:
        """What embeds prompts, before any trimming."""
        if self._shared is not None:
            return cast("Embedder", getattr(self.prior, "embedder", None))
        name = self._embedder_name
        return load_embedder(name) if name is not None else cast("Embedder", self._given_embedder)

    @property
    def n_scores(self) -> int:
        """How many known scores there are."""
        return 1 if self.prior is None else 2

    def read(self, prompts: Sequence[str], *, dim: int | None = None) -> Reading:
        """Read n prompts; embeddings must be `dim` wide where that is given."""
        if not len(prompts):
            return Reading.none(dim or 1, n_scores=self.n_scores)
        features = text_features(prompts)
        length = features[:, :1]  # its log
        if self._shared is not None:
            p, vectors = self._shared.scored_with_vectors(prompts)
        else:
            vectors = np.asarray(self._trimmed.embed(prompts), dtype=np.float32)
            if self.prior is None:
                return Reading(checked_embeddings(vectors, len(prompts), dim), features, length)
            p = self.prior.win_probability(prompts)
        p = np.clip(p, _LEAST_PROBABILITY, 1 - _LEAST_PROBABILITY)
        scores = np.concatenate([np.log(p / (1 - p))[:, None], length], axis=1)
        return Reading(checked_embeddings(vectors, len(prompts), dim), features, scores)

    def read_all(self, prompts: Sequence[str], *, progress: bool) -> Reading:
        """Read training prompts, some thousands at a time, with a bar over them."""
        starts = with_progress(range(0, len(prompts), _TEXTS_A_PART), shown=progress, desc="reading prompts")
        return Reading.joined([self.read(prompts[start : start + _TEXTS_A_PART]) for start in starts])

    def state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        """Return what makes this reader again, for a checkpoint.

        Raises:
            InvalidInputError: If the prior cannot be saved, or is more than arrays.
        """
        name = _SHARED if self._shared is not None else self._embedder_name
        if self.prior is None:
            return {"embedder": name, "prior": None}, {}
        artifact = self.prior._artifact()
        if artifact.files or artifact.kind == _OWN_KIND:
            raise InvalidInputError(
                "a prior must be arrays alone, and no local router, to be saved along; got a "
                f"{self.prior.name} router"
            )
        prior = {"kind": artifact.kind, "settings": dict(artifact.settings)}
        tensors = {f"{_PRIOR}{tensor}": value for tensor, value in artifact.tensors.items()}
        return {"embedder": name, "prior": prior}, tensors

    @classmethod
    def from_state(
        cls,
        settings: Mapping[str, Any],
        tensors: Mapping[str, NDArray[Any]],
        *,
        trim: float | None,
        embedder: Embedder | None,
    ) -> Self:
        """Make the reader that `state` described; `embedder` takes the place of one that has no name."""
        name, saved = settings["embedder"], settings["prior"]
        given = None if name == _SHARED else name if embedder is None else embedder
        if given is None and name != _SHARED:
            raise InvalidInputError("load must be given the embedder that the router was trained with")
        return cls(given, prior=_prior_of(saved, tensors, embedder), trim=trim)

    @staticmethod
    def without_prior(tensors: Mapping[str, NDArray[Any]]) -> dict[str, NDArray[Any]]:
        """Return a checkpoint's tensors that are not the prior's."""
        return {name: tensor for name, tensor in tensors.items() if not name.startswith(_PRIOR)}

    @cached_property
    def _shared(self) -> ScoresWithVectors | None:
        prior = self.prior
        return prior if self._given_embedder is None and isinstance(prior, ScoresWithVectors) else None

    @cached_property
    def _trimmed(self) -> Embedder:
        return self.embedder if self._trim is None else TrimmedEmbedder(self.embedder, trim=self._trim)

    @property
    def _embedder_name(self) -> str | None:
        given = DEFAULT_EMBEDDER if self._given_embedder is None else self._given_embedder
        return given if isinstance(given, str) else None


def _prior_of(
    saved: Mapping[str, Any] | None, tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
) -> Router | None:
    """Make the prior that a checkpoint describes."""
    if saved is None:
        return None
    kind = str(saved["kind"])
    if kind == _OWN_KIND:
        raise ArtifactSchemaError("a prior must be no local router")
    own = {key[len(_PRIOR) :]: tensor for key, tensor in tensors.items() if key.startswith(_PRIOR)}
    inner = None if saved["settings"].get("embedder") is not None else embedder
    return router_class(kind.removeprefix("router/"))._from_state(saved["settings"], own, inner)
