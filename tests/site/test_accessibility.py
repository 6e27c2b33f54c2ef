"""Every kind of page by axe-core, light on a desk and dark on a phone."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.axe import found_where

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ViewportSize

KINDS = {
    "index.html": "the first page, with a picture, a table, code and lists of links",
    "langchain.html": "a tutorial with a notebook of code",
    "thresholds.html": "wide tables and code for a shell",
    "playground.html": "pictures of the program",
    "glossary.html": "definitions",
    "reference/names.html": "lists of names",
    "reference/shared_router/policy.html": "docstrings and signatures",
    "files/docs/notebooks/measure_and_choose.ipynb.html": "a notebook and what it prints",
    "files/shared_router/policy.py.html": "a file of code",
    "404.html": "no page",
}
THEMES_OWN = 'moderate landmark-unique: <nav class="md-code__nav">'
"""Material's: the buttons that copy blocks of code stand in places that have no name."""


@pytest.mark.parametrize(
    ("size", "scheme"),
    [({"width": 1280, "height": 900}, "light"), ({"width": 375, "height": 812}, "dark")],
    ids=["desk, light", "phone, dark"],
)
@pytest.mark.parametrize("kind", KINDS)
def test_axe_core_finds_nothing_on_any_kind_of_page(
    served: str, browser: Browser, kind: str, size: ViewportSize, scheme: str
) -> None:
    page = browser.new_page(viewport=size, color_scheme=scheme)  # type: ignore[arg-type]
    page.goto(f"{served}/{kind}")
    page.wait_for_timeout(300)  # what fades in has no colour yet
    found = [each for each in found_where(page) if not each.startswith(THEMES_OWN)]
    page.close()
    assert found == []
