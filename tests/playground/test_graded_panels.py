"""The panels that read graded answers, in a real browser: the threshold, the report; and two routers."""

from __future__ import annotations

import csv
import json
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.playground.conftest import Seen

if TYPE_CHECKING:
    from playwright.sync_api import Page

GSM8K = Path(__file__).parents[1] / "data" / "evaluation" / "gsm8k.csv"


def test_a_file_by_path_shows_share_quality_and_cost_of_a_threshold_that_moves(page: Page) -> None:
    """At 0 all is the strong model's and its mean grade, at 1 all the weak one's: the file's column means."""
    rows = list(csv.DictReader(GSM8K.read_text("utf-8").splitlines()))
    strong, weak = (sum(float(row[f"{tier}_score"]) for row in rows) / 300 for tier in ("strong", "weak"))
    page.goto("/threshold")
    page.get_by_label("or the path of a file or folder on this machine").fill(str(GSM8K))
    page.keyboard.press("Enter")
    figures = page.get_by_role("table", name="At this threshold")
    figures.wait_for()
    slider = page.get_by_role("slider")
    slider.focus()
    page.keyboard.press("Home")
    figures.get_by_text(f"{strong:.3f} (").wait_for()
    page.keyboard.press("End")
    figures.get_by_text(f"{weak:.3f} (").wait_for()
    page.locator("[data-testid=stVegaLiteChart]").locator("canvas, svg").first.wait_for()


def test_an_upload_is_scored_and_its_curve_is_also_a_table(page: Page) -> None:
    page.goto("/threshold")
    page.locator("input[type=file]").set_input_files(GSM8K)
    page.get_by_role("table", name="At this threshold").wait_for()
    page.get_by_text("The curve as a table").click()
    rows = page.get_by_role("table", name="The curve", exact=True).get_by_role("row")
    rows.nth(11).wait_for()
    assert [row.split()[0] for row in rows.all_inner_texts()[1:]] == [
        f"{step / 10:.1f}" for step in range(11)
    ]


def test_an_upload_of_more_than_100_mb_is_refused_with_the_limit(page: Page, tmp_path: Path) -> None:
    large = tmp_path / "large.csv"
    with large.open("wb") as file:
        file.truncate(101 * 1024 * 1024)  # a hole, not bytes
    page.goto("/threshold")
    page.locator("input[type=file]").set_input_files(large)
    page.get_by_text("100.0MB or smaller").or_(page.get_by_text("100MB or smaller")).first.wait_for()
    assert page.get_by_role("table", name="At this threshold").count() == 0


def test_names_in_an_upload_are_text_and_what_no_reader_knows_is_said(
    page: Page, tmp_path: Path, seen: Seen
) -> None:
    name = "<img src=x onerror=alert(1)> ![a](http:203.0.113.7).csv"
    (tmp_path / name).write_text("a,b\n1,2\n")
    page.goto("/threshold")
    page.locator("input[type=file]").set_input_files(tmp_path / name)
    error = page.get_by_role("alert").filter(has_text="a format that a reader knows")
    error.wait_for()
    assert "<img src=x" in error.inner_text()
    page.get_by_text("What each reader misses in it").click()
    page.get_by_role("table", name="Readers").get_by_text("no 'prompt'").first.wait_for()
    assert page.locator("img[src*='203.0.113.7'], img[src='x']").count() == 0
    assert not any("203.0.113.7" in url for url in seen.urls)


def test_a_log_gets_the_report_of_evaluate_and_its_files(page: Page, tmp_path: Path) -> None:
    page.goto("/report")
    page.locator("input[type=file]").set_input_files(GSM8K)
    resamples = page.get_by_label("Bootstrap resamples behind the intervals")
    resamples.fill("50")
    resamples.press("Enter")
    button = page.get_by_role("button", name="Make the report")
    button.focus()
    page.keyboard.press("Enter")
    with page.expect_download() as download:
        page.get_by_role("button", name="Download report.json").click()
    download.value.save_as(tmp_path / "report.json")
    report = json.loads((tmp_path / "report.json").read_text("utf-8"))
    assert (report["n"], report["n_resamples"]) == (300, 50)
    frame = page.frame_locator("iframe")
    frame.get_by_role("heading").first.wait_for()
    assert "Carla" not in frame.locator("body").inner_text()  # a prompt's first word


def test_two_routers_stand_side_by_side_each_with_its_threshold(page: Page) -> None:
    page.goto("/two-routers")
    table = page.get_by_role("table", name="Decisions of both")
    table.wait_for()
    first, second = (page.get_by_role("slider").nth(place) for place in (0, 1))
    first.focus()
    page.keyboard.press("Home")
    page.get_by_text(re.compile("They send . of 4")).wait_for()
    second.focus()
    page.keyboard.press("End")
    page.get_by_text("They send 4 of 4 to different models.").wait_for()
    heads = table.get_by_role("columnheader").all_inner_texts()
    assert heads == ["#", "1: static-v2", "2: static-v1", "differ", "prompt"]
    cells = table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()
    assert [cell.split()[1] for cell in cells[1:3]] == ["strong", "weak"]


@pytest.mark.parametrize("path", ["threshold", "report"])
def test_a_path_that_holds_nothing_is_an_error_in_words(page: Page, path: str) -> None:
    page.goto(f"/{path}")
    page.get_by_label("or the path of a file or folder on this machine").fill("/no/such/file.csv")
    page.keyboard.press("Enter")
    page.get_by_role("alert").filter(has_text="the file must be there").wait_for()
