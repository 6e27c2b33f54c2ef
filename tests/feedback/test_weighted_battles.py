"""Graded answers as battles: who a grade speaks for, and by how much."""

from collections import Counter

import numpy as np
import pytest

from shared_router.errors import DataError
from shared_router.feedback.logged_feedback import LoggedFeedback
from shared_router.feedback.weighted_battles import row_weights, weighted_battles
from tests.feedback.answers import graded_answers

NAN = float("nan")


def rows(
    strong: list[bool], score: list[float], other: list[float], propensity: list[float]
) -> LoggedFeedback:
    n = len(strong)
    return LoggedFeedback(
        prompts=[f"question {i}" for i in range(n)],
        strong=np.array(strong),
        score=np.array(score),
        other_score=np.array(other),
        propensity=np.array(propensity),
        routed_strong=np.zeros(n, dtype=np.bool_),
        win_probability=np.full(n, 0.5),
        weights=np.ones(n),
    )


def test_a_good_answer_speaks_for_its_model_and_a_bad_one_for_the_other() -> None:
    """The mean is .5, each grade is .5 off: four votes of one weight, so each is drawn once."""
    battles = weighted_battles(rows([True, True, False, False], [1, 0, 1, 0], [NAN] * 4, [0.5] * 4))
    assert sorted(zip(battles.queries, battles.winners, strict=True)) == [
        ("question 0", "a"),
        ("question 1", "b"),
        ("question 2", "b"),
        ("question 3", "a"),
    ]


def test_two_good_answers_of_one_request_vote_against_each_other() -> None:
    """Both right, beside a request whose answers are both wrong: votes for and against on either."""
    battles = weighted_battles(rows([True, False], [1, 0], [1, 0], [1, 1]))
    votes = Counter(zip(battles.queries, battles.winners, strict=True))
    assert votes == {(f"question {i}", winner): 1 for i in (0, 1) for winner in ("a", "b")}


def test_single_grades_weigh_by_one_over_their_chance_and_less_the_wilder_they_are() -> None:
    """1 / .5 and 1 / .1 are 2 and 10; times (2 + 10) / (4 + 100); a row with both grades weighs 1."""
    weights = row_weights(rows([True, True, False], [1, 1, 1], [NAN, NAN, 0], [0.5, 0.1, 0.9]))
    assert weights == pytest.approx([2 * 12 / 104, 10 * 12 / 104, 1.0])


def test_as_many_rows_are_drawn_as_weigh_in_all() -> None:
    """49 good answers, 50 bad ones and a good one whose chance was 1 in 100: the mean is about
    (49 + 100) / 199 = .75, so they weigh .25, .75 and 25:
    (12.25 + 37.5 + 25) ** 2 / (3.1 + 28.1 + 625) = 8.5. Of the 9 that are drawn, 25 / 74.75 are
    the last one, 3 of them."""
    answers = rows([True] * 100, [1.0] * 49 + [0.0] * 50 + [1.0], [NAN] * 100, [0.99] * 99 + [0.01])
    battles = weighted_battles(answers)
    assert len(battles) == 9
    assert list(battles.queries).count("question 99") == 3


def test_the_same_seed_draws_the_same_battles() -> None:
    answers = graded_answers(100)
    assert weighted_battles(answers, seed=3) == weighted_battles(answers, seed=3)


@pytest.mark.parametrize("grade", [0.0, 0.1, 0.7, 1.0])
def test_grades_that_are_all_equal_teach_nothing_and_are_refused(grade: float) -> None:
    """Their weighted mean is off by a rounding, which is no difference."""
    rng = np.random.default_rng(0)
    n = 100
    chances = rng.uniform(0.01, 0.99, n).tolist()
    equal = rows((rng.random(n) < 0.5).tolist(), [grade] * n, [NAN] * n, chances)
    with pytest.raises(DataError, match="grades must differ for a router to learn from them"):
        weighted_battles(equal)
