import numpy as np
import pytest

from shared_router.evaluation.grading_noise import grading_noise, ranked_behind
from shared_router.evaluation.metrics import apgr
from shared_router.evaluation.pair import pair_from_scores
from tests.evaluation.data import BEST, four_prompts


def test_apgr_is_linear_in_the_grades() -> None:
    """In the order first, third, second, fourth the shares behind are 7/8, 5/8, 3/8, 1/8; the gains are the
    first and the third: (7/8 + 5/8) / 2 = 3/4."""
    pair = four_prompts()
    behind = ranked_behind(BEST)
    assert behind.tolist() == [7 / 8, 3 / 8, 5 / 8, 1 / 8]
    assert (behind * pair.gain).sum() / pair.gain.sum() == pytest.approx(apgr(BEST, pair.strong, pair.weak))


def test_answers_graded_twice_say_how_noisy_a_grade_is() -> None:
    """Of two answers graded twice one got 0 and 1: variance 1/4 about the mean, 1/2 unbiased; the mean over
    both is 1/4, a standard deviation of 1/2."""
    twice = np.array([2.0, 2.0, 1.0, np.nan]), np.full(4, np.nan)
    spread = np.array([0.25, 0.0, 0.0, np.nan]), np.full(4, np.nan)
    found = grading_noise(four_prompts(), twice, spread, {})
    assert found is not None
    assert (found.n_answers, found.disagreement, found.grade_sd) == (2, 0.5, 0.5)


def test_nothing_is_said_where_no_answer_was_graded_twice() -> None:
    once = np.ones(4), np.ones(4)
    assert grading_noise(four_prompts(), once, (np.zeros(4), np.zeros(4)), {}) is None


def test_the_noise_of_apgr_is_what_grading_again_gives() -> None:
    """Qualities graded five times with noise of variance 1/25, mean kept: over 4,000 gradings APGR has the
    standard deviation that is computed from one."""
    rng = np.random.default_rng(0)
    n, repeats, sd = 200, 5, 0.2
    strong, weak, scores = rng.random(n) + 0.5, rng.random(n), rng.random(n)
    grades = strong[:, None] + sd * rng.standard_normal((n, repeats))
    weak_grades = weak[:, None] + sd * rng.standard_normal((n, repeats))
    pair = pair_from_scores(["p"] * n, grades.mean(axis=1), weak_grades.mean(axis=1))
    counted = np.full(n, float(repeats))
    found = grading_noise(
        pair, (counted, counted), (grades.var(axis=1), weak_grades.var(axis=1)), {"router": scores}
    )
    assert found is not None
    again = []
    for _ in range(4000):
        noise = sd / np.sqrt(repeats) * rng.standard_normal((2, n))
        again.append(apgr(scores, strong + noise[0], weak + noise[1]))
    assert found.grade_sd == pytest.approx(sd, rel=0.05)
    assert found.apgr_sd["router"] == pytest.approx(np.std(again), rel=0.1)
