"""From the lines of a decision log to columns."""

from pathlib import Path

import numpy as np
import pytest

from shared_router.costs.prices import TokenPrices
from shared_router.errors import DataError
from shared_router.proof.logged_calls import LoggedCalls, logged_calls
from shared_router.telemetry import read_log
from tests.decision_logs import NOVEMBER, decision, feedback, shadow, twenty_calls, write_log


def read(path: Path, *lines: dict[str, object], **options: object) -> LoggedCalls:
    return logged_calls(read_log(write_log(path / "log.jsonl", lines)).rows, **options)  # type: ignore[arg-type]


def test_a_decision_its_shadow_and_its_grades_are_one_call(tmp_path: Path) -> None:
    calls = read(
        tmp_path,
        decision(1, propensity=0.99),
        shadow(1, score=0.75, share=0.02),
        feedback(1, 0.5),
        feedback(1, 1.0, "thumbs"),
    ).calls
    assert (calls.strong[0], calls.dollars[0], calls.other_dollars[0]) == (False, 1.0, 5.0)
    assert (calls.score[0], calls.other_score[0], calls.feedback[0]) == (0.5, 0.75, 1.0)
    assert (calls.share[0], calls.propensity[0], calls.times[0]) == (0.02, 0.99, NOVEMBER + 3600)


def test_without_a_judge_an_answer_beside_a_graded_shadow_has_its_users_grade(tmp_path: Path) -> None:
    """The mean of .5 and 1."""
    lines = decision(1), shadow(1, score=0.75), feedback(1, 0.5, "a"), feedback(1, 1.0, "b")
    assert read(tmp_path, *lines).calls.score[0] == 0.75


def test_a_shadow_of_the_same_side_is_none(tmp_path: Path) -> None:
    calls = read(tmp_path, decision(1), decision(2, "strong"), shadow(1, "weaker")).calls
    assert np.isnan(calls.other_dollars).all()


def test_what_is_no_routing_is_left_out_and_counted(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        decision(1, "strong"),
        decision(2, outcome="failed"),
        decision(3, outcome="cancelled"),
        decision(4, reason="fallback:strong->weak:RateLimitError"),
        decision(30),
        until=NOVEMBER + 20 * 3600,
    )
    assert [row.id[-1] for row in found.rows] == ["1"]
    assert found.left_out == {
        "a call that failed": 1,
        "a call that was cancelled": 1,
        "answered by a fallback": 1,
        "outside the period": 1,
    }


def test_prices_stand_in_for_dollars_that_no_line_has(tmp_path: Path) -> None:
    """1,000 tokens in at 2 dollars a million and 500 out at 8: .002 + .004."""
    line = decision(1, "strong", dollars=None, input_tokens=1000, output_tokens=500)
    calls = read(tmp_path, line, prices={"strong": TokenPrices(2.0, 8.0)}).calls
    assert calls.dollars[0] == pytest.approx(0.006)


def test_a_log_of_other_models_asks_for_the_strong_ones_name(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"one of \['large', 'small'\], got 'strong'; say --strong NAME"):
        read(tmp_path, decision(1, "large"), decision(2, "small"))


def test_a_log_without_an_answered_call_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="must hold answered calls, got none of 1 decisions"):
        read(tmp_path, decision(1, outcome="failed"))


def test_twenty_calls_are_read_in_the_order_of_their_time(tmp_path: Path) -> None:
    calls = read(tmp_path, *reversed(twenty_calls())).calls
    assert calls.strong.tolist() == [True] * 10 + [False] * 10
    assert calls.compared.sum() == 10


def test_a_cascade_that_asked_the_weak_model_in_vain_is_marked(tmp_path: Path) -> None:
    """A weak model that failed and one that was not asked are no cascade's."""
    asked = [["weak", None, 0.1], ["strong", None, 0.5]]
    failed = [["weak", "Timeout", 0.1], ["strong", None, 0.5]]
    calls = read(
        tmp_path, decision(1, "strong", attempts=asked), decision(2, "strong", attempts=failed), decision(3)
    ).calls
    assert calls.in_vain.tolist() == [True, False, False]


def test_an_answer_that_a_budget_or_a_plan_moved_to_had_to_be(tmp_path: Path) -> None:
    """Its line holds the chance of the model that it came from."""
    calls = read(
        tmp_path,
        decision(1, "strong", propensity=0.01),
        decision(2, "strong", routed="weak", propensity=0.99, reason="escalated:score"),
        decision(3, "weak", routed="strong", propensity=0.01, reason="budget:hard"),
    ).calls
    assert calls.propensity.tolist() == [0.01, 1.0, 1.0]


def test_where_the_strong_model_answered_nothing_both_ways_out_are_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"got 'strong'; say --strong NAME, or .* Shadow\(share=0.02\)"):
        read(tmp_path, decision(1), decision(2))
