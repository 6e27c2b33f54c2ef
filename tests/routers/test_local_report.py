"""A local router's report, in numbers and in words."""

import dataclasses

import numpy as np
import pytest

from shared_router import ArtifactSchemaError
from shared_router.routers.local_report import LocalReport, Ranked, report_of

SURE = LocalReport(
    100, 0.3, Ranked(0.65, 0.58, 0.72), Ranked(0.5, 0.4, 0.6), Ranked(0.55, 0.5, 0.6), 0.5, True, 0
)
UNSURE = dataclasses.replace(
    SURE, router=Ranked(0.55, 0.45, 0.65), surely_over_length=False, grades_needed=300
)


def test_it_says_what_the_router_and_what_others_reach() -> None:
    assert SURE.explain() == (
        "APGR 0.650 (0.580 to 0.720) on prompts held out of 100, by cross-validation; length 0.500 (0.400 to "
        "0.600); the shipped router 0.550 (0.500 to 0.600); chance 0.5.\n"
        "Better than chance, and better than length."
    )
    assert str(SURE) == SURE.explain()


def test_it_says_how_many_more_grades_it_may_take() -> None:
    assert "Not better than chance yet; about 300 more grades." in UNSURE.explain()
    assert not UNSURE.better_than_chance


def test_it_wonders_at_what_is_too_good() -> None:
    leaked = dataclasses.replace(SURE, router=Ranked(0.97, 0.96, 0.98))
    assert "look whether they hold the answers" in leaked.explain()


def test_what_ranks_as_length_does_is_no_better_than_it() -> None:
    """Scores that rise with length rank alike: the difference is 0, and so is its error."""
    length = np.arange(90.0)
    gains = (length % 3 == 0).astype(np.float64) * (0.2 + length / 300)
    found = report_of(gains, np.tanh(length / 90), lambda: length, length=length, prior=None)
    assert found.router == found.length
    assert not found.surely_over_length


def test_grades_needed_follow_the_interval_where_the_curve_is_flat() -> None:
    """With an error of e and an excess of x on n rows, x is as large as 1.96 e at n (1.96 e / x)^2 rows."""
    rng = np.random.default_rng(0)
    gains, scores = (rng.random(100) < 0.3).astype(float), rng.random(100)
    scores += 0.05 * gains
    report = report_of(gains, scores, lambda: np.full(100, np.nan), length=rng.random(100), prior=None)
    assert report.router is not None
    half_width = report.router.apgr - report.router.low
    excess = max(report.router.apgr - 0.5, half_width / 1.96 / 2)
    more = 100 * ((half_width / excess) ** 2 - 1)
    assert report.grades_needed == max(1, int(np.ceil(more / 100))) * 100


def test_a_strong_model_that_is_not_better_leaves_no_gap_to_close() -> None:
    gains = np.array([1.0, -1.0] * 20)
    report = report_of(gains, np.arange(40.0), lambda: np.full(40, np.nan), length=np.ones(40), prior=None)
    assert (report.router, report.grades_needed) == (None, None)
    assert "not surely better on the whole" in report.explain()


@pytest.mark.parametrize("report", [SURE, UNSURE, dataclasses.replace(SURE, router=None, prior=None)])
def test_it_is_the_same_after_a_checkpoint(report: LocalReport) -> None:
    assert LocalReport.from_settings(report.as_settings()) == report


@pytest.mark.parametrize("broken", [None, [], {"n": 3}, {**SURE.as_settings(), "router": {"apgr": "x"}}])
def test_what_is_no_report_is_refused(broken: object) -> None:
    with pytest.raises(ArtifactSchemaError, match="report"):
        LocalReport.from_settings(broken)
