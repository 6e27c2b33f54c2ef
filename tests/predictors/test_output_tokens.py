"""output_tokens.py: how long each model's answers will be."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    ArtifactError,
    DataError,
    InvalidInputError,
    Outcomes,
    OutputTokens,
    UnknownNameError,
)
from tests.predictors.axes import Axes


def counted(n: int = 200) -> Outcomes:
    """Return sums of 10 tokens and verses of 100 by ada, and 5 answers of bob, of 30 tokens in the mean."""
    prompts = [f"sum {i}" for i in range(n)] + [f"verse {i}" for i in range(n)]
    ada = [10.0] * n + [100.0] * n
    bob: list[float | None] = [10.0, 20.0, 30.0, 40.0, 50.0, *[None] * (2 * n - 5)]
    return Outcomes.from_columns(prompts, measures={"output_tokens": {"ada": ada, "bob": bob}})


def test_an_answer_is_as_long_as_those_to_its_kind() -> None:
    """Ridge keeps about 10 of 210 rows' worth of the mean: 10 tokens are read as a few more, 100 as fewer."""
    expected = OutputTokens.fit(counted(), embedder=Axes()).expected(["sum 9", "verse 9"], ["ada"])
    np.testing.assert_allclose(expected[:, 0], [10, 100], rtol=0.25)


def test_the_mean_prediction_is_the_mean_answer() -> None:
    """The mean of a logarithm is too small for skewed lengths: 1, 1, 1 and 997 have the mean 250."""
    lengths = [1.0, 1.0, 1.0, 997.0] * 50
    outcomes = Outcomes.from_columns(["sum"] * 200, measures={"output_tokens": {"ada": lengths}})
    assert OutputTokens.fit(outcomes, embedder=Axes()).expected(["sum"], ["ada"])[0, 0] == pytest.approx(250)


def test_a_model_with_few_counted_answers_gets_their_mean() -> None:
    tokens = OutputTokens.fit(counted(), embedder=Axes())
    np.testing.assert_allclose(tokens.expected(["sum 1", "verse 1"], ["bob"]), [[30.0], [30.0]])


def test_no_prediction_is_above_the_longest_answer() -> None:
    tokens = OutputTokens.fit(counted(), embedder=Axes())
    assert tokens.expected(["verse " + "x" * 100_000], ["ada"])[0, 0] <= 100


def test_what_is_saved_predicts_as_before(tmp_path: Path) -> None:
    tokens = OutputTokens.fit(counted(), embedder=Axes())
    pinned = tokens.save(tmp_path / "tokens")
    loaded = OutputTokens.load(tmp_path / "tokens", embedder=Axes(), expected_sha256=pinned)
    asked = ["sum 1", "verse 1"], ["bob", "ada"]
    np.testing.assert_array_equal(loaded.expected(*asked), tokens.expected(*asked))


def test_what_cannot_be_learned_or_asked_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'ada' has none"):
        OutputTokens.fit(Outcomes.from_columns(["sum"], {"ada": [1.0]}), embedder=Axes())
    tokens = OutputTokens.fit(counted(), embedder=Axes())
    with pytest.raises(UnknownNameError, match="cyd"):
        tokens.expected(["sum"], ["cyd"])
    text: Any = "one text"
    with pytest.raises(InvalidInputError, match="put it in a list"):
        tokens.expected(text, ["ada"])
    with pytest.raises(ArtifactError):
        OutputTokens.load(tmp_path / "nothing")
