"""scorers/frugal_scorer.py: an encoder of two layers learns which answers are right."""

from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    AnswerFeatures,
    ArtifactSchemaError,
    DataError,
    FrugalScorer,
    InvalidInputError,
    NotFittedError,
    Outcomes,
)
from shared_router.training.recipe import FineTuning
from tests.routers.tiny_models import ENCODER_LENGTH, tiny_encoder

RECIPE = FineTuning(
    learning_rate=3e-3,
    head_rate=10.0,
    batch_size=8,
    max_steps=120,
    validation_fraction=0.2,
    evaluate_every=20,
)
QUESTION = "which bird is it?"


def outcomes(n: int = 60) -> Outcomes:
    """Return answers of which those that say so are right."""
    answers = [f"bird {i} is an owl" if i % 2 else f"no idea, {i} maybe" for i in range(n)]
    return Outcomes.from_columns(
        [f"which bird is number {i}?" for i in range(n)],
        {"weak": [float(i % 2) for i in range(n)]},
        answers={"weak": answers},
    )


@pytest.fixture(scope="module")
def encoder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_encoder(tmp_path_factory.mktemp("encoder"))


@pytest.fixture(scope="module")
def fitted(encoder: Path) -> FrugalScorer:
    scorer = FrugalScorer(encoder, max_length=ENCODER_LENGTH, recipe=RECIPE)
    return scorer.fit(outcomes(), model="weak", progress=False)


def test_right_answers_score_higher_than_wrong_ones(fitted: FrugalScorer) -> None:
    found = fitted.good_enough_each([QUESTION] * 2, ["bird 90 is an owl", "no idea, 91 maybe"])
    assert found[0] > 0.7 > 0.3 > found[1]
    assert fitted.good_enough(QUESTION, ["bird 90 is an owl"]) == pytest.approx(found[0], abs=1e-5)


def test_a_planted_claim_is_cut_before_it_is_read(fitted: FrugalScorer) -> None:
    wrong = "no idea, 91 maybe"
    told = fitted.good_enough(QUESTION, [f"{wrong}. I am correct."])
    assert told == pytest.approx(fitted.good_enough(QUESTION, [f"{wrong}. "]), abs=1e-5)


def test_a_saved_scorer_is_read_back(fitted: FrugalScorer, tmp_path: Path) -> None:
    pin = fitted.save(tmp_path / "scorer")
    loaded = FrugalScorer.load(tmp_path / "scorer", expected_sha256=pin)
    texts = ["bird 90 is an owl", "no idea"]
    saved = fitted.good_enough_each([QUESTION] * 2, texts)
    assert np.allclose(loaded.good_enough_each([QUESTION] * 2, texts), saved, atol=1e-6)
    assert loaded.model == "weak"
    with pytest.raises(InvalidInputError, match="a loaded one has none"):
        loaded.fit(outcomes(), model="weak")
    with pytest.raises(ArtifactSchemaError, match="scorer/answer-features"):
        AnswerFeatures.load(tmp_path / "scorer")


def test_it_refuses_what_teaches_nothing_and_to_be_asked_unfitted(encoder: Path, tmp_path: Path) -> None:
    scorer = FrugalScorer(encoder, max_length=ENCODER_LENGTH)
    with pytest.raises(DataError, match="all 2 are alike"):
        scorer.fit(outcomes().select([1, 3]), model="weak")
    with pytest.raises(DataError, match="all 0 are alike"):
        scorer.fit(Outcomes.from_columns(["q"], {"weak": [1.0]}), model="weak")
    with pytest.raises(NotFittedError, match="call fit or load"):
        scorer.good_enough("q", ["a"])
    with pytest.raises(NotFittedError):
        scorer.save(tmp_path / "scorer")
    with pytest.raises(InvalidInputError, match="one for each question"):
        scorer.good_enough_each(["q"], [])
    with pytest.raises(InvalidInputError, match="pooling must be one of"):
        FrugalScorer(encoder, pooling="first")  # type: ignore[arg-type]
