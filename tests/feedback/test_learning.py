"""A router learned from a log, and the verdict on it."""

from dataclasses import replace

import numpy as np
import pytest

from shared_router.errors import DataError
from shared_router.feedback.learning import Learned, learn
from shared_router.routers.local import LocalRouter
from tests.feedback.answers import graded_answers


def learned(**how: object) -> Learned:
    return learn(graded_answers(300, **how), lambda: LocalRouter(prior=None))  # type: ignore[arg-type]


@pytest.mark.parametrize("propensity", [0.5, None])
def test_a_router_that_sees_what_the_log_did_not_is_better_and_knows_proofs(propensity: float | None) -> None:
    found = learned(propensity=propensity)
    assert found.report.better
    assert "the new router is better than the log's policy: mean grade +0." in found.report.words()[0]
    proof, total = found.router.win_probability(
        ["Prove that the cube root of 999 is irrational.", "What is 4 plus 12?"]
    )
    assert proof > total


def test_a_router_that_is_no_better_than_one_that_knows_is_not_called_better() -> None:
    report = learned(knows=True).report
    assert not report.better
    assert "is not shown to be better than the log's policy" in report.words()[0]


def test_five_in_a_hundred_grades_turned_round_do_not_turn_the_router_round() -> None:
    found = learned(poisoned=0.05)
    assert found.report.better


def test_the_threshold_sends_its_share_of_the_logs_other_requests() -> None:
    """Of the others a tenth are proofs, of the graded ones half, and half of them went strong."""
    others = [
        f"Prove theorem {i} of the list." if i % 10 == 0 else f"What is {i} plus 7?" for i in range(400)
    ]
    found = learn(replace(graded_answers(300), others=others), lambda: LocalRouter(prior=None))
    sent = found.router.win_probability(others) >= found.report.threshold
    assert found.report.n_others == 400
    assert sent.mean() == pytest.approx(found.report.strong_fraction, abs=0.01)
    assert "strong of 400 other requests of the log, which the router has not seen" in found.report.words()[3]


def test_where_there_are_few_others_the_threshold_says_that_it_is_of_requests_it_has_seen() -> None:
    found = learn(replace(graded_answers(300), others=["Why?"] * 199), lambda: LocalRouter(prior=None))
    assert found.report.n_others == 0
    assert "of these requests, which the router has seen" in found.report.words()[3]
    prompts = graded_answers(300).prompts
    sent = found.router.win_probability(prompts) >= found.report.threshold
    assert sent.mean() == pytest.approx(found.report.strong_fraction, abs=0.01)


def test_too_few_requests_are_refused() -> None:
    with pytest.raises(DataError, match="60 distinct graded requests or more, better some hundreds, got 30"):
        learn(graded_answers(30), LocalRouter)


def test_answers_of_one_model_alone_are_refused() -> None:
    answers = graded_answers(300)
    with pytest.raises(DataError, match="graded answers of both models, got one model's alone"):
        learn(answers.some(np.flatnonzero(answers.strong)), LocalRouter)


def test_the_report_is_what_json_takes() -> None:
    found = learned().report.as_json()
    assert found["over_old"]["low"] > 0
    assert found["n"] == 300
