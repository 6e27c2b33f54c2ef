"""Matrix factorization: served by hand, in parity with RouteLLM's network, and trained to the end."""

import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    ArtifactSchemaError,
    InvalidInputError,
    NotFittedError,
    PreferenceData,
    UnknownNameError,
)
from shared_router.embedding.components import PrincipalComponents
from shared_router.routers.matrix_factorization import MatrixFactorizationRouter
from shared_router.testing import HashEmbedder
from shared_router.training.factors import FactorTraining
from tests.routers.data import three_models, two_models
from tests.routers.tables import TableEmbedder

PARITY = json.loads((Path(__file__).parent / "parity" / "matrix_factorization.json").read_text("utf-8"))
EMBEDDER = HashEmbedder(24)
TABLE = TableEmbedder({"one": [1.0, 0.0], "two": [1.0, 2.0]})


def trained_by(embedder: HashEmbedder | TableEmbedder, **arguments: Any) -> MatrixFactorizationRouter:
    """Make a router of its own arguments and its recipe's, told apart by their names."""
    names = {each.name for each in fields(FactorTraining)} & arguments.keys()
    recipe = FactorTraining(**{name: arguments.pop(name) for name in names})
    return MatrixFactorizationRouter(embedder, recipe=recipe, **arguments)


def by_hand(**arguments: Any) -> MatrixFactorizationRouter:
    weights: dict[str, Any] = {
        "models": ["strong", "weak"],
        "model_vectors": np.array([[3.0, 4.0], [0.0, -2.0]]),
        "projection": np.array([[1.0, 0.0], [1.0, 1.0]]),
        "classifier": np.array([[2.0, 1.0]]),
    }
    return MatrixFactorizationRouter.from_weights(TABLE, **{**weights, **arguments})


def test_the_lead_is_the_difference_of_both_models_products() -> None:
    """v_s = (.6, .8), v_w = (0, -1). Query (1, 0) projects to (1, 1): delta_s = 2*.6 + .8 = 2,
    delta_w = -1, lead 3. Query (1, 2) projects to (1, 3): 1.2 + 2.4 + 3 = 6.6."""
    expected = [1 / (1 + np.exp(-3)), 1 / (1 + np.exp(-6.6))]
    assert by_hand().win_probability(["one", "two"]) == pytest.approx(expected, abs=1e-6)


def test_vectors_may_keep_their_length_and_the_projection_a_bias() -> None:
    """v_s - v_w = (3, 6), bias (1, -1): query (1, 0) gives (2, 0), lead 2*3*2 = 12."""
    router = by_hand(normalize=False, bias=np.array([1.0, -1.0]))
    assert router.win_probability(["one"]) == pytest.approx([1 / (1 + np.exp(-12))], abs=1e-6)


def test_answers_equal_those_of_routellms_network_on_the_same_weights() -> None:
    queries = [f"query {i}" for i in range(len(PARITY["queries"]))]
    weights = {name: np.array(value) for name, value in PARITY["weights"].items()}
    names = [f"model-{i}" for i in range(len(weights["P.weight"]))]
    router = MatrixFactorizationRouter.from_weights(
        TableEmbedder(dict(zip(queries, PARITY["queries"], strict=True))),
        models=names,
        model_vectors=weights["P.weight"],
        projection=weights["text_proj.0.weight"],
        classifier=weights["classifier.0.weight"],
        strong=names[0],
        weak=names[1],
    )
    for (strong, weak), published in zip(PARITY["pairs"], PARITY["published"], strict=True):
        answers = router.for_pair(names[strong], names[weak]).win_probability(queries)
        assert answers == pytest.approx(published, abs=1e-6)


def test_training_learns_which_queries_the_strong_model_wins() -> None:
    router = trained_by(EMBEDDER, ties="half", dim=16, epochs=60, learning_rate=1e-2, noise=0.02)
    router.fit(two_models())
    hard, easy = router.win_probability(["prove a theorem and a lemma", "hello and thanks, bye"])
    assert hard > 0.6
    assert easy < 0.5


def test_every_pair_of_models_is_served_and_both_sides_sum_to_one() -> None:
    router = trained_by(EMBEDDER, dim=8, epochs=5).fit(three_models())
    queries = three_models().queries[:6]
    for pair in (("strong", "middle"), ("middle", "weak"), ("strong", "weak")):
        there = router.for_pair(*pair).win_probability(queries)
        back = router.for_pair(*pair[::-1]).win_probability(queries)
        assert there + back == pytest.approx(np.ones(6), abs=1e-6)


def test_a_model_that_no_battle_trains_is_not_served() -> None:
    """`idle` only ties, and ties are left out: its vector would stay the random one it began with."""
    two = two_models()
    data = PreferenceData(
        [*two.queries, "hello"], [*two.model_a, "strong"], [*two.model_b, "idle"], [*two.winners, "tie"]
    )
    router = trained_by(EMBEDDER, dim=8, epochs=3, ties="drop")
    assert router.fit(data).models_ == ("strong", "weak")
    assert router.win_probability(["prove"]).shape == (1,)
    with pytest.raises(UnknownNameError, match=r"\['strong', 'weak'\], got 'idle'"):
        router.for_pair("strong", "idle")
    with pytest.raises(UnknownNameError, match="got 'idle'"):
        trained_by(EMBEDDER, weak="idle", ties="drop").fit(data)


