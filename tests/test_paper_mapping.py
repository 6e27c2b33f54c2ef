"""docs/paper_mapping.md: every name that a formula is said to stand under is there."""

import re
from importlib import import_module
from pathlib import Path

import pytest

_PAGE = Path(__file__).parents[1] / "docs" / "paper_mapping.md"
_LINK = re.compile(r"\[`(?P<name>[\w.]+)`\]\(\.\./(?P<path>shared_router/[\w/]+)\.py\)")
_LINKS = sorted({(link["path"], link["name"]) for link in _LINK.finditer(_PAGE.read_text("utf-8"))})


@pytest.mark.parametrize(("path", "name"), _LINKS, ids=lambda each: each)
def test_what_a_formula_is_said_to_stand_under_is_there(path: str, name: str) -> None:
    found = import_module(path.replace("/", "."))
    for part in name.split("."):
        found = getattr(found, part)


def test_every_formula_has_a_place_in_the_code_or_is_said_to_be_left_out() -> None:
    """A table's second column names code; an empty one needs a reason in the last."""
    rows = [line.strip("|").split("|") for line in _PAGE.read_text("utf-8").splitlines() if line[:2] == "| "]
    formulas = [row for row in rows if row[0].strip().startswith("section")]
    assert len(formulas) == sum(len(row) == 5 for row in formulas) > 30
    assert all(_LINK.search(row[1]) or "left out" in row[4] for row in formulas)


def test_every_link_to_code_has_the_form_that_is_checked() -> None:
    text = _PAGE.read_text("utf-8")
    assert len(_LINK.findall(text)) == text.count("](../")
