"""The code blocks of a Markdown file, so that tests can run documentation as it stands."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

_OPENING = re.compile(r"^(?P<indent> *)(?P<fence>`{3,}|~{3,}) *(?P<info>[^`]*)$")


@dataclass(frozen=True, slots=True)
class Block:
    """A fenced block of code.

    Attributes:
        path: The file it stands in.
        line: The number of its first line of code in that file, from 1.
        code: The code, without the fence and its indentation.
        run: False where the fence says `no-run`.
    """

    path: Path
    line: int
    code: str
    run: bool

    def execute(self, namespace: dict[str, Any]) -> None:
        """Run the block in a namespace; a traceback names the Markdown file and its line."""
        padded = "\n" * (self.line - 1) + self.code
        exec(compile(padded, str(self.path), "exec"), namespace)


def python_blocks(path: Path) -> list[Block]:
    """Return the blocks of a Markdown file whose fence says `python` or `py`, in order."""
    return blocks_of(path, "python", "py")


def blocks_of(path: Path, *languages: str) -> list[Block]:
    """Return the blocks of a Markdown file whose fence names one of these languages, in order."""
    blocks = []
    lines = path.read_text("utf-8").splitlines()
    number = 0
    while number < len(lines):
        opening = _OPENING.match(lines[number])
        number += 1
        if opening is None:
            continue
        first, indent, fence = number, len(opening["indent"]), opening["fence"]
        closing = re.compile(rf"^ *{fence[0]}{{{len(fence)},}} *$")
        while number < len(lines) and not closing.match(lines[number]):
            number += 1
        words = opening["info"].split()
        if words and words[0] in languages:
            code = "".join(f"{_dedent(line, indent)}\n" for line in lines[first:number])
            blocks.append(Block(path, first + 1, code, "no-run" not in words[1:]))
        number += 1
    return blocks


def _dedent(line: str, indent: int) -> str:
    return line[min(indent, len(line) - len(line.lstrip(" "))) :]
