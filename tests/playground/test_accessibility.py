"""Every panel by axe-core, light on a desk and dark on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from tests.axe import findings
from tests.playground.conftest import Playground

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

PANELS = {
    "Prompts": "Where do my prompts go?",
    "Threshold": "Which threshold?",
    "Two routers": "Two routers side by side",
    "Report": "What is routing worth on my traffic?",
    "Chat": "Chat with both models",
}
GSM8K = Path(__file__).parents[1] / "data" / "evaluation" / "gsm8k.csv"


FADED_IN = """!document.querySelector('[data-testid=stSkeleton]')
    && document.getAnimations().every(one => one.playState === 'finished')"""
"""Fields are grey bars until they are loaded, and what fades in has no colour yet."""

FRAMEWORKS_OWN = {("minor", "presentation-role-conflict")}
"""Streamlit's: its place for files has a label and the role of none."""


def test_every_panel_is_reached_by_keyboard_and_has_no_finding_but_the_frameworks_own(page: Page) -> None:
    page.goto("/")
    for name, title in PANELS.items():
        page.get_by_role("link", name=name, exact=True).focus()
        page.keyboard.press("Enter")
        page.get_by_role("heading", name=title, exact=True).wait_for()
        if name == "Threshold":
            page.locator("input[type=file]").set_input_files(GSM8K)
            page.get_by_role("table", name="At this threshold").wait_for()
        page.wait_for_function(FADED_IN)
        assert findings(page) <= FRAMEWORKS_OWN, name


def test_every_panel_is_reached_by_touch_on_a_dark_phone_and_does_not_scroll_sideways(
    browser: Browser, playground: Playground
) -> None:
    size = {"width": 390, "height": 844}
    context = browser.new_context(
        base_url=playground.url,
        viewport=size,  # type: ignore[arg-type]
        color_scheme="dark",
        has_touch=True,
        is_mobile=True,
    )
    page = context.new_page()
    page.set_default_timeout(60_000)
    page.goto("/")
    for name, title in PANELS.items():
        page.get_by_role("link", name=name, exact=True).tap()
        page.get_by_role("heading", name=title, exact=True).wait_for()
        page.wait_for_function(FADED_IN)
        assert findings(page) <= FRAMEWORKS_OWN, name
        assert page.evaluate("document.documentElement.scrollWidth") <= size["width"], name
        background = page.evaluate("getComputedStyle(document.querySelector('.stApp')).backgroundColor")
        assert max(int(part) for part in background[4:-1].split(",")[:3]) < 64, name
    context.close()
