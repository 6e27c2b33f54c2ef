"""Every router that is trained on embeddings keeps the contract, before and after saving."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    ArtifactSchemaError,
    EmbedderError,
    InvalidInputError,
    NotFittedError,
    PreferenceData,
    Router,
    RoutingPolicy,
)
from shared_router.routers.knn import KNNRouter
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.testing import HashEmbedder, check_router
from shared_router.training.factors import FactorTraining
from tests.routers.data import three_models, two_models


class ShortEmbedder(HashEmbedder):
    """Embed the first 500 characters: a million of them take seconds, and are cut before a real router."""

    def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        return super().embed([text[:500] for text in texts])


EMBEDDER = ShortEmbedder(24)

ROUTERS: dict[str, Callable[[], Router]] = {
    "similarity_weighted": lambda: SimilarityWeightedRouter(EMBEDDER),
    "similarity_weighted_cosine": lambda: SimilarityWeightedRouter(
        EMBEDDER, weighting="cosine", gamma=1e6, ties="weak", n_tiers=None, n_components=6
    ),
    "matrix_factorization": lambda: MatrixFactorizationRouter(
        EMBEDDER, dim=8, recipe=FactorTraining(epochs=3)
    ),
    "matrix_factorization_bias": lambda: MatrixFactorizationRouter(
        EMBEDDER, dim=8, recipe=FactorTraining(epochs=3), normalize=False, bias=True, ties="half"
    ),
    "knn": lambda: KNNRouter(EMBEDDER, k=5),
    "knn_similarity": lambda: KNNRouter(EMBEDDER, k=5, vote="similarity", ties="drop", n_components=6),
}


@pytest.mark.parametrize("name", ROUTERS)
@pytest.mark.parametrize("data", [two_models(), three_models()], ids=["two_models", "three_models"])
def test_a_trained_router_keeps_the_contract(name: str, data: PreferenceData) -> None:
    check_router(ROUTERS[name]().fit(data), queries=data.queries[:5])


@pytest.mark.parametrize("name", ROUTERS)
def test_a_fit_that_fails_leaves_the_router_as_it_was(name: str) -> None:
    """A router of two models that never met or were never seen; each class finds that at another point."""
    two = two_models()
    others = PreferenceData(two.queries, ["one"] * 60, ["other"] * 60, two.winners)
    router = ROUTERS[name]()
    with pytest.raises(InvalidInputError):
        router.fit(others)
    with pytest.raises(NotFittedError):
        router.win_probability(["prove"])
    before = router.fit(two).win_probability(two.queries)
    with pytest.raises(InvalidInputError):
        router.fit(others)
    assert router.win_probability(two.queries).tolist() == before.tolist()


class Ragged:
    """Embed as many numbers as there are characters, which makes no array."""

    def embed(self, texts: Sequence[str]) -> list[list[float]]:
        return [[1.0] * len(text) for text in texts]


@pytest.mark.parametrize("name", ROUTERS)
def test_an_embedder_that_returns_no_array_is_named_as_the_fault(name: str) -> None:
    router: Any = ROUTERS[name]().fit(two_models())
    router.embedder = Ragged()
    with pytest.raises(EmbedderError, match="must return one row of numbers a text, .* got list"):
        router.win_probability(["one", "three"])


@pytest.mark.parametrize("name", ROUTERS)
def test_a_load_with_an_embedder_of_another_width_says_so(name: str, tmp_path: Path) -> None:
    router = ROUTERS[name]().fit(two_models())
    router.save(tmp_path)
    with pytest.raises(ArtifactSchemaError, match=r"got \(3, 25\); use the embedder that the router was"):
        type(router).load(tmp_path, embedder=HashEmbedder(25))


@pytest.mark.parametrize("name", ROUTERS)
def test_a_fitted_router_knows_which_threshold_sends_half_of_unseen_queries_strong(
    name: str, tmp_path: Path
) -> None:
    data = two_models()
    router = ROUTERS[name]().fit(data)
    known = router.score_quantiles_
    assert known is not None
    assert 0 <= known.low <= known.threshold(0.5) <= known.high <= 1
    assert RoutingPolicy(router).threshold == known.threshold(0.5)
    assert f"for half of {known.n_queries} {known.source}" in repr(router)
    router.save(tmp_path / "saved")
    assert type(router).load(tmp_path / "saved", embedder=EMBEDDER).score_quantiles_ == known


@pytest.mark.parametrize("name", ["similarity_weighted", "knn"])
def test_a_query_says_nothing_of_itself_where_it_is_left_out(name: str) -> None:
    """A prompt that only the weak model can answer, alone of its kind, scores as the others around it do."""
    data = two_models()
    odd = PreferenceData(
        [*data.queries, "zebra quagga okapi"], ["strong"] * 61, ["weak"] * 61, [*data.winners, "b"]
    )
    router: Any = ROUTERS[name]()
    router.k = 1
    router.fit(odd)
    place = np.array([60])
    unseen = router._chances(router._known_prompts(place), place)[0]
    assert unseen > router.win_probability(["zebra quagga okapi"])[0]


@pytest.mark.parametrize("name", ["similarity_weighted", "knn"])
def test_another_pair_has_a_threshold_of_its_own(name: str) -> None:
    router: Any = ROUTERS[name]().fit(three_models())
    other = router.for_pair("weak", "strong")
    assert other.score_quantiles_.threshold(0.5) == pytest.approx(1 - router.score_quantiles_.threshold(0.5))
