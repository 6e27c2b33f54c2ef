"""What was typed, chosen and uploaded stays in its tab, and in no other."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.playground.prompts_panel import MAX_PROMPTS

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, Page

GSM8K = Path(__file__).parents[1] / "data" / "evaluation" / "gsm8k.csv"


def open_panel(page: Page, name: str, title: str) -> None:
    page.get_by_role("link", name=name, exact=True).click()
    page.get_by_role("heading", name=title, exact=True).wait_for()


def test_prompts_and_files_stay_when_another_panel_is_looked_at_until_they_are_let_go(page: Page) -> None:
    page.goto("/")
    page.get_by_label("Prompts", exact=True).fill("Only this tab's prompt")
    page.get_by_role("button", name="Route", exact=True).click()
    page.get_by_text("of 1 go to the strong model").wait_for()
    page.get_by_role("slider").focus()
    page.keyboard.press("End")
    page.get_by_text("0 of 1 go to the strong model").wait_for()
    open_panel(page, "Threshold", "Which threshold?")
    page.locator("input[type=file]").set_input_files(GSM8K)
    page.get_by_role("table", name="At this threshold").wait_for()
    open_panel(page, "Two routers", "Two routers side by side")
    page.get_by_role("table", name="Decisions of both").get_by_text("Only this tab's prompt").wait_for()
    open_panel(page, "Report", "What is routing worth on my traffic?")
    page.get_by_text("The file that you uploaded before: gsm8k.csv.").wait_for()
    page.get_by_role("button", name="Make the report").wait_for()
    page.get_by_role("button", name="Forget it").click()
    page.get_by_text("The plainest file is a CSV file").wait_for()
    open_panel(page, "Prompts", "Where do my prompts go?")
    page.get_by_text("0 of 1 go to the strong model").wait_for()


def test_another_tab_sees_nothing_of_them(desk: BrowserContext, page: Page) -> None:
    page.goto("/threshold")
    page.get_by_label("or the path of a file or folder on this machine").fill(str(GSM8K))
    page.keyboard.press("Enter")
    page.get_by_role("table", name="At this threshold").wait_for()
    other = desk.new_page()
    other.goto("/threshold")
    other.get_by_text("The plainest file is a CSV file").wait_for()
    assert other.get_by_label("or the path of a file or folder on this machine").input_value() == ""
    other.close()


def test_more_prompts_than_the_page_takes_is_refused_with_the_limit_and_not_dropped(page: Page) -> None:
    page.goto("/")
    page.get_by_text("2 of 4 go to the strong model").wait_for()
    box = page.get_by_label("Prompts", exact=True)
    # as a paste does: typing so much takes the browser minutes
    box.evaluate(
        """(box, n) => {
        const text = Object.getOwnPropertyDescriptor(HTMLTextAreaElement.prototype, 'value');
        text.set.call(box, 'a\\n'.repeat(n));
        box.dispatchEvent(new Event('input', {bubbles: true}));
    }""",
        MAX_PROMPTS + 1,
    )
    page.get_by_role("button", name="Route", exact=True).click()
    page.get_by_role("alert").filter(
        has_text="20,000 prompts of 2,000,000 characters in all, got 20,001 of 40,002"
    ).wait_for()
