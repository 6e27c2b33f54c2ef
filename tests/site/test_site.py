from __future__ import annotations

import re
from html import unescape
from pathlib import Path
from typing import TYPE_CHECKING, Literal
from urllib.parse import unquote

import pytest

if TYPE_CHECKING:
    from types import ModuleType

    from playwright.sync_api import Browser


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
        told = "".join(page.read_text() for page in (site / "reference").glob(f"{package}*/*.html"))
        told += "".join(page.read_text() for page in (site / "reference").glob(f"{package}.html"))
        names = __import__(package).__all__
        assert [name for name in names if f'.{name}" class="doc doc-heading"' not in told] == []


def test_a_class_is_told_with_what_it_inherits(site: Path) -> None:
    """A policy is asked by `decide`, and `RoutedLLM` answers by `chat`, both written in a base of theirs."""
    policy = (site / "reference" / "shared_router" / "policy.html").read_text()
    llm = (site / "reference" / "llamaindex_routellm.html").read_text()
    assert re.search(r'id="[\w.]+\.RoutingPolicy\.decide"', policy)
    assert re.search(r'id="[\w.]+\.RoutedLLM\.chat"', llm)


def test_no_docstring_shows_as_it_was_typed(site: Path) -> None:
    """A section becomes a list and code stands in code: neither `Args:` nor a backtick is left."""
    raw = re.compile(r"(?:Args|Arguments|Returns|Raises|Yields|Attributes|Warns|Examples?):|`")
    found = {}
    for page in (site / "reference").rglob("*.html"):
        article = page.read_text().partition("<article")[2].partition("</article>")[0]
        text = re.sub(
            r"<pre.*?</pre>|<span class=\"doc-section-title\">.*?</span>", "", article, flags=re.DOTALL
        )
        if match := raw.search(re.sub(r"<[^>]+>", "", text)):
            found[page.name] = match[0]
    assert found == {}


def test_every_page_has_a_title_and_a_description_of_its_own(site: Path) -> None:
    for page in site.glob("*.html"):
        text = page.read_text()
        title, description = (
            re.search(pattern, text)
            for pattern in ("<title>(.+?)</title>", 'name="description" content="([^"]*)"')
        )
        assert title is not None, page.name
        assert description is not None, page.name
        assert page.name == "404.html" or len(description[1]) > 40, page.name


def test_every_link_within_the_site_leads_to_a_place_that_is_there(site: Path) -> None:
    """MkDocs checks the links that are written; this one also those that are made."""
    places: dict[Path, set[str]] = {}
    for page in site.rglob("*.html"):
        text = page.read_text()
        places[page.resolve()] = {*re.findall(r"\bid=[\"']?([^\"'\s>]+)", text), ""}
    lost = set()
    for page in places:
        for link in re.findall(r"<a\b[^>]*?\bhref=[\"']?([^\"'\s>]+)", page.read_text()):
            path, _, anchor = unquote(unescape(link)).partition("#")
            target = (page.parent / path).resolve() if path else page
            if "://" in link or link.startswith(("mailto:", "/")) or target.suffix not in ("", ".html"):
                continue
            if target not in places or anchor not in places[target] | {"__top"}:
                lost.add(f"{page.relative_to(site.resolve())}: {link}")
    assert lost == set()


def test_a_search_for_apgr_has_the_glossary_among_its_pages(site: Path) -> None:
    index = (site / "search" / "search_index.js").read_text()
    assert '"location":"glossary.html#apgr"' in index.replace(" ", "")


@pytest.mark.parametrize("opened", ["as a file", "from a server"])
def test_the_search_finds_and_asks_nobody_else(
    site: Path, served: str, browser: Browser, opened: str
) -> None:
    home = f"{served}/index.html" if opened == "from a server" else (site / "index.html").as_uri()
    page = browser.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{home}?q=propensity")
    page.locator(".md-search-result__item").first.wait_for(timeout=30_000)
    assert "Glossary" in page.locator(".md-search-result__list").inner_text()
    assert [url for url in asked if not url.startswith(("file:", "data:", "blob:", "about:", served))] == []
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
