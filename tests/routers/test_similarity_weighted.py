"""Similarity weighting: hand-worked win probabilities, parity with RouteLLM's code, and bad input."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    ArtifactSchemaError,
    DisconnectedModelsError,
    InvalidInputError,
    NotFittedError,
    PreferenceData,
    UnknownNameError,
    load_router,
)
from shared_router.preferences.grades import Winner
from shared_router.routers.similarity_weighted import SimilarityWeightedRouter
from shared_router.testing import HashEmbedder
from tests.routers.data import three_models, two_models
from tests.routers.tables import TableEmbedder

PARITY = json.loads((Path(__file__).parent / "parity" / "similarity_weighted.json").read_text("utf-8"))
WINNERS: dict[str, Winner] = {"model_a": "a", "model_b": "b", "tie": "tie"}

EAST, NORTH, NORTH_EAST = [1.0, 0.0], [0.0, 1.0], [3.0, 4.0]
TABLE = TableEmbedder({"east": EAST, "north": NORTH, "north-east": NORTH_EAST, "nowhere": [0.0, 0.0]})


def battles(*rows: tuple[str, Winner], weights: list[float] | None = None) -> PreferenceData:
    n = len(rows)
    return PreferenceData([r[0] for r in rows], ["strong"] * n, ["weak"] * n, [r[1] for r in rows], weights)


def test_a_battle_ten_times_as_similar_counts_ten_times() -> None:
    """The strong model wins in the east and loses in the north. For a query in the east s is 1 and 0, the
    weights 100 and 10: P = 100/110. In the north 10/110. In between, the cosines are .6 and .8, s is .75
    and 1: P = 10^.75 / (10^.75 + 10)."""
    router = SimilarityWeightedRouter.published(TABLE).fit(battles(("east", "a"), ("north", "b")))
    expected = [100 / 110, 10 / 110, 10**0.75 / (10**0.75 + 10)]
    assert router.win_probability(["east", "north", "north-east"]) == pytest.approx(expected, abs=1e-6)


def test_the_cosine_itself_weighs_more_evenly_far_from_all_battles() -> None:
    """Weighting "cosine", gamma 100: for the query in between, weights 100^.6 and 100^.8."""
    router = SimilarityWeightedRouter(TABLE, weighting="cosine", gamma=100)
    router.fit(battles(("east", "a"), ("north", "b")))
    expected = 100**0.6 / (100**0.6 + 100**0.8)
    assert router.win_probability(["north-east"]) == pytest.approx([expected], abs=1e-6)


def test_a_query_like_nothing_weighs_all_battles_alike() -> None:
    """A vector of zeros has no direction: P is the plain share of wins, 2/3."""
    router = SimilarityWeightedRouter(TABLE).fit(battles(("east", "a"), ("north", "b"), ("north", "a")))
    assert router.win_probability(["nowhere"]) == pytest.approx([2 / 3], abs=1e-6)


@pytest.mark.parametrize(("ties", "expected"), [("half", 0.5), ("weak", 1 / 3), ("drop", 0.5)])
def test_a_tie_counts_as_it_is_named(ties: Any, expected: float) -> None:
    """One win, one loss, one tie, all of one prompt. strong and weak take half each, and of equals the later
    name, weak, takes the tie."""
    router = SimilarityWeightedRouter(TABLE, ties=ties)
    router.fit(battles(("east", "a"), ("east", "b"), ("east", "tie")))
    assert router.win_probability(["east"]) == pytest.approx([expected], abs=1e-6)


def test_sample_weights_multiply() -> None:
    """A win of weight 6 and a loss of weight 2, of one prompt: P = 3/4."""
    router = SimilarityWeightedRouter(TABLE).fit(battles(("east", "a"), ("east", "b"), weights=[6, 2]))
    assert router.win_probability(["east"]) == pytest.approx([0.75], abs=1e-6)


def test_battles_among_others_tell_of_the_pair() -> None:
    """strong beats middle 2:1 and middle beats weak 3:1, strong and weak never met: odds 6, P = 6/7."""
    rows: list[tuple[str, str, Winner]] = [
        *[("strong", "middle", "a")] * 2,  # type: ignore[list-item]
        ("strong", "middle", "b"),
        *[("middle", "weak", "a")] * 3,  # type: ignore[list-item]
        ("middle", "weak", "b"),
    ]
    data = PreferenceData(["east"] * 7, [r[0] for r in rows], [r[1] for r in rows], [r[2] for r in rows])
    router = SimilarityWeightedRouter(TABLE).fit(data)
    assert router.win_probability(["east"]) == pytest.approx([6 / 7], abs=1e-6)
    assert router.for_pair("middle", "weak").win_probability(["east"]) == pytest.approx([3 / 4], abs=1e-6)
    assert router.for_pair("weak", "middle").win_probability(["east"]) == pytest.approx([1 / 4], abs=1e-6)
    assert router.for_pair(0, 2).win_probability(["east"]) == pytest.approx([6 / 7], abs=1e-6)
    assert (router.strong, router.weak) == ("strong", "weak")


def _parity_router(case: dict[str, Any]) -> SimilarityWeightedRouter:
    queries = [f"battle {i}" for i in range(len(case["winner"]))]
    table = dict(zip(queries, case["embeddings"], strict=True))
    table |= {f"query {i}": row for i, row in enumerate(case["queries"])}
    data = PreferenceData(
        queries,
        [case["names"][i] for i in case["model_a"]],
        [case["names"][i] for i in case["model_b"]],
        [WINNERS[w] for w in case["winner"]],
    )
    router = SimilarityWeightedRouter.published(
        TableEmbedder(table), strong=case["strong"], weak=case["weak"]
    )
    router.n_tiers = case["n_tiers"]
    return router.fit(data)


def _parity_answers(case: dict[str, Any]) -> NDArray[np.float64]:
    return _parity_router(case).win_probability([f"query {i}" for i in range(len(case["queries"]))])


@pytest.mark.parametrize("case", ["five_models", "twelve_models"])
def test_models_fall_in_the_tiers_that_routellm_puts_them_in(case: str) -> None:
    router = _parity_router(PARITY["cases"][case])
    assert (
        dict(zip(router.models_ or (), router.tiers_.tolist(), strict=True)) == PARITY["cases"][case]["tiers"]
    )


@pytest.mark.parametrize("case", ["five_models", "twelve_models"])
def test_answers_equal_routellms_regression_run_to_its_end(case: str) -> None:
    """RouteLLM's code on the battles across tiers, with the tolerance of its solver at 1e-12."""
    frozen = PARITY["cases"][case]
    assert _parity_answers(frozen) == pytest.approx(frozen["converged_across_tiers"], abs=1e-6)


