"""The reference: a page for each part of each package, and links from a public name to where it is told.

Names are read from the packages' `__all__`; no package is imported. What stands under each name is its
docstring, which mkdocstrings writes out.
"""

from __future__ import annotations

import ast
import re
from collections import Counter
from functools import cache
from pathlib import Path

ROOT = Path(__file__).parents[2]
PACKAGES = ("shared_router", "langchain_routellm", "llamaindex_routellm")
NAMES_PAGE = "reference/names.md"
_CODE = re.compile(
    r"<(?P<tag>a|autoref|h[1-6]|pre)\b.*?</(?P=tag)>|<code>(?P<name>\w+)(?P<member>\.\w+)?</code>", re.DOTALL
)


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
            where = f"reference/{package}/{part}" if part != package else f"reference/{package}"
            pages[f"{where}.md"] = f"# {title}\n\n{lead}\n\n{shown}\n"
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


def with_links_to_names(html: str, *, once: bool) -> str:
    """Return a page with a link on each public name that stands in code by itself.

    Headings, links and blocks of code stay as they are, and so do names that are also plain words.

    Args:
        html: The page's content.
        once: Whether only the first mention of a name is linked.
    """
    modules = _linked_names()
    seen: set[str] = set()

    def linked(found: re.Match[str]) -> str:
        name = found["name"]
        if name not in modules or (once and name in seen):
            return found[0]
        seen.add(name)
        target = f"{modules[name]}.{name}{found['member'] or ''}"
        return f'<autoref identifier="{target}" optional>{found[0]}</autoref>'

    return _CODE.sub(linked, html)


@cache
def _linked_names() -> dict[str, str]:
    pairs = [pair for package in PACKAGES for pair in public_names(package).items()]
    count = Counter(name for name, _ in pairs)
    return {name: module for name, module in pairs if count[name] == 1 and re.search("[A-Z_]", name)}
