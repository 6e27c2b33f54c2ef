import re
from html.parser import HTMLParser

import pytest

from shared_router.evaluation.as_html import report_as_html
from shared_router.evaluation.report import EvaluationReport
from tests.evaluation.data import HOSTILE, hostile_report

VOID = {"meta", "br", "link", "img", "hr", "input"}


@pytest.fixture(scope="module")
def report() -> EvaluationReport:
    return hostile_report()


@pytest.fixture(scope="module")
def page(report: EvaluationReport) -> str:
    return report_as_html(report)


@pytest.fixture(scope="module")
def page_with_prompts(report: EvaluationReport) -> str:
    return report_as_html(report, show_prompts=True)


class Reader(HTMLParser):
    """Collect a page's elements, attributes and text, and check that each element is closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self._open: list[str] = []
        self.feed(page)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_a_name_or_a_prompt_becomes_no_markup(page_with_prompts: str) -> None:
    read = Reader(page_with_prompts)
    assert "script" not in read.tags
    assert f"router {HOSTILE}" in read.text
    assert "secret prompt" in read.text
    assert not [name for name, _ in read.attributes if name.startswith("on")]


def test_the_page_asks_for_nothing_from_outside(page: str) -> None:
    """Namespaces of SVG are names, never fetched; links inside are to the page's own ids."""
    read = Reader(page)
    assert not {"script", "link", "img", "iframe", "object", "base", "form"} & set(read.tags)
    addresses = [value for name, value in read.attributes if name in ("src", "href", "xlink:href", "action")]
    assert all(value.startswith("#") for value in addresses)
    assert not re.search(r"url\((?!#)|@import", page)
    assert ("content", "default-src 'none'; style-src 'unsafe-inline'") in read.attributes


def test_every_link_inside_a_picture_leads_to_one_element(page: str) -> None:
    read = Reader(page)
    ids = [value for name, value in read.attributes if name == "id"]
    assert len(ids) == len(set(ids))
    linked = {value[1:] for name, value in read.attributes if name == "xlink:href"}
    linked |= {value[5:-1] for name, value in read.attributes if name == "clip-path"}
    assert linked
    assert linked <= set(ids)


def test_prompts_stand_in_it_only_when_asked(page: str) -> None:
    assert "secret prompt" not in page


def test_pictures_take_the_pages_colours_so_that_dark_pages_are_legible(page: str) -> None:
    drawn = page[page.index("<svg") :]
    assert not set(re.findall(r"#[0-9a-f]{6}\b", drawn[: drawn.rindex("</svg>")]))
    assert "var(--series-1)" in drawn
    used = set(re.findall(r"var\((--[\w-]+)\)", page))
    light, dark = page.split("prefers-color-scheme: dark", 1)
    for name in used:
        assert f"{name}:" in light
        assert f"{name}:" in dark


def test_the_page_is_small(page_with_prompts: str) -> None:
    assert len(page_with_prompts.encode()) < 1_000_000


def test_the_same_report_gives_the_same_page(report: EvaluationReport, page: str) -> None:
    assert report_as_html(report) == page