def test_a_seed_decides_everything() -> None:
    def answers(seed: int) -> list[float]:
        router = trained_by(EMBEDDER, dim=8, epochs=3, seed=seed)
        return list(router.fit(two_models()).win_probability(["prove"]))

    assert answers(1) == answers(1)
    assert answers(1) != answers(2)


def test_the_epoch_with_the_least_validation_loss_is_kept() -> None:
    """A rate far too high ends worse than it was: stopping at the best epoch gives the same weights."""
    arguments: dict[str, Any] = {"dim": 8, "learning_rate": 0.3, "noise": 0.0, "validation_fraction": 0.2}
    long = trained_by(EMBEDDER, epochs=30, **arguments).fit(two_models())
    best = int(np.argmin(long.validation_loss_))
    assert best < 29
    short = trained_by(EMBEDDER, epochs=best + 1, **arguments).fit(two_models())
    assert np.array_equal(short.factors_.model_vectors, long.factors_.model_vectors)
    assert short.validation_loss_ == long.validation_loss_[: best + 1]


@pytest.mark.parametrize("validation_fraction", [0.0, 0.2])
def test_a_training_that_leaves_all_numbers_is_refused(validation_fraction: float) -> None:
    router = trained_by(
        EMBEDDER, dim=8, epochs=3, learning_rate=float("inf"), validation_fraction=validation_fraction
    )
    with pytest.raises(InvalidInputError, match="weights must stay finite, and with learning_rate=inf"):
        router.fit(two_models())


def test_without_validation_the_last_epoch_is_kept() -> None:
    router = trained_by(EMBEDDER, dim=8, epochs=2, validation_fraction=0).fit(two_models())
    assert router.validation_loss_ == []


def test_noise_is_added_in_training_only() -> None:
    """Noise far larger than the embeddings leaves the validation loss as it is without noise."""
    router = trained_by(
        EMBEDDER, dim=8, epochs=1, noise=100, learning_rate=1e-9, validation_fraction=0.5
    ).fit(two_models())
    quiet = trained_by(EMBEDDER, dim=8, epochs=1, noise=0, learning_rate=1e-9, validation_fraction=0.5).fit(
        two_models()
    )
    assert router.validation_loss_ == pytest.approx(quiet.validation_loss_, abs=1e-6)


def test_weights_count_in_training() -> None:
    """One prompt, a win of weight 3 and a loss of weight 1: the likeliest P is 3/4."""
    data = PreferenceData(["p", "p"], ["strong"] * 2, ["weak"] * 2, ["a", "b"], [3, 1])
    router = trained_by(
        EMBEDDER, dim=4, epochs=400, learning_rate=0.02, noise=0, weight_decay=0, validation_fraction=0
    ).fit(data)
    assert router.win_probability(["p"]) == pytest.approx([0.75], abs=1e-3)


def test_embeddings_at_hand_are_taken() -> None:
    data = three_models()
    arguments: dict[str, Any] = {"dim": 8, "epochs": 2}
    given = trained_by(EMBEDDER, **arguments).fit(data, embeddings=EMBEDDER.embed(data.queries))
    embedded = trained_by(EMBEDDER, **arguments).fit(data)
    assert np.array_equal(given.win_probability(["p"]), embedded.win_probability(["p"]))


def test_principal_components_are_learned_from_and_asked_in_the_embedding_s_place() -> None:
    """Rows reduced by hand, and scaled to length 1, teach the same; each distinct prompt counts once."""
    data = two_models()
    rows = EMBEDDER.embed(data.queries)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    reduced = PrincipalComponents.of(rows.T, 4).project(rows)
    reduced /= np.linalg.norm(reduced, axis=1, keepdims=True)
    table = TableEmbedder(dict(zip(data.queries, reduced.tolist(), strict=True)))
    arguments: dict[str, Any] = {"dim": 8, "epochs": 3, "ties": "half"}
    router = trained_by(EMBEDDER, n_components=4, **arguments).fit(data)
    by_hand = trained_by(table, **arguments).fit(data)
    expected = by_hand.win_probability(data.queries)
    assert router.win_probability(data.queries) == pytest.approx(expected, abs=1e-5)
    twice = data.select([*range(len(data))] * 2)
    again = trained_by(EMBEDDER, n_components=4, **arguments).fit(twice)
    assert again.components_ is not None
    assert router.components_ is not None
    assert np.array_equal(again.components_.axes, router.components_.axes)


def test_a_saved_router_keeps_its_components(tmp_path: Path) -> None:
    router = trained_by(EMBEDDER, dim=8, epochs=2, n_components=5, bias=True).fit(two_models())
    router.save(tmp_path)
    loaded = MatrixFactorizationRouter.load(tmp_path, embedder=EMBEDDER)
    assert np.array_equal(loaded.win_probability(["p", "q"]), router.win_probability(["p", "q"]))


