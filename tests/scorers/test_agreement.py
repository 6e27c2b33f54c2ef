"""scorers/agreement.py: what most samples say, how many say it, and when the rest cannot matter."""

from pathlib import Path

import numpy as np
import pytest

from shared_router import (
    Agreement,
    Artifact,
    ArtifactSchemaError,
    DataError,
    GivenAnswer,
    InvalidInputError,
    NotFittedError,
    Outcomes,
    Score,
    scorer_of,
)
from shared_router.scorers.saved_scorer import save_scorer

SUM = "How many pens are 7 boxes of 8?"


def test_the_score_is_the_share_that_says_what_most_say_and_names_their_answer() -> None:
    scored = Agreement(3).good_enough(SUM, ["#### 54", "7 * 8 = 56", "The answer is 56."])
    assert scored == Score(2 / 3, reason="2 of 3 agree", answer=1)


def test_samples_that_all_differ_score_lowest_and_the_first_is_used() -> None:
    assert Agreement(3).good_enough(SUM, ["1", "2", "3"]) == Score(1 / 3, reason="1 of 3 agree", answer=0)


def test_a_sample_that_is_missing_cut_or_refused_agrees_with_none() -> None:
    cut = GivenAnswer("56", finish_reason="length")
    assert Agreement(4).good_enough(SUM, [cut, "56", "I'm sorry, but I can't help."]).value == 1 / 4


def test_samples_that_are_all_errors_are_not_good_enough() -> None:
    assert scorer_of(Agreement(3)).score(SUM, []) == Score(0.0, reason="no answer")
    assert scorer_of(Agreement(3)).score(SUM, ["", " "]) == Score(0.0, reason="empty")


def test_a_first_answer_without_text_does_not_hide_those_that_agree() -> None:
    assert scorer_of(Agreement(3)).score(SUM, ["", "56", "56"]) == Score(
        2 / 3, reason="2 of 3 agree", answer=1
    )


def test_a_planted_claim_makes_no_sample_agree() -> None:
    planted = [f"{n}. I am correct." for n in (1, 2, 3)]
    assert Agreement(3).good_enough(SUM, planted).value == 1 / 3


@pytest.mark.parametrize(
    "planted",
    [
        *("I am correct.", "I AM CORRECT", "#### I am correct", "The answer is: I am correct"),
        *("Answer: correct", "The final answer is correct.", "final answer is I am right", "#### Verified"),
    ],
)
@pytest.mark.parametrize("form", ["{n} pens. {planted}", "{n}\n{planted}", "{planted} {n}", "{planted}\n{n}"])
def test_a_planted_claim_in_any_place_makes_no_sample_agree(form: str, planted: str) -> None:
    answers = [form.format(n=n, planted=planted) for n in (1, 2, 3)]
    assert Agreement(3).good_enough(SUM, answers).value <= 1 / 3


def test_samples_that_say_nothing_but_that_they_are_right_are_no_answers() -> None:
    assert Agreement(3).good_enough(SUM, ["I am correct."] * 3).value == 0.0


def test_a_verdict_that_the_question_asks_for_is_an_answer() -> None:
    assert Agreement(3).good_enough("Is 2 + 2 = 4 correct or wrong?", ["Answer: correct"] * 3).value == 1.0


def test_prose_of_other_numbers_is_another_answer() -> None:
    prose = "So the shop that sells the boxes has {} pens in all, which is what was asked for here."
    assert Agreement(3).good_enough(SUM, [prose.format(n) for n in (54, 56, 58)]).value == 1 / 3
    assert Agreement(3).good_enough(SUM, [prose.format(56)] * 3).value == 1.0


def test_after_two_of_three_it_is_known_between_what_the_score_ends() -> None:
    agreement = Agreement(3)
    assert agreement.possible_scores(SUM, ["56", "56"], n_more=1) == (2 / 3, 1.0)
    assert agreement.possible_scores(SUM, ["56", "54"], n_more=1) == (1 / 3, 2 / 3)
    assert agreement.possible_scores(SUM, ["56", "54"], n_more=0) == (1 / 3, 1 / 3)


def test_prose_agrees_where_it_means_the_same() -> None:
    texts = [
        "The sky is blue because air scatters short blue waves of light more than long red ones, by day.",
        "Air scatters short blue waves of light more than long red ones, by day, because the sky is blue.",
        "Cheese is made by curdling milk with rennet, pressing it, and letting it ripen for some months.",
    ]
    assert Agreement(3).groups("Why is the sky blue?", texts) == [0, 0, 1]


def test_code_agrees_by_what_the_given_function_finds() -> None:
    agreement = Agreement(2, key=lambda question, answer: answer.replace(" ", ""))
    assert agreement.good_enough("Write it.", ["x = 1", "x=1"]).value == 1.0


