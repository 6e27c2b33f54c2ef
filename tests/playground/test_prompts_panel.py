"""The panel of prompts, in a real browser."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router import PreferenceData
from shared_router.routers.knn import KNNRouter
from tests.playground.conftest import Seen

if TYPE_CHECKING:
    from playwright.sync_api import Page

ATTACK = (
    "<img src=x onerror=alert(1)> ![p](http://203.0.113.7/p.png) <script>alert(2)</script> "
    "[a](javascript:alert(3))"
)


def test_a_typed_prompt_gets_its_win_probability_its_model_the_why_and_both_bills(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Prompts", exact=True).fill("Hi\nProve that there are infinitely many primes.")
    page.get_by_role("button", name="Route", exact=True).click()
    table = page.get_by_role("table", name="Decisions")
    table.get_by_text("Prove that").wait_for()
    assert table.get_by_role("row").nth(1).get_by_role("cell").all_inner_texts()[2] == "weak"
    assert table.get_by_role("row").nth(2).get_by_role("cell").all_inner_texts()[2] == "strong"
    page.get_by_text("1 of 2 go to the strong model: 0.50.").wait_for()
    assert "coverage" in page.get_by_role("table", name="What decided").inner_text()
    rows = page.get_by_role("table", name="Dollars").get_by_role("row")
    rows.nth(3).wait_for()
    bills = rows.all_inner_texts()
    routed, strong, weak = (float(row.split("$")[1].split()[0]) for row in bills[1:])
    assert weak < routed < strong


def test_the_threshold_moves_by_keyboard_and_a_higher_one_sends_fewer_strong(page: Page) -> None:
    page.goto("/")
    page.get_by_text("2 of 4 go to the strong model").wait_for()
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    page.get_by_text("0 of 4 go to the strong model: 0.00.").wait_for()
    page.keyboard.press("Home")
    page.get_by_text("4 of 4 go to the strong model: 1.00.").wait_for()


def test_prompts_are_routed_by_keyboard_alone(page: Page) -> None:
    page.goto("/")
    box = page.get_by_label("Prompts", exact=True)
    box.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("What is two and two?")
    page.keyboard.press("Control+Enter")
    page.get_by_text("of 1 go to the strong model").wait_for()


def test_markup_in_a_prompt_is_text_and_fetches_nothing(page: Page, seen: Seen) -> None:
    page.goto("/")
    page.get_by_label("Prompts", exact=True).fill(ATTACK)
    page.get_by_role("button", name="Route", exact=True).click()
    page.get_by_role("table", name="Decisions").get_by_text("<script>alert(2)</script>").wait_for()
    assert page.locator("img[src*='203.0.113.7'], img[src='x'], a[href^='javascript']").count() == 0
    assert not any("203.0.113.7" in url for url in seen.urls)


def test_a_downloaded_table_holds_no_formula(page: Page, tmp_path: Path) -> None:
    page.goto("/")
    page.get_by_label("Prompts", exact=True).fill('=HYPERLINK("http://203.0.113.7")\n@SUM(1)\nplain')
    page.get_by_role("button", name="Route", exact=True).click()
    page.get_by_text("of 3 go to the strong model").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Download as CSV").click()
    download.value.save_as(tmp_path / "decisions.csv")
    rows = list(csv.DictReader((tmp_path / "decisions.csv").read_text("utf-8").splitlines()))
    assert [row["prompt"][:2] for row in rows] == ["'=", "'@", "pl"]


def test_a_router_that_is_not_there_is_named_and_the_page_goes_on(page: Page) -> None:
    page.goto("/")
    page.get_by_text("2 of 4 go to the strong model").wait_for()
    field = page.get_by_role("combobox", name="Router", exact=True)
    field.fill("<b>no-such-folder</b>")
    page.keyboard.press("Enter")
    error = page.get_by_role("alert").filter(has_text="a router must be one of")
    error.wait_for()
    assert "<b>no-such-folder</b>" in error.inner_text()


def test_a_saved_router_is_chosen_by_its_folder_and_names_the_nearest_training_prompts(
    page: Page, tmp_path: Path
) -> None:
    """Strong won the first prompt and lost the second; the question is the second."""
    prompts = ["Prove that e is irrational.", "What is the capital of France?"]
    KNNRouter(k=1).fit(PreferenceData(prompts, ["strong"] * 2, ["weak"] * 2, ["a", "b"])).save(
        tmp_path / "knn"
    )
    page.goto("/")
    page.get_by_text("2 of 4 go to the strong model").wait_for()
    page.get_by_role("combobox", name="Router", exact=True).fill(str(tmp_path / "knn"))
    page.keyboard.press("Enter")
    near = page.get_by_role("table", name="Nearest training prompts")
    near.wait_for()
    first, second = (row.split("\t") for row in near.get_by_role("row").all_inner_texts()[1:])
    assert (first[0], first[1], first[2]) == ("2", "1.000", "0.00")
    assert (second[0], second[2]) == ("1", "1.00")
