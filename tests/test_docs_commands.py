from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from shared_router.commands.main import command_parser
from tests.docs_blocks import blocks_of

_ROOT = Path(__file__).parents[1]
_PAGES = [_ROOT / "README.md", _ROOT / "CONTRIBUTING.md", *sorted((_ROOT / "docs").glob("*.md"))]


@pytest.mark.parametrize("page", _PAGES, ids=lambda page: page.stem)
def test_every_routellm_command_in_the_docs_is_one_that_is_understood(page: Path) -> None:
    """Its name, its options and their values; what it does is tested elsewhere."""
    for line, arguments in _commands(page):
        try:
            command_parser().parse_args(arguments)
        except SystemExit:
            pytest.fail(f"{page.name}:{line}: routellm {shlex.join(arguments)}")


def test_commands_are_found_on_lines_that_go_on(tmp_path: Path) -> None:
    """The first goes on over two lines and ends before its comment; the third is another program."""
    page = tmp_path / "page.md"
    page.write_text(
        "```sh\nA=1 routellm score a \\\n  --out b  # c\nroutellm show && x\npytest\n```\n", "utf-8"
    )
    assert _commands(page) == [(2, ["score", "a", "--out", "b"]), (4, ["show"])]


def _commands(page: Path) -> list[tuple[int, list[str]]]:
    found = []
    for block in blocks_of(page, "sh", "bash", "console"):
        line = block.line
        for command in re.split(r"(?<!\\)\n", block.code):
            words = shlex.split(command.replace("\\\n", " "), comments=True)
            starts = [k for k, word in enumerate(words) if word == "routellm"]
            for start in starts:
                ends = [k for k, word in enumerate(words) if word in ("&&", "|", ";", ">") and k > start]
                found.append((line, words[start + 1 : min(ends, default=len(words))]))
            line += command.count("\n") + 1
    return found