def test_answers_equal_routellms_as_published_up_to_its_tolerance() -> None:
    """Five models in five tiers: no battle lies within one, and RouteLLM stops within 1e-4 of the end."""
    frozen = PARITY["cases"]["five_models"]
    assert _parity_answers(frozen) == pytest.approx(frozen["published"], abs=1e-4)


def test_battles_within_a_tier_are_left_out_and_that_is_the_difference_to_routellm() -> None:
    """With twelve models in four tiers RouteLLM's answers lie up to 0.012 lower."""
    frozen = PARITY["cases"]["twelve_models"]
    difference = _parity_answers(frozen) - np.array(frozen["published"])
    assert 0.004 < difference.min() < difference.max() < 0.012


def test_embeddings_at_hand_are_taken_and_may_be_memory_mapped(tmp_path: Path) -> None:
    data, embedder = three_models(), HashEmbedder(24)
    np.save(tmp_path / "embeddings.npy", embedder.embed(data.queries))
    mapped = np.load(tmp_path / "embeddings.npy", mmap_mode="r")
    given = SimilarityWeightedRouter(embedder).fit(data, embeddings=mapped)
    embedded = SimilarityWeightedRouter(embedder).fit(data)
    assert np.array_equal(given.win_probability(data.queries), embedded.win_probability(data.queries))


def test_a_saved_router_answers_from_the_mapped_file_and_by_the_registry(tmp_path: Path) -> None:
    data, embedder = three_models(), HashEmbedder(24)
    router = SimilarityWeightedRouter(embedder, gamma=50, n_components=5).fit(data)
    router.save(tmp_path)
    loaded = SimilarityWeightedRouter.load(tmp_path, embedder=embedder, memory_map=True)
    assert not loaded.embeddings_.flags.writeable
    assert np.array_equal(loaded.win_probability(data.queries), router.win_probability(data.queries))
    assert (loaded.gamma, loaded.models_, loaded.n_components) == (50, ("middle", "strong", "weak"), 5)
    with pytest.raises(ArtifactSchemaError, match="must be loaded with the embedder"):
        load_router(tmp_path)


def test_another_embedder_is_noticed_at_loading(tmp_path: Path) -> None:
    SimilarityWeightedRouter(HashEmbedder(24), gamma=1e4).fit(two_models()).save(tmp_path)
    with pytest.raises(ArtifactSchemaError, match="embedder it was trained with"):
        SimilarityWeightedRouter.load(tmp_path, embedder=HashEmbedder(24, seed=1))


