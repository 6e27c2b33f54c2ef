"""The everyday set: prompts as people type them, in ten languages, each with how hard it is.

All were written for this package, from greetings to proofs, none copied from a benchmark. `level` is 0 for
talk that asks nothing (greetings, thanks, acknowledgements), 1 for what any model answers (facts, sums, small
rewriting), 2 for what takes some writing or explaining, 3 for what takes an expert (proofs, system design,
debugging, law, medicine). Within each level prompts are short and long, so that length alone does not tell.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

EVERYDAY = Path(__file__).with_name("everyday.jsonl")
DIFFICULTY = (0.0, 0.1, 0.5, 1.0)
"""What the levels are taught as: the first two are the weak model's, the last the strong one's."""


@dataclass(frozen=True)
class EverydayPrompt:
    """A prompt and what its writer says of it.

    Attributes:
        prompt: The text.
        language: Its language, as ISO 639-1.
        kind: What it is, such as `greeting` or `proof`.
        level: How hard, 0 to 3.
    """

    prompt: str
    language: str
    kind: str
    level: int


def read_everyday(path: Path = EVERYDAY) -> list[EverydayPrompt]:
    """Read a file of everyday prompts, one JSON object a line."""
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [EverydayPrompt(row["prompt"], row["language"], row["kind"], row["level"]) for row in rows]
