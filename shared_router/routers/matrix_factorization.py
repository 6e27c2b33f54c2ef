"""Matrix factorization (paper, section 4.2): a vector per model, a projection of the query's embedding.

    delta(M, q) = w2 . (v_M * (W1 e_q + b)),   P(strong wins | q) = 1 / (1 + exp(delta(weak) - delta(strong)))

Model vectors of length 1, no bias, 128 dimensions, trained on who won with noise on the embedding;
`published` takes RouteLLM's other settings too. Two things differ then: the epoch with the least validation
loss is kept, and validation sees no noise (its script adds some there too). Trained in torch; for one pair of
models the whole is linear in the embedding, so it is served as one dot product in numpy.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_whole
from shared_router.embedding.components import PrincipalComponents, check_n_components, unit_rows
from shared_router.embedding.nearness import centroids
from shared_router.embedding.shipped import DEFAULT_EMBEDDER
from shared_router.errors import InvalidInputError
from shared_router.preferences.encoded import encode_battles
from shared_router.preferences.splits import hold_out
from shared_router.preferences.ties import Ties, check_ties
from shared_router.routers.embedding_router import EmbeddingRouter, checked_embeddings, restored_on_failure
from shared_router.routers.factor_fit import FactorFit
from shared_router.routers.factors import Factors
from shared_router.training.factors import FactorShape, FactorTraining

if TYPE_CHECKING:
    from typing_extensions import Self

    from shared_router.embedding.protocol import Embedder
    from shared_router.preferences.data import PreferenceData

SMALL_DATA_RECIPE = FactorTraining(epochs=30, learning_rate=1e-3, validation_fraction=0.0)
"""For some thousand battles, of which a twentieth is too few to choose an epoch by."""


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
        ties: How a tie counts: `"weak"` (the weak model will do, so it is no win), `"half"` a win each way,
            or `"drop"`. See `shared_router.preferences.ties`.
        n_components: How many principal components of the embeddings to learn from, each row scaled to
            length 1; None, or as many as there are prompts or numbers in an embedding, takes it as it is.
        recipe: How to train.
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
        ties: Ties = "weak",
        n_components: int | None = 64,
        recipe: FactorTraining = SMALL_DATA_RECIPE,
        device: str | None = None,
    ) -> None:
        super().__init__(embedder, strong=strong, weak=weak)
        check_ties(ties)
        check_n_components(n_components)
        check_whole("dim", dim, least=1)
        self.dim = dim
        self.normalize = normalize
        self.bias = bias
        self.ties: Ties = ties
        self.n_components = n_components
        self.recipe = recipe
        self.device = device
        self.validation_loss_: list[float] = []
        self.components_: PrincipalComponents | None = None

    @classmethod
    def published(
        cls,
        embedder: Embedder | str = DEFAULT_EMBEDDER,
        *,
        strong: str = "strong",
        weak: str = "weak",
    ) -> Self:
        """Make a router with RouteLLM's settings: whole embeddings, no ties, a validated epoch."""
        recipe = FactorTraining()
        return cls(embedder, strong=strong, weak=weak, ties="drop", n_components=None, recipe=recipe)

    @restored_on_failure
    def fit(
        self,
        preferences: PreferenceData,
        *,
        embeddings: NDArray[np.float32] | None = None,
        progress: bool = True,
    ) -> Self:
        """Train on who won, and keep the epoch with the least validation loss.

        Args:
            preferences: The battles, n of them, among two models or more.
            embeddings: What the embedder gives for each battle's query, shape (n, width), where that is at
                hand; None embeds each query once.
            progress: Whether to show a bar, where that takes long and there is a terminal.

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
            rows = self._embed_training(list(distinct), progress=progress)
        else:
            first_rows = battles.rows[np.unique(prompts, return_index=True)[1]]
            rows = np.asarray(checked_embeddings(embeddings, len(preferences))[first_rows], dtype=np.float32)
        self.components_ = None
        if self.n_components is not None and self.n_components < min(rows.shape):
            self.components_ = PrincipalComponents.of(unit_rows(rows).T, self.n_components)
        self.centroids_ = centroids(rows, seed=self.recipe.seed)
        fit = FactorFit(
            battles,
            self._read(rows)[prompts],
            prompts,
            held_out,
            trained,
            FactorShape(self.dim, self.normalize, self.bias),
            self.recipe,
            self.device,
            progress,
        )
        self.factors_, self.validation_loss_ = fit.train()
        self._use_pair()
        self.score_quantiles_ = fit.unseen_quantiles(self.factors_, *self._pair())
        return self

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return P(strong wins | query), shape (n,)."""
        self._fitted_models()
        width = len(self._line.direction) if self.components_ is None else len(self.components_.mean)
        return self._line.win_probability(self._read(self._embed(queries, width)))

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
        arrays = {name: np.array(weight, dtype=np.float32) for name, weight in weights.items()}
        router.factors_ = Factors.of(arrays, k=len(models), dim=router.dim, bias=router.bias)
        router._use_pair()
        return router

    def _read(self, rows: NDArray[np.float32]) -> NDArray[np.float32]:
        """Return embeddings as the factors take them, shape (n, width)."""
        return rows if self.components_ is None else self.components_.read(rows)

    def _use_pair(self) -> None:
        self._line = self.factors_.line(*self._pair(), normalize=self.normalize)

    def _state(self) -> tuple[dict[str, Any], dict[str, NDArray[Any]]]:
        settings = self._settings("dim", "normalize", "bias", "ties", "n_components") | asdict(self.recipe)
        tensors = self.factors_.tensors()
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
        if "axes" in tensors:
            router.components_ = PrincipalComponents.restore(tensors)
            tensors = {name: each for name, each in tensors.items() if name not in ("mean", "axes")}
        tensors = router._restore_centroids(tensors)
        router.factors_ = Factors.of(tensors, k=len(router.models_ or ()), dim=router.dim, bias=router.bias)
        router._use_pair()
        return router
