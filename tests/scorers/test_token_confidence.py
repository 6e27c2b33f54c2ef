"""scorers/token_confidence.py: how sure a model was of its tokens, and what that is worth."""

import math
from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    DataError,
    GivenAnswer,
    InvalidInputError,
    NotFittedError,
    TokenConfidence,
    scorer_of,
)
from shared_router.scorers.token_confidence import COLUMNS, confidence_columns


def said(*probabilities: float, others: float | None = None, model: str | None = "weak") -> GivenAnswer:
    logs = tuple(math.log(p) for p in probabilities)
    runner_up = None if others is None else tuple(math.log(others) for _ in probabilities)
    return GivenAnswer("an answer", model, None, logs, runner_up)


def graded(n: int = 60) -> tuple[list[GivenAnswer], list[float]]:
    """Return answers of which the sure are right nine times in ten, and the unsure once."""
    rng = np.random.default_rng(0)
    answers, good = [], []
    for i in range(n):
        sure = i % 2 == 0
        answers.append(said(*rng.uniform(0.9, 1.0, 5) if sure else rng.uniform(0.2, 0.6, 5), others=0.1))
        good.append(float(rng.random() < (0.9 if sure else 0.1)))
    return answers, good


def test_the_columns_are_those_of_the_formula() -> None:
    """Of 1/2 and 1/8: mean of the logs ln(1/4), least ln(1/8), perplexity 4; ln(1/8) is below ln(1/2)."""
    found = dict(zip(COLUMNS, confidence_columns(said(0.5, 0.125, others=0.125)), strict=True))
    assert found["mean"] == pytest.approx(math.log(0.25))
    assert found["least"] == pytest.approx(math.log(0.125))
    assert found["perplexity"] == pytest.approx(4.0)
    assert (found["unsure_share"], found["log_tokens"]) == (0.5, math.log(3))
    assert found["margin"] == pytest.approx(math.log(4) / 2)  # ln(4) and 0
    assert found["least_margin"] == pytest.approx(0.0)


def test_before_fit_the_score_is_the_tokens_geometric_mean_probability() -> None:
    assert TokenConfidence().good_enough("q", [said(0.5, 0.125)]) == pytest.approx(0.25)


def test_fitted_it_says_what_sure_answers_were_worth() -> None:
    answers, good = graded()
    scorer = TokenConfidence().fit(answers, good)
    assert scorer.model == "weak"
    assert scorer.good_enough("q", [said(0.97, 0.98)]) > 0.7 > 0.3 > scorer.good_enough("q", [said(0.3, 0.4)])
    assert scorer.left_out_ is not None
    assert scorer.left_out_.shape == (60,)


def test_it_asks_for_log_probabilities() -> None:
    assert scorer_of(TokenConfidence()).reads == {"token_log_probabilities"}
    with pytest.raises(InvalidInputError, match="must hold token_log_probabilities; ask the model"):
        TokenConfidence().good_enough("q", ["without"])


@pytest.mark.parametrize("wrong", [(0.5,), (float("nan"),), ("logarithm",)])
def test_what_is_no_log_probability_is_refused(wrong: tuple[float, ...]) -> None:
    with pytest.raises(InvalidInputError, match="logarithms of probabilities|must be numbers"):
        TokenConfidence().good_enough("q", [GivenAnswer("a", token_log_probabilities=wrong)])
    with pytest.raises(InvalidInputError, match="must be one a token"):
        confidence_columns(GivenAnswer("a", None, None, (-1.0, -2.0), (-1.0,)))


def test_a_probability_of_nothing_is_a_very_small_one() -> None:
    """Providers write -9999 or minus infinity."""
    for least in (-9999.0, -math.inf):
        columns = confidence_columns(GivenAnswer("a", token_log_probabilities=(least,)))
        assert np.isfinite(columns).all()


def test_a_saved_scorer_is_read_back(tmp_path: Path) -> None:
    scorer = TokenConfidence().fit(*graded())
    pin = scorer.save(tmp_path / "scorer")
    loaded = TokenConfidence.load(tmp_path / "scorer", expected_sha256=pin)
    assert loaded.good_enough("q", [said(0.5)]) == scorer.good_enough("q", [said(0.5)])
    assert loaded.model == "weak"


def test_it_refuses_what_teaches_nothing(tmp_path: Path) -> None:
    answers, good = graded()
    with pytest.raises(DataError, match="needs 30 answers or more"):
        TokenConfidence().fit(answers[:29], good[:29])
    with pytest.raises(DataError, match="a grade of each, got 60 and 59"):
        TokenConfidence().fit(answers, good[:-1])
    with pytest.raises(DataError, match="must be in"):
        TokenConfidence().fit(answers, [1.0] * 60)
    with pytest.raises(NotFittedError, match="call fit"):
        TokenConfidence().save(tmp_path / "scorer")
