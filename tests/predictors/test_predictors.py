"""What every predictor promises: a grade a model, holes, a model added, a folder to keep it in."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    ArtifactError,
    ArtifactSchemaError,
    DataError,
    InvalidInputError,
    NotFittedError,
    Outcomes,
    UnknownNameError,
)
from shared_router.predictors.clusters import ClustersPredictor
from shared_router.predictors.factors import FactorsPredictor
from shared_router.predictors.item_response import ItemResponsePredictor
from shared_router.predictors.mixed import MixedPredictor
from shared_router.predictors.neighbors import NeighborsPredictor
from shared_router.predictors.protocol import QualityPredictor
from tests.predictors.axes import Axes, graded

CLASSES: list[type[QualityPredictor]] = [
    NeighborsPredictor,
    ClustersPredictor,
    FactorsPredictor,
    ItemResponsePredictor,
    MixedPredictor,
]


@pytest.fixture(params=CLASSES, ids=lambda each: str(each.name))
def predictor(request: pytest.FixtureRequest) -> QualityPredictor:
    made: QualityPredictor = request.param(Axes())
    return made


def test_each_question_goes_best_to_the_model_that_does_its_kind(predictor: QualityPredictor) -> None:
    expected = predictor.fit(graded()).qualities(["sum 99", "verse 99", "sum 7"])
    assert expected.argmax(axis=1).tolist() == [0, 1, 0]
    assert expected.shape == (3, 2)
    assert expected.max(axis=1).min() > 0.7
    assert predictor.models_ == ("ada", "bob")
    np.testing.assert_allclose(predictor.means_, [0.5, 0.5])


def test_a_question_unlike_any_is_read_as_all_of_them(predictor: QualityPredictor) -> None:
    """Neither near a sum nor a verse: what is known of ada is that half of her answers are right."""
    expected = predictor.fit(graded()).qualities(["weather", ""])
    np.testing.assert_allclose(expected, 0.5, atol=0.15)


def test_a_question_has_one_value_whatever_is_asked_beside_it(predictor: QualityPredictor) -> None:
    predictor.fit(graded())
    together = predictor.qualities(["sum 1", "verse 2", "weather"])
    alone = np.concatenate([predictor.qualities([query]) for query in ("sum 1", "verse 2", "weather")])
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert predictor.qualities([]).shape == (0, 2)


def test_a_model_need_not_be_graded_on_every_prompt(predictor: QualityPredictor) -> None:
    """Bob is graded on verses alone: his sums are what his mean says, his verses what his grades say."""
    n = 60
    prompts = [f"sum {i}" for i in range(n)] + [f"verse {i}" for i in range(n)]
    bob = [None] * n + [1.0] * (n - 10) + [0.0] * 10
    outcomes = Outcomes.from_columns(prompts, {"ada": [1.0] * n + [0.0] * n, "bob": bob})
    expected = predictor.fit(outcomes).qualities(["sum 99", "verse 99"])
    assert expected[1].argmax() == 1
    assert expected[1, 1] == pytest.approx(5 / 6, abs=0.08)


def test_a_model_is_added_by_few_grades_and_changes_nothing_of_the_others(
    predictor: QualityPredictor,
) -> None:
    """Cyd does 15 of 20 sums and 5 of 20 verses: expected between those and her mean of a half."""
    predictor.fit(graded())
    before = predictor.qualities(["sum 99", "verse 99"])
    prompts = [f"sum {i}" for i in range(100, 120)] + [f"verse {i}" for i in range(100, 120)]
    cyd = [1.0] * 15 + [0.0] * 5 + [1.0] * 5 + [0.0] * 15
    predictor.add_model(Outcomes.from_columns(prompts, {"cyd": cyd}), "cyd")
    after = predictor.qualities(["sum 99", "verse 99"])
    assert predictor.models_ == ("ada", "bob", "cyd")
    np.testing.assert_allclose(predictor.means_, [0.5, 0.5, 0.5])
    np.testing.assert_allclose(after[:, :2], before, atol=1e-6)
    assert 0.55 < after[0, 2] <= 0.78
    assert 0.22 <= after[1, 2] < 0.45


def test_a_model_that_is_added_leaves_those_that_were_added_before_as_they_are(
    predictor: QualityPredictor,
) -> None:
    prompts = [f"sum {i}" for i in range(100, 140)]
    predictor.fit(graded()).add_model(Outcomes.from_columns(prompts, {"cyd": [1.0, 0.0] * 20}), "cyd")
    before = predictor.qualities(["sum 99", "verse 99", "weather"])
    more = [f"sum {i}" for i in range(200, 300)]
    predictor.add_model(Outcomes.from_columns(more, {"dan": [1.0] * 100}), "dan")
    predictor.add_model(Outcomes.from_columns(more, {"dan": [0.0] * 100}), "dan")
    after = predictor.qualities(["sum 99", "verse 99", "weather"])
    np.testing.assert_allclose(after[:, :3], before, atol=1e-6)
    assert after[0, 3] < 0.3


def test_a_model_that_is_known_is_learned_anew_in_its_place(predictor: QualityPredictor) -> None:
    predictor.fit(graded())
    prompts = [f"sum {i}" for i in range(100, 200)] + [f"verse {i}" for i in range(100, 200)]
    predictor.add_model(Outcomes.from_columns(prompts, {"ada": [0.0] * 200}), "ada")
    assert predictor.models_ == ("ada", "bob")
    assert predictor.qualities(["sum 99"])[0, 0] < 0.3
    assert predictor.means_[0] == 0.0


def test_what_is_saved_answers_as_before(predictor: QualityPredictor, tmp_path: Path) -> None:
    predictor.fit(graded())
    queries = ["sum 99", "verse 99", "weather"]
    pinned = predictor.save(tmp_path / "predictor")
    loaded = type(predictor).load(tmp_path / "predictor", embedder=Axes(), expected_sha256=pinned)
    np.testing.assert_array_equal(loaded.qualities(queries), predictor.qualities(queries))
    assert loaded.models_ == predictor.models_
    loaded.add_model(graded(), "ada")  # and goes on learning


def test_another_kinds_folder_is_refused(predictor: QualityPredictor, tmp_path: Path) -> None:
    predictor.fit(graded()).save(tmp_path / "predictor")
    other = next(each for each in CLASSES if each is not type(predictor))
    with pytest.raises(ArtifactError, match=f"must be of kind predictor/{other.name}"):
        other.load(tmp_path / "predictor", embedder=Axes())


def test_a_fit_that_fails_leaves_what_was_learned(predictor: QualityPredictor) -> None:
    before = predictor.fit(graded()).qualities(["sum 99"])
    with pytest.raises(DataError, match="'bob' has none"):
        predictor.fit(Outcomes.from_columns(["sum 1"], {"ada": [1.0], "bob": [None]}))
    np.testing.assert_array_equal(predictor.qualities(["sum 99"]), before)


def test_what_is_asked_before_it_learned_says_so(predictor: QualityPredictor) -> None:
    for ask in (lambda: predictor.qualities(["sum 1"]), lambda: predictor.add_model(graded(), "ada")):
        with pytest.raises(NotFittedError, match="call fit"):
            ask()
    assert "not fitted" in repr(predictor)


def test_bad_input_is_refused_by_its_rule(predictor: QualityPredictor) -> None:
    one = Outcomes.from_columns(["sum 1"], {"ada": [1.0]})
    with pytest.raises(DataError, match=r"two or more models, got \['ada'\]"):
        predictor.fit(one)
    predictor.fit(graded())
    text: Any = "one text"
    with pytest.raises(InvalidInputError, match="put it in a list"):
        predictor.qualities(text)
    with pytest.raises(UnknownNameError, match="cyd"):
        predictor.add_model(graded(), "cyd")
    with pytest.raises(InvalidInputError, match=r"shape \(120, dim\), got \(2, 3\)"):
        predictor.fit(graded(), embeddings=np.zeros((2, 3), dtype=np.float32))


@pytest.mark.parametrize(
    ("make", "rule"),
    [
        (lambda: NeighborsPredictor(k=0), "k must be a whole number >= 1, got 0"),
        (lambda: NeighborsPredictor(prior=-1), "prior must be a finite number >= 0"),
        (lambda: ClustersPredictor(n_clusters=0), "n_clusters"),
        (lambda: ClustersPredictor(nearest=2.5), "nearest"),  # type: ignore[arg-type]
        (lambda: ClustersPredictor(seed=-1), "seed"),
        (lambda: FactorsPredictor(dim=0), "dim"),
        (lambda: FactorsPredictor(learning_rate=0), "learning_rate must be > 0"),
        (lambda: ItemResponsePredictor(l2=-1), "l2"),
        (lambda: MixedPredictor(Axes), "got the class Axes"),  # type: ignore[arg-type]
    ],
)
def test_an_argument_outside_its_rule_is_refused(make: Any, rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        make()


def test_neighbours_vote_by_their_cosine_beside_the_models_mean() -> None:
    """Two sums at cosine 1, grades 1 and 0, and a prior of 2 means of 0.6: (1 + 0 + 2 * 0.6) / (2 + 2)."""
    outcomes = Outcomes.from_columns(
        ["sum 1", "sum 2", "verse 1", "verse 2", "verse 3"], {"a": [1, 0, 1, 1, 0], "b": [0, 0, 0, 0, 1]}
    )
    expected = NeighborsPredictor(Axes(), k=2, prior=2).fit(outcomes).qualities(["sum 9"])
    np.testing.assert_allclose(expected, [[0.55, (0 + 2 * 0.2) / 4]])


def test_a_cluster_counts_its_grades_beside_the_models_mean() -> None:
    """Three verses of grades 1, 1, 0 and one prompt of the mean 0.6: (2 + 0.6) / (3 + 1) = 0.65."""
    outcomes = Outcomes.from_columns(
        ["sum 1", "sum 2", "verse 1", "verse 2", "verse 3"], {"a": [1, 0, 1, 1, 0], "b": [0, 0, 0, 0, 1]}
    )
    predictor = ClustersPredictor(Axes(), n_clusters=2, nearest=1, prior=1).fit(outcomes)
    np.testing.assert_allclose(predictor.qualities(["verse 9"]), [[0.65, (1 + 0.2) / 4]])


def test_equal_prompts_make_fewer_clusters_than_asked_for() -> None:
    outcomes = Outcomes.from_columns(["sum"] * 5, {"a": [1, 1, 1, 1, 0], "b": [0] * 5})
    expected = ClustersPredictor(Axes(), prior=0).fit(outcomes).qualities(["sum"])
    np.testing.assert_allclose(expected, [[0.8, 0.0]], atol=1e-6)


def test_the_gradients_are_those_of_the_loss() -> None:
    """Against differences of the cross-entropy, 1e-4 apart, of grades with a hole, for either form."""
    from shared_router.predictors.bilinear import Bilinear, _first, _scaled

    generator = np.random.default_rng(0)
    rows = _scaled(generator.normal(size=(5, 4)).astype(np.float32))
    scores = generator.random((5, 3)).astype(np.float32)
    known = np.ones((5, 3), dtype=np.float32)
    known[1, 2] = 0

    def loss(model: Bilinear) -> float:
        logits = model._logits(rows, model._factors(model._projected(rows))).astype(np.float64)
        each = np.logaddexp(0, logits) - scores * logits
        return float((each * known).sum() / len(rows))

    for softplus in (False, True):
        weights = _first(4, np.array([0.2, 0.5, 0.7]), 2, generator)
        model = Bilinear(softplus, {name: w.astype(np.float64) for name, w in weights.items()})
        for name, gradient in model._gradients(rows, scores, known, 0.0).items():
            place = tuple(generator.integers(0, size) for size in gradient.shape)
            ends = []
            for step in (1e-4, -1e-4):
                model.weights[name][place] += step
                ends.append(loss(model))
                model.weights[name][place] -= step
            assert gradient[place] == pytest.approx((ends[0] - ends[1]) / 2e-4, abs=1e-3), name


@pytest.mark.parametrize(
    "models", ["abc", [], ["ada", "ada", "bob"], ["ada", 1, "bob"], None, ["", "b", "c"]]
)
def test_a_checkpoint_must_name_each_model_once(models: object) -> None:
    artifact = NeighborsPredictor(Axes()).fit(graded()).artifact()
    hostile = replace(artifact, settings={**artifact.settings, "models": models})
    with pytest.raises(ArtifactSchemaError, match="must make a neighbors predictor"):
        NeighborsPredictor.from_artifact(hostile, Axes())


@pytest.mark.parametrize("embedder", ["mini8m-static-v1", "minilm-static-v1"])
def test_a_checkpoint_whose_embedder_is_unknown_or_of_another_width_is_not_loaded(embedder: str) -> None:
    artifact = NeighborsPredictor(Axes()).fit(graded()).artifact()
    hostile = replace(artifact, settings={**artifact.settings, "embedder": embedder})
    with pytest.raises(ArtifactSchemaError, match="must make a neighbors predictor"):
        NeighborsPredictor.from_artifact(hostile)


@pytest.mark.parametrize(
    "given", [{"learning_rate": "x"}, {"l2": None}, {"l2": True}, {"seed": -1}, {"seed": "x"}]
)
def test_a_training_option_of_a_wrong_kind_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError, match=f"{next(iter(given))} must be"):
        FactorsPredictor(Axes(), **given)
