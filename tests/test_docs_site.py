from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from playwright.sync_api import Browser

_ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    find_spec("material") is None,
    reason='the site needs pip install "routellm-adapters[docs]" with Python 3.11 or newer',
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link or an anchor that leads nowhere, or a page in no list, fails."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "-f", ".mkdocs.yml", "--strict"]
    command += ["--site-dir", str(out)]
    environment = os.environ | {"NO_MKDOCS_2_WARNING": "1"}
    built = subprocess.run(command, cwd=_ROOT, env=environment, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    return out


@pytest.fixture(scope="module")
def pages() -> ModuleType:
    """The module that tells MkDocs what the pages are."""
    spec = spec_from_file_location("pages", _ROOT / "docs" / "site" / "pages.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next((path for name in ("chromium", "google-chrome") if (path := shutil.which(name))), None)
    if found is None:
        pytest.skip("no Chromium here; apt-get install chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=found, args=["--no-sandbox", "--disable-gpu"])
        yield opened
        opened.close()


def test_the_site_takes_nothing_from_elsewhere(site: Path) -> None:
    """Links lead to papers; what a page loads, scripts, styles, fonts, pictures, lies beside it."""
    loads = re.compile(r"""<(?:script|img|iframe|link)\b[^>]*?(?:src|href)=["']?(https?:)?//[^"' >]+""")
    found = {
        page.name: match[0] for page in site.rglob("*.html") if (match := loads.search(page.read_text()))
    }
    assert found == {}
    styles = "".join(style.read_text() for style in site.rglob("*.css"))
    assert re.findall(r"url\(['\"]?https?:", styles) == []


def test_every_public_name_is_in_the_reference(site: Path, pages: ModuleType) -> None:
    for package in pages.PACKAGES:
        told = "".join(page.read_text() for page in (site / "reference" / package).glob("*.html"))
        names = __import__(package).__all__
        assert [name for name in names if f'.{name}" class="doc doc-heading"' not in told] == []


def test_a_search_for_apgr_has_the_glossary_among_its_pages(site: Path) -> None:
    index = (site / "search" / "search_index.js").read_text()
    assert '"location":"glossary.html' in index.replace(" ", "")


def test_the_navigation_is_the_list_of_the_first_page(pages: ModuleType) -> None:
    """A heading opens a section; an item's page is its link's, and the changelog stands beside docs/."""
    index = "# T\n- [First](first.md)\n\n## How to\n- [A](a.md): text\n- [B](../CHANGELOG.md)\n\n## Empty\n"
    assert pages.navigation(index)[:-1] == [
        {"Start": ["index.md", {"First": "first.md"}]},
        {"How to": [{"A": "a.md"}, {"B": "files/CHANGELOG.md"}]},
    ]


def test_links_that_leave_the_docs_lead_to_pages_that_stand_for_the_files(pages: ModuleType) -> None:
    """A file of code becomes a page with .md after its name; a link from outside comes back to its page."""
    assert pages.links_within("[a](../shared_router/a.py) [b](b.md#c) [d](https://e.org)", "x.md") == (
        "[a](files/shared_router/a.py.md) [b](b.md#c) [d](https://e.org)"
    )
    assert pages.links_within("[a](docs/a.md#b)", "files/SECURITY.md") == "[a](../a.md#b)"


def test_the_search_finds_in_a_page_that_was_opened_as_a_file(site: Path, browser: Browser) -> None:
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{(site / 'index.html').as_uri()}?q=propensity")
    page.locator(".md-search-result__item").first.wait_for(timeout=30_000)
    assert "Glossary" in page.locator(".md-search-result__list").inner_text()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:"))] == []
    page.close()


def test_no_page_is_wider_than_a_phone(site: Path, browser: Browser) -> None:
    """390 pixels; what is wider, a table or a line of code, scrolls by itself."""
    page = browser.new_page(viewport={"width": 390, "height": 844})
    wide = {}
    for path in sorted(site.glob("*.html")):
        page.goto(path.as_uri(), wait_until="domcontentloaded")
        width = page.evaluate("document.scrollingElement.scrollWidth")
        if width > 390:
            wide[path.name] = width
    page.close()
    assert wide == {}


@pytest.mark.parametrize(("wished", "scheme"), [("light", "default"), ("dark", "slate")])
def test_the_site_is_as_light_or_dark_as_its_reader_wishes(
    site: Path, browser: Browser, wished: Literal["light", "dark"], scheme: str
) -> None:
    page = browser.new_page(color_scheme=wished)
    page.goto((site / "index.html").as_uri())
    assert page.locator("body").get_attribute("data-md-color-scheme") == scheme
    page.close()
