"""k nearest neighbours: how often the strong model won on the training prompts most like the query.

Not one of the paper's four; the baseline that learned routers should beat and often do not ("Rethinking
predictive modeling for LLM routing", arXiv 2505.12601). Neighbours are found by looking at every prompt;
an index for millions of them is left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice, shown
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.errors import DataError, InvalidInputError
from shared_router.preferences.encoded import encode_battles
from shared_router.preferences.ties import Ties, check_ties
from shared_router.routers.embedding_router import restored_on_failure
from shared_router.routers.neighbor import Neighbor, nearest
from shared_router.routers.prompt_router import PromptRouter

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

Vote = Literal["uniform", "similarity"]
_BLOCK = 1 << 22  # similarities held at a time, 16 MB


class KNNRouter(PromptRouter):
    """Let the k training prompts nearest in cosine vote.

    A prompt votes with the share of its battles that the strong model won against the weak one, and with
    their weight. `SimilarityWeightedRouter` lets every prompt vote and learns from battles between other
    models too.

    Args:
        embedder: Text to vectors, also for the queries that are asked; or the name of a shipped embedder.
        strong: The model whose win is asked for.
        weak: The model it is compared with.
        k: How many prompts vote, >= 1; all of them where there are fewer.
        vote: `"uniform"`, or `"similarity"` to count a neighbour by its cosine (none below 0).
        ties: How a tie counts: `"weak"` (the weak model will do, so it is no win), `"half"` a win each way,
            or `"drop"`. See `shared_router.preferences.ties`.
        n_components: How many principal components of the embeddings to compare; None, or as many as there
            are prompts or numbers in an embedding, compares all of it.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    name: ClassVar[str] = "knn"

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        strong: str = "strong",
        weak: str = "weak",
        k: int = 20,
        vote: Vote = "similarity",
        ties: Ties = "weak",
        n_components: int | None = 64,
    ) -> None:
        super().__init__(embedder, strong=strong, weak=weak, n_components=n_components)
        if isinstance(k, bool) or not isinstance(k, (int, np.integer)) or k < 1:
            raise InvalidInputError(f"k must be >= 1 and a whole number, got {shown(k)}")
        check_choice("vote", vote, get_args(Vote))
        check_ties(ties)
        self.k = k
        self.vote = vote
        self.ties: Ties = ties

    @classmethod
    def published(
        cls, embedder: Embedder | str = DEFAULT_EMBEDDER, *, strong: str = "strong", weak: str = "weak"
    ) -> Self:
        """Make the plain form that stands in papers as a baseline: equal votes, whole embeddings, k 50."""
        return cls(embedder, strong=strong, weak=weak, k=50, vote="uniform", ties="half", n_components=None)

    @restored_on_failure
    def fit(
        self,
        preferences: PreferenceData,
        *,
        embeddings: NDArray[np.float32] | None = None,
        progress: bool = True,
    ) -> Self:
        """Keep the battles and an embedding of every prompt.

        Args:
            preferences: The battles, n of them.
            embeddings: What the embedder gives for each battle's query, shape (n, dim), where that is at
                hand; None embeds each query once.
            progress: Whether to show a bar, where that takes long and there is a terminal.

        Returns:
            This router.

        Raises:
            InvalidInputError: If the battles all end alike, strong and weak never met, or the embeddings
                are not n finite rows.
            UnknownNameError: If strong or weak fought no battle.
        """
        battles = encode_battles(preferences, ties=self.ties)
        self.models_ = battles.models
        self.battles_ = np.stack([battles.first, battles.second, (2 * battles.share).astype(np.int64)])
        self.weights_ = battles.weights / battles.weights.max()
        self._pair()
        self._keep_prompts(preferences, battles.rows.tolist(), embeddings, progress=progress)
        self._use_pair()
        self.score_quantiles_ = self._quantiles()
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return the share of the neighbours' votes that the strong model wins, shape (n,)."""
        self._fitted_models()
        return self._chances(self._embed_queries(queries))

    def neighbors(self, query: str, *, n: int = 5) -> list[Neighbor]:
        """Return the training prompts nearest a query, and how they ended.

        Args:
            query: Any text.
            n: How many, >= 1.

        Raises:
            NotFittedError: If the router has learned nothing yet.
        """
        self._fitted_models()
        return nearest(self._embed_queries([query])[0] @ self._voters, self._shares, n)

    def _chances(
        self, asked: NDArray[np.float32], own: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        n_voters = self._n_known
        probabilities = np.empty(len(asked))
        block = max(1, _BLOCK // n_voters)
        for start in range(0, len(asked), block):
            similarities = asked[start : start + block] @ self._voters
            if own is not None:
                similarities[np.arange(len(similarities)), own[start : start + block]] = -2.0
            nearest = np.argpartition(-similarities, min(self.k, n_voters) - 1, axis=1)[:, : self.k]
            votes = self._votes[nearest]
            if own is not None:  # it votes where fewer than k others do, but next to nothing
                votes = np.where(nearest == own[start : start + block, None], 1e-9, votes)
            if self.vote == "similarity":
                # a query unlike all prompts still gets a vote: all alike
                votes = votes * np.maximum(np.take_along_axis(similarities, nearest, axis=1), 1e-6)
            probabilities[start : start + block] = (votes * self._shares[nearest]).sum(1) / votes.sum(1)
        return probabilities.clip(0.0, 1.0)

    @property
    def _n_known(self) -> int:
        return int(self._voters.shape[1])

    def _known_prompts(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        return np.ascontiguousarray(self._voters[:, chosen].T)

    def _use_pair(self) -> None:
        """Sum each prompt's battles between the two models, whichever stood first."""
        strong, weak = self._pair()
        first, second, halves = self.battles_
        forth = (first == strong) & (second == weak)
        back = (first == weak) & (second == strong)
        if not (forth | back).any():
            raise DataError(
                f"strong and weak must have met, got no battle of {self.strong!r} and {self.weak!r}"
            )
        n_prompts = self.embeddings_.shape[1]
        weights = self.weights_ * (forth | back)
        shares = np.where(forth, halves, 2 - halves) / 2
        total = np.bincount(self.prompts_, weights, n_prompts)
        met = total > 0
        self._voters = self.embeddings_ if met.all() else self.embeddings_[:, met]
        self._votes = total[met]
        self._shares = np.bincount(self.prompts_, weights * shares, n_prompts)[met] / self._votes

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings = self._settings("k", "vote", "ties", "n_components")
        return settings, {**self._prompt_tensors(), "battles": self.battles_, "weights": self.weights_}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        router = cls._unfitted(settings, embedder)
        router.battles_, router.weights_ = tensors["battles"], tensors["weights"]
        router._restore_prompts(tensors)
        if router.battles_.shape != (3, len(router.prompts_)):
            raise InvalidInputError("a checkpoint's battles and prompts must fit one another")
        router._use_pair()
        return router