def test_a_saved_router_keeps_its_settings_and_needs_its_embedder(tmp_path: Path) -> None:
    router = trained_by(EMBEDDER, dim=8, epochs=2, bias=True, normalize=False, seed=7)
    router.fit(three_models()).save(tmp_path)
    loaded = MatrixFactorizationRouter.load(tmp_path, embedder=EMBEDDER)
    assert (loaded.dim, loaded.recipe.seed, loaded.models_) == (8, 7, ("middle", "strong", "weak"))
    with pytest.raises(ArtifactSchemaError, match="must be loaded with the embedder"):
        MatrixFactorizationRouter.load(tmp_path)


def test_a_saved_router_knows_how_near_queries_are_to_its_training(tmp_path: Path) -> None:
    """The 48 prompts whose battles are no ties are fewer than 256, so each is its own centre, in halves."""
    data = two_models()
    trained = [query for query, winner in zip(data.queries, data.winners, strict=True) if winner != "tie"]
    trained_by(EMBEDDER, dim=8, epochs=2).fit(data).save(tmp_path)
    loaded = MatrixFactorizationRouter.load(tmp_path, embedder=EMBEDDER)
    seen = loaded.training_similarity(trained)
    assert seen == pytest.approx(np.ones(len(trained)), abs=1e-3)
    unseen = loaded.training_similarity(["quite another matter"])
    assert unseen is not None
    assert unseen.max() < 0.9


def test_weights_from_elsewhere_know_no_training() -> None:
    assert by_hand().training_similarity(["one"]) is None


def test_a_router_that_learned_nothing_says_so() -> None:
    with pytest.raises(NotFittedError, match="must be fitted or loaded"):
        trained_by(EMBEDDER).win_probability(["p"])


def test_models_must_be_two_that_training_saw() -> None:
    with pytest.raises(UnknownNameError, match=r"\['strong', 'weak'\], got 'gpt'"):
        by_hand(strong="gpt")
    with pytest.raises(InvalidInputError, match="must be two models, got 'weak' twice"):
        by_hand().for_pair("weak", "weak")
    with pytest.raises(UnknownNameError, match="got 'gpt'"):
        trained_by(EMBEDDER, strong="gpt").fit(two_models())


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"projection": np.ones((3, 2))}, "weights must have the shapes"),
        ({"classifier": np.ones(3)}, "weights must have the shapes"),
        ({"bias": np.ones(3)}, "weights must have the shapes"),
        ({"models": ["strong", "weak", "other"]}, "weights must have the shapes"),
        ({"models": ["weak", "weak"]}, "models must be distinct"),
    ],
)
def test_weights_that_do_not_fit_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        by_hand(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"dim": 0}, "dim must be >= 1"),
        ({"epochs": 0}, "epochs must be >= 1"),
        ({"batch_size": 0}, "batch_size must be >= 1"),
        ({"noise": -1}, "noise must be >= 0"),
        ({"weight_decay": float("nan")}, "weight_decay must be >= 0"),
        ({"learning_rate": 0}, "learning_rate must be > 0"),
        ({"ties": "both"}, "ties must be one of"),
        ({"n_components": 0}, "n_components must be >= 1 or None, got 0"),
    ],
)
def test_arguments_outside_their_rule_are_refused(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        trained_by(EMBEDDER, **arguments)


def test_an_embedder_of_another_width_is_refused_when_asked() -> None:
    router = by_hand()
    router.embedder = HashEmbedder(3)
    with pytest.raises(InvalidInputError, match=r"must have shape \(1, 2\), got \(1, 3\)"):
        router.win_probability(["one"])


def test_what_is_published_is_had_by_name_and_a_tie_is_no_reason_to_pay_by_default() -> None:
    published = MatrixFactorizationRouter.published(strong="a", weak="b")
    assert (published.ties, published.n_components, published.recipe) == ("drop", None, FactorTraining())
    assert (published.dim, published.normalize, published.bias) == (128, True, False)
    assert (published.strong, published.weak) == ("a", "b")
    assert repr(MatrixFactorizationRouter()) == "MatrixFactorizationRouter(ties='weak')"


@pytest.mark.parametrize(("validation_fraction", "unseen"), [(0.1, 6), (0.0, 12)])
def test_its_quantiles_are_of_queries_that_were_not_trained_on(
    validation_fraction: float, unseen: int
) -> None:
    """Of 60 queries a tenth chooses the epoch; where none does, a fifth is scored by another fit."""
    router = trained_by(EMBEDDER, epochs=3, validation_fraction=validation_fraction).fit(two_models())
    assert router.score_quantiles_ is not None
    assert router.score_quantiles_.n_queries == unseen
    assert router.score_quantiles_.source == "held-out training queries"
    assert router.for_pair("weak", "strong").score_quantiles_ is None