def test_a_router_that_learned_nothing_says_so() -> None:
    router = SimilarityWeightedRouter(TABLE)
    for ask in (lambda: router.win_probability(["east"]), lambda: router.for_pair("a", "b")):
        with pytest.raises(NotFittedError, match="must be fitted or loaded"):
            ask()


def test_models_that_training_did_not_see_are_refused_with_those_it_saw() -> None:
    data = battles(("east", "a"), ("north", "b"))
    with pytest.raises(UnknownNameError, match=r"\['strong', 'weak'\], got 'gpt'"):
        SimilarityWeightedRouter(TABLE, strong="gpt").fit(data)
    router = SimilarityWeightedRouter(TABLE).fit(data)
    with pytest.raises(UnknownNameError, match=r"a tier must be in \[0, 2\), got 2"):
        router.for_pair(0, 2)


def test_strong_and_weak_must_fall_in_two_tiers() -> None:
    router = SimilarityWeightedRouter(HashEmbedder(24), n_tiers=2).fit(three_models())
    pairs = [("strong", "middle"), ("middle", "weak")]
    same = next(
        pair for pair in pairs if router.tiers_[_at(router, pair[0])] == router.tiers_[_at(router, pair[1])]
    )
    with pytest.raises(InvalidInputError, match="must fall in two tiers"):
        router.for_pair(*same)


def _at(router: SimilarityWeightedRouter, model: str) -> int:
    return (router.models_ or ()).index(model)


def test_a_model_that_never_loses_has_no_finite_rating() -> None:
    data = PreferenceData(["p"] * 3, ["a", "b", "c"], ["b", "c", "b"], ["a", "a", "a"])
    with pytest.raises(DisconnectedModelsError, match=r"\['a'\] never lost to the rest"):
        SimilarityWeightedRouter(TABLE, strong="a", weak="b").fit(data)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"gamma": 1.0}, r"gamma must be in \(1, 1e\+16\]"),
        ({"gamma": float("nan")}, "gamma must be"),
        ({"weighting": "square"}, "weighting must be one of"),
        ({"storage": "int4"}, "storage must be one of"),
        ({"ties": "both"}, "ties must be one of"),
        ({"n_tiers": 1}, "n_tiers must be >= 2 or None"),
        ({"n_components": 0}, "n_components must be >= 1 or None"),
    ],
)
def test_arguments_outside_their_rule_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        SimilarityWeightedRouter(TABLE, **arguments)


@pytest.mark.parametrize(
    "embeddings", [np.ones((1, 2), np.float32), np.ones(2, np.float32), np.full((2, 2), np.nan, np.float32)]
)
def test_embeddings_that_are_not_one_finite_row_a_battle_are_refused(embeddings: NDArray[np.float32]) -> None:
    with pytest.raises(InvalidInputError, match="embeddings must"):
        SimilarityWeightedRouter(TABLE).fit(battles(("east", "a"), ("north", "b")), embeddings=embeddings)


def test_an_embedder_of_another_width_is_refused_when_asked() -> None:
    router = SimilarityWeightedRouter(TABLE).fit(battles(("east", "a"), ("north", "b")))
    router.embedder = HashEmbedder(3)
    with pytest.raises(InvalidInputError, match=r"must have shape \(1, 2\), got \(1, 3\)"):
        router.win_probability(["east"])


def test_what_is_published_is_had_by_name_and_a_tie_is_no_reason_to_pay_by_default() -> None:
    default, published = SimilarityWeightedRouter(), SimilarityWeightedRouter.published(strong="a", weak="b")
    assert (default.ties, repr(default)) == ("weak", "SimilarityWeightedRouter(ties='weak')")
    assert (published.gamma, published.ties, published.n_tiers, published.weighting) == (
        10,
        "half",
        10,
        "relative",
    )
    assert (published.n_components, published.strong, published.weak) == (None, "a", "b")


@pytest.mark.parametrize("n_components", [4, 64])
def test_more_components_than_there_are_compare_the_whole_embedding(
    n_components: int, tmp_path: Path
) -> None:
    """Three prompts in two dimensions have no four components."""
    data = battles(("east", "a"), ("north", "b"), ("north-east", "tie"))
    router = SimilarityWeightedRouter(TABLE, n_components=n_components).fit(data)
    whole = SimilarityWeightedRouter(TABLE, n_components=None).fit(data)
    assert router.win_probability(["east"]) == whole.win_probability(["east"])
    router.save(tmp_path / "saved")
    loaded = SimilarityWeightedRouter.load(tmp_path / "saved", embedder=TABLE)
    assert loaded.win_probability(["east"]) == whole.win_probability(["east"])
