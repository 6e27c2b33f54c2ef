from pathlib import Path

import numpy as np
import pytest

from shared_router.evaluation.drawing import save
from shared_router.evaluation.pictures import pictures
from shared_router.evaluation.report import EvaluationReport
from tests.evaluation.data import HOSTILE, hostile_report


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return hostile_report()


def test_all_five_pictures_are_drawn_where_the_data_allow(report: EvaluationReport) -> None:
    assert [picture.name for picture in pictures(report)] == [
        "quality_cost",
        "apgr",
        "domains",
        "reliability",
        "scores",
    ]


def test_pictures_are_written_as_their_suffix_says(report: EvaluationReport, tmp_path: Path) -> None:
    picture = pictures(report)[0]
    save(picture.figure, tmp_path / "picture.png")
    save(picture.figure, tmp_path / "picture.svg")
    assert (tmp_path / "picture.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "picture.svg").read_text("utf-8").startswith("<svg")


def test_a_dollar_sign_in_a_name_is_no_formula(report: EvaluationReport, tmp_path: Path) -> None:
    save(pictures(report)[0].figure, tmp_path / "picture.svg")
    assert "$x$" in (tmp_path / "picture.svg").read_text("utf-8").replace("&#36;", "$")
    assert "$x$" in HOSTILE


def test_the_quality_curve_is_drawn_through_the_reports_points(report: EvaluationReport) -> None:
    """The line called `other` has the report's 101 costs, in dollars of a thousand prompts, and qualities."""
    (axes,) = pictures(report)[0].figure.axes
    (line,) = [line for line in axes.lines if line.get_label() == "other"]
    curve = report["other"].curve
    assert curve is not None
    costs, qualities = np.asarray(line.get_xydata()).T.tolist()
    assert qualities == pytest.approx(curve.quality)
    assert costs == pytest.approx([1000 * cost for cost in curve.cost])
