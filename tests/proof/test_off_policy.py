"""Feedback on one answer a request, weighed by its chance."""

import numpy as np
import pytest

from shared_router.proof.off_policy import feedback_change
from shared_router.proof.routed_calls import RoutedCalls


def test_feedback_on_a_policy_that_leaves_nothing_to_chance_tells_nothing() -> None:
    strong = np.arange(10) < 5
    assert feedback_change(RoutedCalls.of(strong, np.ones(10), feedback=np.ones(10))) is None


def test_each_answer_counts_by_one_over_its_chance() -> None:
    """Four answers at even odds: strong ones 1 and 1, weak ones 0 and 1. The control is 1, so strong answers
    add (1 - 1) * (1 - 2) = 0, the weak ones 0 - 1 and 1 - 1: -1 / 4."""
    calls = RoutedCalls.of(
        np.array([True, True, False, False]),
        np.ones(4),
        feedback=np.array([1.0, 1.0, 0.0, 1.0]),
        propensity=0.5,
    )
    found = feedback_change(calls)
    assert found is not None
    assert found.value == pytest.approx(-0.25)
    assert found.n == 4


def test_it_finds_the_change_that_randomised_answers_hide() -> None:
    """Hard requests go strong, 4 % by lot: the raw means differ by what is hard, the estimate does not."""
    rng = np.random.default_rng(0)
    n = 20_000
    hard = rng.random(n)
    rule, explored = hard > 0.6, rng.random(n) < 0.04
    strong = np.where(explored, rng.random(n) < 0.5, rule)
    weak_score = (rng.random(n) > 0.3 * hard).astype(np.float64)
    strong_score = (rng.random(n) > 0.1).astype(np.float64)
    calls = RoutedCalls.of(
        strong,
        np.ones(n),
        feedback=np.where(strong, strong_score, weak_score),
        propensity=np.where(strong == rule, 0.98, 0.02),
    )
    found = feedback_change(calls)
    assert found is not None
    truth = (np.where(strong, strong_score, weak_score) - strong_score).mean()
    assert found.value == pytest.approx(truth, abs=0.04)
    assert found.interval[0] <= truth <= found.interval[1]
