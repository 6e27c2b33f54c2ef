from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from types import ModuleType

_ROOT = Path(__file__).parents[1]

pytestmark = pytest.mark.skipif(
    find_spec("mkdocs") is None, reason='the site needs pip install "routellm-adapters[docs]"'
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site, built strictly: a link or an anchor that leads nowhere, or a page in no list, fails."""
    out = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(out)]
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
