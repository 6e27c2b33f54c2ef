"""What MkDocs is told of these docs: their order, files beside them, a reference of every public name.

The navigation is the list in docs/index.md, so that a page is put in its place once. A link that leaves
docs/, to the changelog or to a file of code, becomes a page of the site. Nothing here is imported by the
packages.
"""

from __future__ import annotations

import ast
import json
import posixpath
import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mkdocs.structure.files import File, Files

if TYPE_CHECKING:
    from mkdocs.config.defaults import MkDocsConfig
    from mkdocs.structure.pages import Page

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared_router", "langchain_routellm", "llamaindex_routellm")
_HEADING = re.compile(r"^## (?P<title>.+)$")
_ITEM = re.compile(r"^- \[(?P<title>[^\]]+)\]\((?P<target>[^)]+)\)")
_LINK = re.compile(r"(?P<before>\]\()(?P<target>(?!\w+:|#|/)[^)#\s]+)(?P<anchor>#[^)\s]*)?\)")
_FENCE = re.compile(r"^(?P<fence> *(?:`{3,}|~{3,})\w+) no-run$", re.MULTILINE)
_COMMENT = re.compile(r"^<!-- .*? -->$\n?", re.MULTILINE)
_FILES = "files/"
_NAMES = "reference/names.md"
_WORKER_FROM_AFAR = "https://unpkg.com/iframe-worker/shim"

Navigation = list[dict[str, Any]]


def on_config(config: MkDocsConfig) -> MkDocsConfig:
    """Take the navigation from the list in docs/index.md."""
    config.nav = navigation((ROOT / "docs" / "index.md").read_text("utf-8"))
    return config


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the reference, and a page for each file outside docs/ that a page links to."""
    made = reference_pages() | linked_files(ROOT / "docs") | {_NAMES: names_page()}
    for name, text in made.items():
        files.append(File.generated(config, name, content=text))
    return files


def on_page_markdown(markdown: str, page: Page, **_: object) -> str:
    """Turn what is written for readers of the repository into what Python-Markdown reads.

    Links that leave docs/ lead to the pages that stand for those files, marks for our tests and scripts go.
    """
    text = _COMMENT.sub("\n", links_within(markdown, page.file.src_uri))
    return _FENCE.sub(r"\g<fence>", text).replace("<details>", "<details markdown>")


def on_post_page(output: str, page: Page, **_: object) -> str:
    """Take the search's helper from the site itself, never from somebody's server."""
    own = posixpath.relpath("site/worker.js", posixpath.dirname(page.url) or ".")
    return output.replace(_WORKER_FROM_AFAR, own)


def on_post_template(output_content: str, **_: object) -> str:
    """Do the same on the page for what is not there."""
    return output_content.replace(_WORKER_FROM_AFAR, "/site/worker.js")


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
    """Return the navigation that index.md's headings and lists of links are."""
    found: Navigation = [{"Start": ["index.md"]}]
    for line in index.splitlines():
        if heading := _HEADING.match(line):
            found.append({heading["title"]: []})
        elif item := _ITEM.match(line):
            target = site_path(posixpath.normpath(posixpath.join("docs", item["target"])))
            _parts_of(found[-1]).append({item["title"]: target})
    pages = reference_pages()
    names = [{each: [{_stem(page): page} for page in pages if f"/{each}/" in page]} for each in PACKAGES]
    return [*(part for part in found if _parts_of(part)), {"Public names": [{"All": _NAMES}, *names]}]


def site_path(path: str) -> str:
    """Return where in the site a file of the repository stands."""
    if path.startswith("docs/") and not path.endswith(".ipynb"):  # a notebook is shown as a page
        return path.removeprefix("docs/")
    return f"{_FILES}{path}" if path.endswith(".md") else f"{_FILES}{path}.md"


def reference_pages() -> dict[str, str]:
    """Return a page for each part of each package, with its flat public names."""
    pages = {}
    for package in PACKAGES:
        parts: dict[str, list[tuple[str, str]]] = {}
        for name, module in sorted(public_names(package).items()):
            part = module.split(".")[1] if package == "shared_router" else package
            parts.setdefault(part, []).append((name, module))
        for part, names in sorted(parts.items()):
            shown = "\n\n".join(f"::: {module}.{name}" for name, module in names)
            title = part if part == package else f"{package}: {part}"
            lead = f"All are imported from the package: `from {package} import {names[0][0]}`."
            pages[f"reference/{package}/{part}.md"] = f"# {title}\n\n{lead}\n\n{shown}\n"
    return pages


def names_page() -> str:
    """Return the page that leads from each public name to where it is told, in order of the alphabet."""
    lists = [
        f"## {package}\n\n"
        + "\n".join(
            f"- [`{name}`][{module}.{name}]" for name, module in sorted(public_names(package).items())
        )
        for package in PACKAGES
    ]
    return "# Every public name\n\n" + "\n\n".join(lists) + "\n"


def public_names(package: str) -> dict[str, str]:
    """Return each name of a package's `__all__` with the module that it comes from, read and not imported."""
    tree = ast.parse((ROOT / package / "__init__.py").read_text("utf-8"))
    told: set[str] = set()
    modules: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node.module is not None:
            modules.update({name.asname or name.name: node.module for name in node.names})
        if isinstance(node, ast.Assign) and any(
            isinstance(t, ast.Name) and t.id == "__all__" for t in node.targets
        ):
            told.update(ast.literal_eval(node.value))
    return {name: module for name, module in modules.items() if name in told}


def _in_repository(page: str) -> str:
    return page.removeprefix(_FILES) if page.startswith(_FILES) else f"docs/{page}"


def _parts_of(section: dict[str, Any]) -> list[Any]:
    (parts,) = section.values()
    return parts


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
