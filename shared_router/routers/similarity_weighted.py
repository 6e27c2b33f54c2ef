"""Similarity-weighted ranking (paper, section 4.2): Bradley-Terry ratings fitted anew for each query.

Battle i weighs `gamma ** (1 + s_i)` for a query, s_i the cosine between the two prompts over the largest
cosine the query has with any battle; the win probability is that of the strong model's tier over the weak
model's under the ratings that these weights fit. With gamma 10 this is RouteLLM's `10 * 10 ** s`.
Only the sums of the weights over each pair of tiers enter the fit, so they are summed first and a small
matrix is fitted, instead of a logistic regression over every battle. Unlike RouteLLM's, battles within one
tier are left out (its design matrix counts each as a loss of that tier against nobody), and a query that
resembles nothing weighs all battles alike.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_choice, is_number, is_whole, shown
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.embedding.vectors import Storage
from shared_router.errors import InvalidInputError, UnknownNameError
from shared_router.preferences.encoded import EncodedBattles, encode_battles
from shared_router.preferences.tiers import group_ratings
from shared_router.preferences.ties import Ties, check_ties
from shared_router.routers.bradley_terry import (
    battle_cells,
    fit_ratings,
    solve_ratings,
    win_chance,
    win_matrix,
)
from shared_router.routers.embedding_router import restored_on_failure
from shared_router.routers.prompt_router import PromptRouter
from shared_router.routers.similarity import similarity_weights

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

Weighting = Literal["relative", "cosine"]
MAX_GAMMA = 1e16
_LEFT_OUT = np.float32(1e-3)  # not 0, for the only win of a model keeps its rating finite
_BLOCK = 1 << 24  # similarities held at a time, 64 MB


class SimilarityWeightedRouter(PromptRouter):
    """Rate the tiers on the battles whose prompts resemble the query.

    Nothing is trained but the tiers, so it learns from a new battle at once; it keeps an embedding of
    every prompt and reads all of them for every query: about 8 ms for 55,000 battles of 1536 numbers, or a
    quarter of the bytes (`storage`). For still less see `MatrixFactorizationRouter`.

    Args:
        embedder: Text to vectors, also for the queries that are asked; or the name of a shipped embedder.
        strong: The strong model's name, or the number of its tier (0 is the best).
        weak: The weak model's name, or the number of its tier.
        n_tiers: How many tiers the models are grouped into; None, or fewer models than that, rates each
            model by itself.
        weighting: `"relative"` is the published form, s the cosine over the largest one; `"cosine"` leaves
            s the cosine itself, so that a query far from all battles weighs them more evenly.
        gamma: How much more the most similar battle weighs than one without similarity, in (1, 1e16].
        ties: How a tie counts: `"weak"` (the weak model will do, so it is no win), `"half"` a win each way,
            or `"drop"`. See `shared_router.preferences.ties`.
        n_components: How many principal components of the embeddings to compare; None, or as many as there
            are prompts or numbers in an embedding, compares all of it.
        storage: `"float32"`, or rounded to take less memory and time, which needs the extra `fast`:
            `"int12"`, three eighths of the bytes, moves a win probability by about 1e-6 with 50,000 battles
            and 1e-5 with a thousand, `"int8"`, a quarter, by 1e-5 and 1e-4.

    Raises:
        InvalidInputError: If an argument is outside its rule.
        MissingExtraError: If the storage is rounded and numkong is not installed.
    """

    name: ClassVar[str] = "similarity_weighted"

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        strong: str | int = "strong",
        weak: str | int = "weak",
        n_tiers: int | None = 10,
        weighting: Weighting = "relative",
        gamma: float = 100.0,
        ties: Ties = "weak",
        n_components: int | None = 64,
        storage: Storage = "float32",
    ) -> None:
        super().__init__(embedder, strong=strong, weak=weak, n_components=n_components, storage=storage)
        check_choice("weighting", weighting, get_args(Weighting))
        if not (is_number(gamma) and 1 < gamma <= MAX_GAMMA):
            raise InvalidInputError(f"gamma must be in (1, {MAX_GAMMA:g}], got {shown(gamma)}")
        if n_tiers is not None and not (is_whole(n_tiers) and n_tiers >= 2):
            raise InvalidInputError(f"n_tiers must be >= 2 or None, got {shown(n_tiers)}")
        check_ties(ties)
        self.n_tiers = n_tiers
        self.weighting = weighting
        self.gamma = gamma
        self.ties: Ties = ties

    @classmethod
    def published(
        cls,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        strong: str | int = "strong",
        weak: str | int = "weak",
    ) -> Self:
        """Make a router with the paper's settings: gamma 10 over whole embeddings, a tie half a win."""
        return cls(embedder, strong=strong, weak=weak, gamma=10.0, ties="half", n_components=None)

    @restored_on_failure
    def fit(
        self,
        preferences: PreferenceData,
        *,
        embeddings: NDArray[np.float32] | None = None,
        progress: bool = True,
    ) -> Self:
        """Group the models into tiers and keep an embedding of every prompt.

        Args:
            preferences: The battles, n of them, among two models or more.
            embeddings: What the embedder gives for each battle's query, shape (n, dim), where that is at
                hand; a memory-mapped array is read in blocks. None embeds each prompt once.
            progress: Whether to show a bar, where that takes long and there is a terminal.

        Returns:
            This router.

        Raises:
            InvalidInputError: If the battles are too few or only ties to drop, strong and weak share a
                tier, or the embeddings are not n finite rows.
            UnknownNameError: If strong or weak fought no battle.
            DisconnectedModelsError: If the battles do not rank all models; it names those to leave out.
        """
        battles = encode_battles(preferences, ties=self.ties)
        k = len(battles.models)
        cells = battle_cells(battles.first, battles.second, battles.share, k)
        ratings = fit_ratings(win_matrix(cells, k, battles.weights), names=battles.models)
        self.tiers_ = group_ratings(ratings, min(self.n_tiers or k, k))
        self.models_ = battles.models
        self._use_pair()
        battles = battles.take(self.tiers_[battles.first] != self.tiers_[battles.second])
        self._keep_battles(battles)
        self._keep_prompts(preferences, battles.rows.tolist(), embeddings, progress=progress)
        self._gather = self._is_gather()
        self.score_quantiles_ = self._quantiles()
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return P(strong tier beats weak tier) under the ratings fitted for each query, shape (n,)."""
        self._fitted_models()
        return self._chances(self._embed_queries(queries))

    def _chances(
        self, asked: NDArray[np.float32], own: NDArray[np.int64] | None = None
    ) -> NDArray[np.float64]:
        wins = np.empty((len(asked), len(self.ratings_), len(self.ratings_)))
        block = max(1, _BLOCK // len(self.prompts_))
        for start in range(0, len(asked), block):
            # row by row from here: a query's weights fit the processor's cache, a block's do not
            for row, similarities in enumerate(self.vectors_.products(asked[start : start + block]), start):
                weights = self._weigh(similarities, None if own is None else int(own[row]))
                wins[row] = win_matrix(self.cells_, len(self.ratings_), weights)
        ratings = solve_ratings(wins, start=self.ratings_)
        return win_chance(ratings[:, self._strong_tier] - ratings[:, self._weak_tier])

    @property
    def _n_known(self) -> int:
        return len(self.vectors_)

    def _known_prompts(self, chosen: NDArray[np.int64]) -> NDArray[np.float32]:
        return self.vectors_.rows(chosen)

    def _weigh(self, similarities: NDArray[np.float32], own: int | None) -> NDArray[np.float32]:
        """Turn a query's cosines (n_prompts,) into battle weights (n,).

        `own` is the query's own place among the prompts, where it is to count for nothing.
        """
        if own is not None:
            similarities[own] = -1.0
        weights = similarity_weights(similarities, gamma=self.gamma, relative=self.weighting == "relative")
        if own is not None:
            weights[own] *= _LEFT_OUT
        if self._gather:
            weights = weights[self.prompts_]
        if self.weights_ is not None:
            weights *= self.weights_
        return weights

    def _is_gather(self) -> bool:
        """Whether battles share prompts, so that weights of prompts must be copied to battles."""
        return not np.array_equal(self.prompts_, np.arange(self._n_known))

    def _keep_battles(self, battles: EncodedBattles) -> None:
        """Keep where each battle counts, and the ratings of the tiers over all prompts: every fit's start."""
        n_tiers = int(self.tiers_.max()) + 1
        first, second = self.tiers_[battles.first], self.tiers_[battles.second]
        self.cells_ = battle_cells(first, second, battles.share, n_tiers)
        even = bool((battles.weights == battles.weights[0]).all())
        self.weights_ = None if even else (battles.weights / battles.weights.max()).astype(np.float32)
        self.ratings_ = solve_ratings(win_matrix(self.cells_, n_tiers, self.weights_)[None])[0]

    def _use_pair(self) -> None:
        self._strong_tier, self._weak_tier = self._tier(self.strong), self._tier(self.weak)
        if self._strong_tier == self._weak_tier:
            raise InvalidInputError(
                f"strong and weak must fall in two tiers, got {self.strong!r} and {self.weak!r} in tier "
                f"{self._strong_tier}; take more tiers (n_tiers)"
            )

    def _tier(self, model: str | int) -> int:
        if not isinstance(model, int):
            return int(self.tiers_[self._index(model)])
        n_tiers = int(self.tiers_.max()) + 1
        if not 0 <= model < n_tiers:
            raise UnknownNameError(f"a tier must be in [0, {n_tiers}), got {model}")
        return model

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings = self._settings("n_tiers", "weighting", "gamma", "ties", "n_components", "storage")
        tensors = self._prompt_tensors()
        tensors |= {"cells": self.cells_, "ratings": self.ratings_, "tiers": self.tiers_}
        return settings, tensors if self.weights_ is None else {**tensors, "weights": self.weights_}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        router = cls._unfitted(settings, embedder)
        router._restore_prompts(tensors)
        router.cells_, router.weights_ = tensors["cells"], tensors.get("weights")
        router.ratings_, router.tiers_ = tensors["ratings"], tensors["tiers"]
        n_tiers = len(router.ratings_)
        if (
            len(router.cells_) != len(router.prompts_)
            or len(router.tiers_) != len(router.models_ or ())
            or not 0 <= router.cells_.min() <= router.cells_.max() < 2 * n_tiers**2
            or router.tiers_.max() != n_tiers - 1
        ):
            raise InvalidInputError("a checkpoint's battles, models and tiers must fit one another")
        router._gather = router._is_gather()
        router._use_pair()
        return router
