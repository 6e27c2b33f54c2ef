"""Matrix factorization (paper, section 4.2): a vector per model, a projection of the query's embedding.

    delta(M, q) = w2 . (v_M * (W1 e_q + b)),   P(strong wins | q) = 1 / (1 + exp(delta(weak) - delta(strong)))

By default as RouteLLM published it: model vectors of length 1, no bias, 128 dimensions, trained on who won
(ties left out) with noise on the embedding. Two things differ: the epoch with the least validation loss is
kept, and validation sees no noise (its script adds some there too). Trained in torch; for one pair of
models the whole is linear in the embedding, so it is served as one dot product in numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.components import PrincipalComponents, check_n_components, unit_rows
from shared_router.embedding.nearness import centroids
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.errors import InvalidInputError
from shared_router.preferences.encoded import encode_battles
from shared_router.preferences.splits import hold_out
from shared_router.preferences.ties import Ties, check_ties
from shared_router.routers.bradley_terry import win_chance
from shared_router.routers.embedding_router import EmbeddingRouter, checked_embeddings, restored_on_failure
from shared_router.training.factors import FactorShape, FactorTraining, train_factors

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData


class MatrixFactorizationRouter(EmbeddingRouter):
    """Learn a direction in the embedding space for every pair of models at once.

    Small (K x dim + dim x width floats) and served in microseconds after the embedding. It needs torch to
    be trained, not to be asked. With few battles see `SimilarityWeightedRouter` or `KNNRouter`.

    Args:
        embedder: Text to vectors, also for the queries that are asked; or the name of a shipped embedder.
        strong: The model whose win is asked for.
        weak: The model it is compared with.
        dim: Length of the model vectors, >= 1.
        normalize: Whether model vectors are scaled to length 1, as published.
        bias: Whether the projection has a bias, as in the paper's formula and not in its code.
        ties: How a tie counts; `"drop"` is the published way. See `shared_router.preferences.ties`.
        n_components: How many principal components of the embeddings to learn from, each row scaled to
            length 1; None, as published, takes the embedding as it is. With one or two thousand battles,
            32 to 64 of them, no held-out queries and a rate of 1e-3 rank better.
        recipe: How to train; the defaults are RouteLLM's.
        device: Where torch trains; None is torch's default.

    Raises:
        InvalidInputError: If an argument is outside its rule.
    """

    name: ClassVar[str] = "matrix_factorization"

    def __init__(
        self,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        strong: str = "strong",
        weak: str = "weak",
        dim: int = 128,
        normalize: bool = True,
        bias: bool = False,
        ties: Ties = "drop",
        n_components: int | None = None,
        recipe: FactorTraining = FactorTraining(),  # noqa: B008 - frozen
        device: str | None = None,
    ) -> None:
        super().__init__(embedder, strong=strong, weak=weak)
        check_ties(ties)
        check_n_components(n_components)
        if dim < 1:
            raise InvalidInputError(f"dim must be >= 1, got {dim!r}")
        self.dim = dim
        self.normalize = normalize
        self.bias = bias
        self.ties: Ties = ties
        self.n_components = n_components
        self.recipe = recipe
        self.device = device
        self.validation_loss_: list[float] = []
        self.components_: PrincipalComponents | None = None

    @restored_on_failure
    def fit(
        self,
        preferences: PreferenceData,
        *,
        embeddings: NDArray[np.float32] | None = None,
        progress: bool = False,
    ) -> Self:
        """Train on who won, and keep the epoch with the least validation loss.

        Args:
            preferences: The battles, n of them, among two models or more.
            embeddings: What the embedder gives for each battle's query, shape (n, width), where that is at
                hand; None embeds each query once.
            progress: Whether to show a bar over the epochs.

        Returns:
            This router; `validation_loss_` holds the mean loss after each epoch, in nats a battle.

        Raises:
            InvalidInputError: If the battles all end alike, are only ties to drop or too few to hold any
                out, the embeddings are not n finite rows, or the weights do not stay finite.
            UnknownNameError: If strong or weak fought no battle that is trained on: ties that are dropped and
                held-out queries' battles are not.
            MissingExtraError: If torch is not installed.
        """
        battles = encode_battles(preferences, ties=self.ties)
        queries = [preferences.queries[row] for row in battles.rows]
        held_out = hold_out(queries, self.recipe.validation_fraction, seed=self.recipe.seed)
        # a model whose battles are all dropped or held out keeps the random vector that it began with
        trained = np.unique([battles.first[~held_out], battles.second[~held_out]])
        self.models_ = tuple(battles.models[i] for i in trained.tolist())
        self._pair()
        distinct = {query: i for i, query in enumerate(dict.fromkeys(queries))}
        prompts = np.array([distinct[query] for query in queries])
        if embeddings is None:
            rows = self._embed(list(distinct))
        else:
            first_rows = battles.rows[np.unique(prompts, return_index=True)[1]]
            rows = np.asarray(checked_embeddings(embeddings, len(preferences))[first_rows], dtype=np.float32)
        if self.n_components is not None:
            self.components_ = PrincipalComponents.of(unit_rows(rows).T, self.n_components)
        self.centroids_ = centroids(rows, seed=self.recipe.seed)
        weights, self.validation_loss_ = train_factors(
            battles,
            self._read(rows)[prompts],
            held_out,
            shape=FactorShape(self.dim, self.normalize, self.bias),
            training=self.recipe,
            device=self.device,
            progress=progress,
        )
        self._set_weights({**weights, "model_vectors": weights["model_vectors"][trained]})
        self._use_pair()
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return P(strong wins | query), shape (n,)."""
        self._fitted_models()
        width = len(self._direction) if self.components_ is None else len(self.components_.mean)
        rows = self._read(self._embed(queries, width))
        return win_chance(rows @ self._direction + self._offset)

    @classmethod
    def from_weights(
        cls,
        embedder: Embedder | str,
        *,
        models: Sequence[str],
        model_vectors: NDArray[np.floating],
        projection: NDArray[np.floating],
        classifier: NDArray[np.floating],
        bias: NDArray[np.floating] | None = None,
        normalize: bool = True,
        strong: str = "strong",
        weak: str = "weak",
    ) -> Self:
        """Make a router of weights that were trained elsewhere, such as RouteLLM's.

        Args:
            embedder: What the weights were trained on.
            models: The models' names in the order of their vectors, K of them, none twice.
            model_vectors: v, shape (K, dim); `P.weight` in RouteLLM's checkpoint.
            projection: W1, shape (dim, width); `text_proj.0.weight`.
            classifier: w2, shape (dim,) or (1, dim); `classifier.0.weight`.
            bias: b, shape (dim,), or None.
            normalize: Whether model vectors are scaled to length 1.
            strong: The model whose win is asked for.
            weak: The model it is compared with.

        Raises:
            InvalidInputError: If shapes do not fit one another or a name stands twice.
            UnknownNameError: If strong or weak is not among the models.
        """
        vectors = np.array(model_vectors, dtype=np.float32)
        router = cls(embedder, strong=strong, weak=weak, dim=vectors.shape[-1], normalize=normalize)
        router.bias = bias is not None
        router.models_ = tuple(models)
        if len(set(models)) != len(models):
            raise InvalidInputError(
                f"models must be distinct, got {len(models)} with a name that stands twice"
            )
        weights = {"model_vectors": vectors, "projection": projection, "classifier": np.ravel(classifier)}
        if bias is not None:
            weights["bias"] = bias
        router._set_weights({name: np.array(weight, dtype=np.float32) for name, weight in weights.items()})
        router._use_pair()
        return router

    def _read(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings as the factors take them, shape (n, width)."""
        return rows if self.components_ is None else self.components_.read(rows)

    def _use_pair(self) -> None:
        strong, weak = self._pair()
        vectors = self.model_vectors_[[strong, weak]].astype(np.float64)
        if self.normalize:
            vectors /= np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)
        difference = self.classifier_ * (vectors[0] - vectors[1])  # (dim,)
        self._direction = (difference @ self.projection_).astype(np.float32)
        self._offset = 0.0 if self.bias_ is None else float(difference @ self.bias_)

    def _set_weights(self, weights: Mapping[str, NDArray[Any]]) -> None:
        """Keep the weights after a check that they fit the models and one another."""
        self.model_vectors_ = weights["model_vectors"]  # (K, dim)
        self.projection_ = weights["projection"]  # (dim, width)
        self.classifier_ = weights["classifier"]  # (dim,)
        self.bias_ = weights["bias"] if self.bias else None  # (dim,)
        k, dim, width = len(self._fitted_models()), self.dim, self.projection_.shape[-1]
        shapes = {name: weight.shape for name, weight in weights.items()}
        wanted = {"model_vectors": (k, dim), "projection": (dim, width), "classifier": (dim,)}
        if self.bias:
            wanted["bias"] = (dim,)
        if shapes != wanted:
            raise InvalidInputError(f"weights must have the shapes {wanted}, got {shapes}")

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings = self._settings("dim", "normalize", "bias", "ties", "n_components") | asdict(self.recipe)
        tensors = {name: getattr(self, f"{name}_") for name in ("model_vectors", "projection", "classifier")}
        if self.bias_ is not None:
            tensors["bias"] = self.bias_
        if self.components_ is not None:
            tensors |= self.components_.tensors()
        return settings, tensors if self.centroids_ is None else {**tensors, "centroids": self.centroids_}

    @classmethod
    def _from_state(
        cls, settings: Mapping[str, Any], tensors: Mapping[str, NDArray[Any]], embedder: Embedder | None
    ) -> Self:
        arguments = dict(settings)
        recipe = FactorTraining(**{each.name: arguments.pop(each.name) for each in fields(FactorTraining)})
        router = cls._unfitted({**arguments, "recipe": recipe}, embedder)
        if router.n_components is not None:
            router.components_ = PrincipalComponents.restore(tensors)
            tensors = {name: each for name, each in tensors.items() if name not in ("mean", "axes")}
        router._set_weights(router._restore_centroids(tensors))
        router._use_pair()
        return router