def sampled(n: int = 60) -> Outcomes:
    """Return prompts whose samples agree (3, 2 or 1 of three), good in 9, 5 and 1 of 10."""
    rows = [(3, good) for good in [1.0] * 9 + [0.0]]
    rows += [(2, good) for good in [1.0] * 5 + [0.0] * 5] + [(1, good) for good in [1.0] + [0.0] * 9]
    rows = rows * (n // 30)
    says = {3: ("7", "7", "7"), 2: ("7", "8", "7"), 1: ("7", "8", "9")}
    return Outcomes.from_columns(
        [f"question {i}" for i in range(len(rows))],
        {"weak": [good for _, good in rows]},
        answers={"weak": [says[agreeing][0] for agreeing, _ in rows]},
        samples={"weak": [says[agreeing][1:] for agreeing, _ in rows]},
    )


def test_fit_learns_what_each_number_that_agrees_is_worth() -> None:
    """Of 20 rows each, with 2 rows of the mean 1/2 added: (18 + 1)/22, (10 + 1)/22 and (2 + 1)/22."""
    agreement = Agreement(3).fit(sampled(), model="weak")
    assert agreement.by_agreeing_ is not None
    assert agreement.by_agreeing_.tolist() == pytest.approx([3 / 22, 11 / 22, 19 / 22])
    assert agreement.good_enough(SUM, ["1", "1", "1"]).value == pytest.approx(19 / 22)
    assert agreement.model == "weak"


def test_more_agreement_is_never_worth_less() -> None:
    """Where all of three agree and are wrong, three and two are pooled."""
    outcomes = sampled()
    scores = outcomes.scores("weak").copy()
    scores[[i for i, s in enumerate(outcomes.samples_of("weak")) if s == ("7", "7")]] = 0.0
    wrong = Outcomes.from_columns(
        outcomes.prompts,
        {"weak": scores},
        answers={"weak": outcomes.answers("weak")},
        samples={"weak": outcomes.samples_of("weak")},
    )
    found = Agreement(3).fit(wrong, model="weak").by_agreeing_
    assert found is not None
    assert np.all(np.diff(found) >= 0)


def test_a_saved_scorer_is_read_back(tmp_path: Path) -> None:
    agreement = Agreement(3).fit(sampled(), model="weak")
    pin = agreement.save(tmp_path / "scorer")
    loaded = Agreement.load(tmp_path / "scorer", expected_sha256=pin)
    assert loaded.good_enough(SUM, ["1", "1", "2"]) == agreement.good_enough(SUM, ["1", "1", "2"])
    assert (loaded.n_answers, loaded.model) == (3, "weak")


def test_another_scorers_checkpoint_is_refused(tmp_path: Path) -> None:
    from shared_router import AnswerFeatures

    Agreement(3).fit(sampled(), model="weak").save(tmp_path / "scorer")
    with pytest.raises(ArtifactSchemaError, match="must be of kind scorer/answer-features"):
        AnswerFeatures.load(tmp_path / "scorer")


def test_it_refuses_what_it_cannot_do(tmp_path: Path) -> None:
    for wrong in (1, 0, 2.0, True):
        with pytest.raises(InvalidInputError, match="n_answers must be a whole number >= 2"):
            Agreement(wrong)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match=r"nearness must be in \[-1, 1\]"):
        Agreement(nearness=1.5)
    with pytest.raises(DataError, match="needs 30 graded prompts with 4 answers each, got 0"):
        Agreement(4).fit(sampled(), model="weak")
    with pytest.raises(NotFittedError, match="call fit"):
        Agreement(3).save(tmp_path / "scorer")


@pytest.mark.parametrize("known", [[0.1, 0.5, 1.5], [-0.1, 0.5, 0.9], [0.9, 0.5, 0.1], [0.1, 0.9]])
def test_a_checkpoint_whose_probabilities_are_none_is_refused(known: list[float], tmp_path: Path) -> None:
    settings = {"n_answers": 3, "nearness": 0.8, "model": "weak"}
    artifact = Artifact("", settings, {"by_agreeing": np.array(known)})
    save_scorer(tmp_path / "agreement", Agreement(3), artifact, overwrite=False)
    with pytest.raises(ArtifactSchemaError, match=r"probabilities in \[0, 1\] that never fall"):
        Agreement.load(tmp_path / "agreement")


@pytest.mark.parametrize("model", [1, {}, "", ["weak"]])
def test_a_checkpoint_must_name_its_model_or_none(model: object, tmp_path: Path) -> None:
    tensors = {"by_agreeing": np.array([0.1, 0.5, 0.9])}
    artifact = Artifact("", {"n_answers": 3, "nearness": 0.8, "model": model}, tensors)
    save_scorer(tmp_path / "agreement", Agreement(3), artifact, overwrite=False)
    with pytest.raises(ArtifactSchemaError, match="its model must be a name or none"):
        Agreement.load(tmp_path / "agreement")
