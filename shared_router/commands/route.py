"""`routellm route`: score prompts with a trained router."""

from __future__ import annotations

import json
import sys
from itertools import islice
from typing import TYPE_CHECKING

from shared_router.commands.policies import add_policy_arguments, policy_of
from shared_router.decisions import RoutingDecision
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator

_BATCH = 256
"""Prompts scored at once: large enough to be fast, small enough that a pipe's output keeps coming."""

_HEAD_CHARS = 60


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the prompts, the policy's arguments and `--json`."""
    parser.add_argument("prompts", nargs="*", metavar="PROMPT", help="default: standard input, one a line")
    add_policy_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per prompt")


def run(arguments: argparse.Namespace) -> None:
    """Print each prompt's decision, in order, one line a prompt."""
    policy = policy_of(arguments)
    for batch in _batches(_prompts(arguments.prompts)):
        for prompt, decision in zip(batch, policy.decide_many(batch), strict=True):
            print(json.dumps(decision.as_metadata()) if arguments.json else _line(prompt, decision))
        sys.stdout.flush()


def _prompts(given: list[str]) -> Iterable[str]:
    if given:
        return given
    if sys.stdin.isatty():
        raise InvalidInputError(
            "route needs at least one prompt, got 0; give it as an argument or on standard input"
        )
    sys.stdin.reconfigure(encoding="utf-8", errors="replace")  # type: ignore[union-attr]
    return (line.rstrip("\r\n") for line in sys.stdin)


def _batches(prompts: Iterable[str]) -> Iterator[list[str]]:
    remaining = iter(prompts)
    while batch := list(islice(remaining, _BATCH)):
        yield batch


def _line(prompt: str, decision: RoutingDecision) -> str:
    score = "-" if decision.win_probability is None else f"{decision.win_probability:.4f}"
    # whitespace would break the columns, and an escape sequence in a file of prompts the terminal
    head = "".join(char if char.isprintable() else "\ufffd" for char in " ".join(prompt.split()))
    return f"{score}\t{decision.model}\t{head[:_HEAD_CHARS]}"
