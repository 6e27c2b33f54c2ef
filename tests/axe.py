"""axe-core's view of a page in a real browser."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Page


def findings(page: Page) -> set[tuple[str, str]]:
    """Return axe-core's findings of the page as it is: how grave each is, and its rule."""
    return {(found["impact"], found["id"]) for found in _violations(page)}


def found_where(page: Page) -> list[str]:
    """Return axe-core's findings, each with the rule and the first place it was broken in."""
    return [f"{found['impact']} {found['id']}: {found['nodes'][0]['html']}" for found in _violations(page)]


def _violations(page: Page) -> list[Any]:
    package = pytest.importorskip("axe_playwright_python")
    if not page.evaluate("'axe' in window"):
        page.add_script_tag(content=(Path(package.__file__).parent / "axe.min.js").read_text("utf-8"))
    violations: list[Any] = page.evaluate("axe.run(document, {resultTypes: ['violations']})")["violations"]
    return violations
