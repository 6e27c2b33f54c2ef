from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from types import ModuleType


def test_the_navigation_is_the_list_of_the_first_page(pages: ModuleType) -> None:
    """A heading opens a section, and none is open before it; an item's page is its link's."""
    index = "# T\n- [no page](first.md)\n\n## How to\n- [A](a.md): text\n- [B](../CHANGELOG.md)\n\n## Empty\n"
    assert pages.navigation(index)[:-1] == [
        {"Start": "index.md"},
        {"How to": [{"A": "a.md"}, {"B": "files/CHANGELOG.md"}]},
    ]


def test_links_that_leave_the_docs_lead_to_pages_that_stand_for_the_files(pages: ModuleType) -> None:
    """A file of code becomes a page with .md after its name; a link from outside comes back to its page."""
    assert pages.links_within("[a](../shared_router/a.py) [b](b.md#c) [d](https://e.org)", "x.md") == (
        "[a](files/shared_router/a.py.md) [b](b.md#c) [d](https://e.org)"
    )
    assert pages.links_within("[a](docs/a.md#b)", "files/SECURITY.md") == "[a](../a.md#b)"


def test_a_public_name_in_code_leads_to_the_reference(pages: ModuleType) -> None:
    """The first time, or each time; a heading, a link, a block and a plain word stay as they are."""
    code = "<code>RoutingPolicy</code>"
    link = f'<autoref identifier="shared_router.policy.RoutingPolicy" optional>{code}</autoref>'
    others = f"<h2>{code}</h2><a href='x'>{code}</a><pre><span>{code}</span></pre><code>savings</code>"
    assert pages.with_links_to_names(f"{others}{code}{code}", once=True) == f"{others}{link}{code}"
    assert pages.with_links_to_names(f"{others}{code}{code}", once=False) == f"{others}{link}{link}"


def test_a_member_in_code_leads_to_its_own_place(pages: ModuleType) -> None:
    html = pages.with_links_to_names("<code>Router.save</code><code>Nobody.save</code>", once=True)
    assert html == (
        '<autoref identifier="shared_router.router.Router.save" optional><code>Router.save</code></autoref>'
        "<code>Nobody.save</code>"
    )


def test_a_page_is_described_by_its_first_paragraph(pages: ModuleType) -> None:
    """Not by its heading, a picture, code or a list; markup, links and line breaks become plain text."""
    page = '# T\n\n![p](p.png)\n\n- item\n\nSay `a`, **b** or\n[c "d"](e.md).\n\nMore.'
    assert pages.description_of(page) == "Say a, b or c 'd'."
    assert pages.description_of("# T\n") == ""


def test_the_first_mention_of_a_term_leads_to_the_glossary(pages: ModuleType) -> None:
    """In text alone, also at a sentence's start or in the plural, and no part of a longer word."""
    others = "<h2>APGR</h2><p title='PGR'>Drifting, <code>PGR</code>, <a href='x'>battle</a>"
    assert pages.with_links_to_terms(f"{others} Battles; battles, PGR", "g.html") == (
        f'{others} <a href="g.html#battle">Battles</a>; battles, <a href="g.html#pgr">PGR</a>'
    )


def test_the_search_puts_guides_first_and_leaves_code_out(pages: ModuleType) -> None:
    found = {
        page: pages.found_first(page) for page in ("langchain.md", "reference/names.md", "files/a.py.md")
    }
    assert found["langchain.md"]["boost"] > found["reference/names.md"]["boost"]
    assert found["files/a.py.md"] == {"exclude": True}
    for page in ("files/docs/notebooks/a.ipynb.md", "files/README.md", "files/a/static-v2/CARD.md"):
        assert pages.found_first(page) == {"exclude": False}
