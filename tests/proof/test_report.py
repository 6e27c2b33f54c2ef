"""A period's savings in words, in JSON and over time."""

from pathlib import Path

import pytest

from shared_router.calibration.promise import promise_of
from shared_router.proof.logged_calls import logged_calls
from shared_router.proof.report import SavingsReport, dollars, savings_report
from shared_router.telemetry import read_log
from tests.decision_logs import twenty_calls, write_log


@pytest.fixture
def report(tmp_path: Path) -> SavingsReport:
    calls = logged_calls(read_log(write_log(tmp_path / "log.jsonl", twenty_calls())).rows).calls
    promise = promise_of(max_drop=0.9, min_pgr=None, max_regret=None, judge_agreement=None)
    return savings_report(calls, promise=promise, left_out={"a call that failed": 2})


def test_the_first_line_says_the_whole_of_it(report: SavingsReport) -> None:
    """Ten calls of 1 dollar that would have cost 5; one of twenty answers is worse by 1."""
    first = report.words()[0]
    assert first.startswith("saved $40.00 ($40.00 to $40.00), quality changed -0.0500 (")
    assert first.endswith(", the guarantee (max_drop 0.9) holds")
    assert "left out, a call that failed: 2" in report.words()


def test_the_json_has_the_four_figures_and_moments_up_to_the_end(report: SavingsReport) -> None:
    found = report.as_json()
    assert found["saved_dollars"] == 40.0
    assert found["saved_interval"] == [40.0, 40.0]
    assert found["quality_change"] == pytest.approx(-0.05)
    assert found["quality_interval"][0] < -0.05 < found["quality_interval"][1]
    assert found["guarantee"]["holds"] is True
    assert found["over_time"][-1]["saved_dollars"] == 40.0
    assert (found["began"], found["ended"]) == ("2026-11-01T00:00:00+00:00", "2026-11-01T19:00:00+00:00")


def test_moments_begin_when_something_is_known(report: SavingsReport) -> None:
    """Calls 0 to 9 are strong ones; from the first weak one on, five shadows or all of them are needed."""
    weak = [found.n_weak for _, found in report.over_time]
    assert weak == sorted(weak)
    assert weak[-1] == 10


@pytest.mark.parametrize(
    ("amount", "said"), [(1234.5, "$1,234.50"), (-2.0, "-$2.00"), (0.000123456, "$0.000123"), (0.0, "$0")]
)
def test_dollars_have_the_digits_that_say_something(amount: float, said: str) -> None:
    assert dollars(amount) == said
