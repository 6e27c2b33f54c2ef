"""What MkDocs is told of these docs: their order, the files beside them, the reference of `reference.py`.

The navigation is the list in docs/index.md, so that a page is put in its place once. A link that leaves
docs/, to the changelog or to a file of code, becomes a page of the site. Nothing here is imported by the
packages.
"""

from __future__ import annotations

import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from glossary import GLOSSARY, with_links_to_terms
from mkdocs.structure.files import File, Files
from reference import NAMES_PAGE, PACKAGES, names_page, reference_pages, with_links_to_names

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
_HEADING = re.compile(r"^## (?P<title>.+)$")
_ITEM = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<target>[^)]+)\)")
_LINK = re.compile(r"(?P<before>\]\()(?P<target>(?!\w+:|#|/)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_FENCE = re.compile(r"^(?P<fence> *(?:`{3,}|~{3,})\w+) no-run$", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- .*? -->$\n?", re.MULTILINE)
_NO_TEXT = re.compile(r"#|!|```|~~~|:::|[-|<]")
_MARKUP = re.compile(r"\[(?P<text>[^\]]+)\]\([^)]*\)|[`*]")
_CODE_PAGE = re.compile(r"\.(?!ipynb)\w+\.md$")
_FILES = "files/"
_WORKER_FROM_AFAR = "https://unpkg.com/iframe-worker/shim"
_NAMELESS_SEARCH = 'data-md-component="search" role="dialog"'

Navigation = list[dict[str, Any]]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the navigation from the list in docs/index.md."""
    config.nav = navigation((ROOT / "docs" / "index.md").read_text("utf-8"))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference, and a page for each file outside docs/ that a page links to."""
    made = reference_pages() | linked_files(ROOT / "docs") | {NAMES_PAGE: names_page()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn what is written for readers of the repository into what Python-Markdown reads.

    Links that leave docs/ lead to the pages that stand for those files, marks for our tests and scripts go.
    """
    text = _COMMENT.sub("\n", links_within(markdown, page.file.src_uri))
    page.meta.setdefault("description", description_of(text))
    page.meta["search"] = found_first(page.file.src_uri)
    return _FENCE.sub(r"\g<fence>", text).replace("<details>", "<details markdown>")


def on_page_content(html: str, page: Page, **_: object) -> str:
    """Lead from a public name to where it is told, and from a word of ours to the glossary.

    In the reference each time, in a guide the first time; other files' pages stay as they are.
    """
    where = page.file.src_uri
    if where.startswith(_FILES):
        return html
    if where.startswith("reference/"):
        return with_links_to_names(html, once=False)
    named = with_links_to_names(html, once=True)
    return named if page.url == GLOSSARY else with_links_to_terms(named, GLOSSARY)


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Take the search's helper from the site itself, never from somebody's server, and name the search."""
    return _mended(output, posixpath.relpath("site/worker.js", posixpath.dirname(page.url) or "."))


def on_post_template(output_content: str, **_: object) -> str:
    """Do the same on the page for what is not there."""
    return _mended(output_content, "/site/worker.js")


def links_within(markdown: str, page: str) -> str:
    """Return a page's text with each link between files as a link between pages of the site.

    Args:
        markdown: The text, as it stands in the repository.
        page: Where the page stands in the site.
    """
    home = posixpath.dirname(_in_repository(page))

    def within(link: re.Match[str]) -> str:
        target = site_path(posixpath.normpath(posixpath.join(home, link["target"])))
        relative = posixpath.relpath(target, posixpath.dirname(page) or ".")
        return f"{link['before']}{relative}{link['anchor'] or ''})"

    return _LINK.sub(within, markdown)


def found_first(page: str) -> dict[str, Any]:
    """Return how the search weighs a page: guides before the reference, and code not at all.

    Args:
        page: Where the page stands in the site.
    """
    if page.startswith(_FILES):
        return {"exclude": bool(_CODE_PAGE.search(page))}
    return {"boost": 1 if page.startswith("reference/") else 3}


def description_of(markdown: str) -> str:
    """Return a page's first paragraph as plain text, which is what a search engine shows of the page."""
    paragraphs = (
        part for part in markdown.split("\n\n") if part.strip() and not _NO_TEXT.match(part.strip())
    )
    text = _MARKUP.sub(r"\g<text>", next(paragraphs, ""))
    return " ".join(text.replace('"', "'").split())


def linked_files(docs: Path) -> dict[str, str]:
    """Return a page for each file outside a docs folder that a page there, or such a file, links to."""
    found: dict[str, str] = {}
    waiting = [(page.name, page.read_text("utf-8")) for page in sorted(docs.glob("*.md"))]
    while waiting:
        page, text = waiting.pop()
        home = posixpath.dirname(_in_repository(page))
        for link in _LINK.finditer(text):
            path = posixpath.normpath(posixpath.join(home, link["target"]))
            name = site_path(path)
            if name.startswith(_FILES) and name not in found and (docs.parent / path).is_file():
                found[name] = _shown(docs.parent, path)
                waiting.append((name, found[name] if path.endswith((".md", ".ipynb")) else ""))
    return found


def navigation(index: str) -> Navigation:
    """Return the navigation that index.md's headings and the lists of links below them are."""
    sections: dict[str, Navigation] = {}
    for line in index.splitlines():
        if heading := _HEADING.match(line):
            sections[heading["title"]] = []
        elif sections and (item := _ITEM.match(line)):
            target = site_path(posixpath.normpath(posixpath.join("docs", item["target"])))
            sections[next(reversed(sections))].append({item["title"]: target})
    told = [{title: items} for title, items in sections.items() if items]
    return [{"Start": "index.md"}, *told, {"Public names": [{"All": NAMES_PAGE}, *_names()]}]


def site_path(path: str) -> str:
    """Return where in the site a file of the repository stands."""
    if path.startswith("docs/") and not path.endswith(".ipynb"):  # a notebook is shown as a page
        return path.removeprefix("docs/")
    return f"{_FILES}{path}" if path.endswith(".md") else f"{_FILES}{path}.md"


def _mended(html: str, worker: str) -> str:
    named = html.replace(_NAMELESS_SEARCH, f'{_NAMELESS_SEARCH} aria-label="Search"')
    return named.replace(_WORKER_FROM_AFAR, worker)


def _in_repository(page: str) -> str:
    return page.removeprefix(_FILES) if page.startswith(_FILES) else f"docs/{page}"


def _names() -> Navigation:
    pages = reference_pages()
    return [
        {each: [{_stem(page): page} for page in pages if page.startswith(f"reference/{each}/")]}
        if f"reference/{each}.md" not in pages
        else {each: f"reference/{each}.md"}
        for each in PACKAGES
    ]


def _stem(page: str) -> str:
    return posixpath.splitext(posixpath.basename(page))[0]


def _shown(root: Path, path: str) -> str:
    text = (root / path).read_text("utf-8")
    if path.endswith(".md"):
        return text
    if path.endswith(".ipynb"):
        return "\n\n".join(_cell(cell) for cell in json.loads(text)["cells"]) + "\n"
    language = "python" if path.endswith(".py") else "text"
    return f"# {path}\n\n````{language}\n{text}````\n"


def _cell(cell: dict[str, Any]) -> str:
    source = "".join(cell["source"])
    if cell["cell_type"] == "markdown":
        return source
    printed = "".join(line for output in cell["outputs"] for line in output["text"])
    return f"```python\n{source}\n```" + (f"\n\n```text\n{printed}```" if printed else "")
