"""scoring/failures.py: what is counted and how often the log is told."""

import logging

import pytest

from shared_router.scoring.failures import Failures


def test_the_first_failure_is_told_at_once_and_then_one_line_a_minute(
    caplog: pytest.LogCaptureFixture,
) -> None:
    """Failures at 0 s, 1 s, 59 s and 60 s: lines at 0 s (of 1) and at 60 s (of the 3 since)."""
    times = iter((0.0, 1.0, 59.0, 60.0))
    failures = Failures(clock=lambda: next(times))
    for _ in range(4):
        failures.add("mine", [ValueError("the prompt: secret")], n_scored=1)
    assert [(record.levelno, record.getMessage()) for record in caplog.records] == [
        (logging.WARNING, "router mine gave no score for 1 questions: ValueError 1"),
        (logging.WARNING, "router mine gave no score for 3 questions: ValueError 3"),
    ]


def test_what_goes_well_is_counted_and_not_told(caplog: pytest.LogCaptureFixture) -> None:
    failures = Failures()
    failures.add("mine", [], n_scored=2)
    assert (failures.scored, failures.by_class, caplog.records) == (2, {}, [])


def test_failures_are_counted_by_class() -> None:
    failures = Failures()
    failures.add("mine", [OSError(), OSError(), ValueError()], n_scored=1)
    assert (failures.scored, failures.by_class) == (1, {"OSError": 2, "ValueError": 1})
