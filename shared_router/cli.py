"""The command `routellm`, one function per subcommand.

A subcommand is a row in `_COMMANDS`: its name, its help, a function that adds its arguments and one that
runs it. Errors of this project become one line on standard error and exit status 2, as argparse's own do.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from itertools import islice
from typing import TYPE_CHECKING, NamedTuple

from shared_router import __version__
from shared_router.decisions import RoutingDecision
from shared_router.errors import InvalidInputError, RouterError
from shared_router.policy import RoutingPolicy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

_BATCH = 256
"""Prompts scored at once: large enough to be fast, small enough that a pipe's output keeps coming."""

_HEAD_CHARS = 60


class Command(NamedTuple):
    """A subcommand.

    Attributes:
        name: What is typed after `routellm`.
        help: One line that says what it does.
        add_arguments: Adds its arguments to its own parser.
        run: Does it; what it prints to standard output is its result.
    """

    name: str
    help: str
    add_arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], None]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one subcommand.

    Args:
        arguments: What follows `routellm` on the command line; None takes the process's own.

    Returns:
        The exit status: 0, 2 where an argument or an input breaks a rule, 130 after Ctrl-C.
    """
    _write_any_text()
    parsed = _parser().parse_args(arguments)
    try:
        parsed.run(parsed)
        sys.stdout.flush()
    except RouterError as error:
        print(f"routellm: error: {' '.join(str(error).split())}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    except BrokenPipeError:
        # The reader (`| head`) has gone; without this Python complains once more when it flushes at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="routellm", description="Which prompts need the strong model, told before any answer is written."
    )
    parser.add_argument("--version", action="version", version=f"routellm-adapters {__version__}")
    subparsers = parser.add_subparsers(metavar="command", required=True)
    for command in _COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


def _add_route_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("prompts", nargs="*", metavar="PROMPT", help="default: standard input, one a line")
    add_policy_arguments(parser)
    parser.add_argument("--json", action="store_true", help="print one JSON object per prompt")


def _route(arguments: argparse.Namespace) -> None:
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


def add_policy_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments from which `policy_of` makes a policy: `--router` and `--threshold`."""
    parser.add_argument(
        "--router",
        metavar="NAME",
        help="a shipped router's name or a saved one's folder (default: the shipped)",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="strong iff win probability >= T, in [0, 1]; higher is cheaper (default: the router's own)",
    )


def policy_of(arguments: argparse.Namespace) -> RoutingPolicy:
    """Return the policy that `--router` and `--threshold` describe; a router that fails is an error."""
    return RoutingPolicy(arguments.router, threshold=arguments.threshold, on_router_error="raise")


def _add_demo_arguments(parser: argparse.ArgumentParser) -> None:
    from shared_router.demo.arguments import add_arguments

    add_arguments(parser)
    add_policy_arguments(parser)


def _demo(arguments: argparse.Namespace) -> None:
    """Ask ten questions through both adapters; see `shared_router.demo`."""
    from shared_router.demo.run import run

    run(arguments, policy_of(arguments))


def _write_any_text() -> None:
    """Let a terminal that lacks a character show another one rather than end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


_COMMANDS = (
    Command("route", "score prompts with a trained router", _add_route_arguments, _route),
    Command(
        "demo",
        "ask ten questions of a real local model through LangChain and LlamaIndex",
        _add_demo_arguments,
        _demo,
    ),
)
