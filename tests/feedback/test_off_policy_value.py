"""What another policy would have been worth, from answers that were given."""

import numpy as np
import pytest

from shared_router.feedback.off_policy_value import estimated_gains, value_difference
from tests.feedback.answers import graded_answers
from tests.feedback.test_weighted_battles import NAN, rows


def test_with_both_grades_the_gain_is_strongs_less_weaks_whoever_answered() -> None:
    gains = estimated_gains(rows([True, False], [0.75, 0.25], [0.5, 1.0], [1.0, 1.0]))
    assert gains.tolist() == [0.25, 0.75]


def test_one_grade_corrects_the_means_by_one_over_its_chance() -> None:
    """Of the half of rows 0 and 2, the other half says: strong 1, weak 0. So a strong 1 has the gain
    1 - 0 + (1 - 1) * 2 = 1, and a weak .5 has 1 - 0 - (.5 - 0) * 2 = 0."""
    answers = rows([True, True, False, False], [1, 1, 0.5, 0], [NAN] * 4, [0.5] * 4)
    gains = estimated_gains(answers)
    assert gains[[0, 2]].tolist() == [1.0, 0.0]


def test_a_policy_that_knows_is_found_to_be_better_by_what_it_is() -> None:
    """Proofs, half of the requests, gain .85 by the strong model and sums none. Of half sent strong, lot
    sends half of the proofs, which is worth .2125 of the mean grade, and one that knows sends all, .425."""
    answers = graded_answers(4000, seed=1)
    knows = np.array([float(prompt.startswith("Prove")) for prompt in answers.prompts])
    found = value_difference(answers, knows, np.full(len(answers), 0.5))
    assert found.value == pytest.approx(0.2125, abs=0.04)
    assert found.low is not None
    assert found.low > 0.1


def test_a_policy_against_itself_differs_by_nothing() -> None:
    answers = graded_answers(50)
    same = answers.routed_strong.astype(np.float64)
    assert value_difference(answers, same, same).interval == (0.0, 0.0)
