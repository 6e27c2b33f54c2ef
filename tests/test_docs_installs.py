from __future__ import annotations

import ast
import re
import sys
from importlib.metadata import PackageNotFoundError, requires
from pathlib import Path

import pytest

from tests.docs_blocks import python_blocks

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", *sorted((_ROOT / "docs").glob("*.md"))]
_DISTRIBUTIONS = {
    "langchain_core": "langchain-core",
    "langchain_routellm": "langchain-core",
    "llama_index": "llama-index-core",
    "llamaindex_routellm": "llama-index-core",
    "opentelemetry.exporter.prometheus": "opentelemetry-exporter-prometheus",
    "opentelemetry.sdk": "opentelemetry-sdk",
    "prometheus_client": "prometheus-client",
}
"""Of the modules whose distribution has another name."""

_OURS = ("shared_router", "routellm")
"""With us, the program that a reader comes from and need not install."""

_EXTRA = re.compile(r"(?:routellm-adapters)?\[(?P<extras>[a-z]+(?:,[a-z]+)*)\][\"`]")
_INSTALLED = re.compile(r"pip install (?P<names>[\w. -]+)`")
_NAME = re.compile(r"[A-Za-z0-9._-]+")


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_a_page_says_what_to_install_for_what_its_programs_import(page: Path) -> None:
    """By an extra in code, `[langchain]` or within `pip install`, or by a distribution's own name."""
    missing = imported(page) - installed(page.read_text("utf-8"))
    assert missing == set()


def imported(page: Path) -> set[str]:
    """Return the distributions that a page's Python blocks import from."""
    found = set()
    for block in python_blocks(page):
        for node in ast.walk(ast.parse(block.code)):
            if isinstance(node, ast.Import):
                found |= {distribution_of(name.name) for name in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module is not None:
                found.add(distribution_of(node.module))
    return found - {""}


def distribution_of(module: str) -> str:
    """Return a module's distribution, and nothing for the standard library and for us."""
    for name, distribution in _DISTRIBUTIONS.items():
        if f"{module}.".startswith(f"{name}."):
            return distribution
    root = module.partition(".")[0]
    return "" if root in sys.stdlib_module_names or root in _OURS else root


def installed(text: str) -> set[str]:
    """Return what a reader has who installs what a page names: the base, its extras, what they need."""
    extras = {name for match in _EXTRA.finditer(text) for name in match["extras"].split(",")}
    waiting = [*_of_extra(None), *(each for extra in extras for each in _of_extra(extra))]
    waiting += [name for match in _INSTALLED.finditer(text) for name in match["names"].split()]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _needs(name)
    return found


def _of_extra(extra: str | None) -> list[str]:
    text = (_ROOT / "pyproject.toml").read_text("utf-8")
    pattern = r"^dependencies = \[(.*?)^\]" if extra is None else rf"^{extra} = \[(.*?)\](?: #.*)?\n(?=\S)"
    told = re.search(pattern, text, re.DOTALL | re.MULTILINE)
    assert told is not None, f"there is no extra {extra}"
    found: list[str] = []
    for requirement in re.findall(r"\"([^\"]+)\"", told[1]):
        if ours := re.match(r"routellm-adapters\[([^\]]+)\]", requirement):
            found += [each for name in ours[1].split(",") for each in _of_extra(name)]
        else:
            found.append(_name(requirement))
    return found


def _needs(distribution: str) -> list[str]:
    try:
        told = requires(distribution) or []
    except PackageNotFoundError:
        return []
    return [_name(each) for each in told if "extra ==" not in each]


def _name(requirement: str) -> str:
    match = _NAME.match(requirement)
    assert match is not None
    return match[0].lower().replace("_", "-")
