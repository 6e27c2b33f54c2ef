"""scorers/by_model.py: each model's answers go to its own scorer."""

import pytest

from shared_router import Agreement, AnswerFeatures, GivenAnswer, InvalidInputError, ScorerByModel, scorer_of
from tests.scorers.graded import graded_sums


def test_an_answer_goes_to_the_scorer_of_its_model() -> None:
    scorer = scorer_of(ScorerByModel({"small": lambda _, __: 0.25, "large": lambda _, __: 0.75}))
    assert scorer.score("q", [GivenAnswer("a", model="small")]).value == 0.25
    assert scorer.score("q", [GivenAnswer("a", model="large")]).value == 0.75


@pytest.mark.parametrize("model", [None, "other"])
def test_an_answer_of_nobody_it_knows_is_refused(model: str | None) -> None:
    with pytest.raises(InvalidInputError, match="must be of a model that has a scorer"):
        ScorerByModel({"small": lambda _, __: 0.25}).good_enough("q", [GivenAnswer("a", model=model)])


def test_scorers_that_cannot_stand_in_a_list_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="got none"):
        ScorerByModel({})
    with pytest.raises(InvalidInputError, match="must read one answer, and agreement wants 3"):
        ScorerByModel({"small": Agreement(3)})
    fitted = AnswerFeatures(None).fit(graded_sums(40), model="weak")
    with pytest.raises(InvalidInputError, match=r"fitted for \(weak\), got small"):
        ScorerByModel({"small": fitted})


def test_it_reads_images_only_where_all_do() -> None:
    class Sees:
        reads = ("images", "finish_reason")

        def good_enough(self, question: str, answers: object) -> float:
            return 1.0

    assert ScorerByModel({"a": Sees(), "b": lambda _, __: 1.0}).reads == {"finish_reason"}
    assert ScorerByModel({"a": Sees()}).reads == {"finish_reason", "images"}
