"""The command itself: its subcommands, and how an error becomes an exit status.

A subcommand is a row in `_COMMANDS`. Errors of this project become one line on standard error and exit
status 2, and so do argparse's own.
"""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from shared_router import __version__
from shared_router.commands import (
    benchmarks,
    calibrate,
    collect,
    compare,
    compare_arms,
    demo,
    evaluate,
    feedback,
    inspect,
    learn,
    playground,
    route,
    savings,
    score,
    serve,
    show,
    suggest,
    train,
)
from shared_router.errors import RouterError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


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
    parsed = command_parser().parse_args(arguments)
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
    except OSError as error:
        place = "" if error.filename is None else f" {error.filename!r}"
        print(
            f"routellm: error: a file must be readable or writable{place}: {error.strerror}", file=sys.stderr
        )
        return 2
    return 0


def command_parser() -> argparse.ArgumentParser:
    """Return what reads the arguments of every subcommand."""
    parser = _Parser(
        prog="routellm", description="Which prompts need the strong model, told before any answer is written."
    )
    parser.add_argument("--version", action="version", version=f"routellm-adapters {__version__}")
    subparsers = parser.add_subparsers(metavar="command", required=True)
    for command in _COMMANDS:
        subparser = subparsers.add_parser(command.name, help=command.help, description=command.help)
        command.add_arguments(subparser)
        subparser.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """Say what is wrong with an argument in one line, as with any other input."""

    def error(self, message: str) -> NoReturn:
        print(f"routellm: error: {' '.join(message.split())}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def _write_any_text() -> None:
    """Let a terminal that lacks a character show another one rather than end the program."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")


_COMMANDS = (
    Command("inspect", "say what is in a file of logs or graded answers", inspect.add_arguments, inspect.run),
    Command(
        "suggest", "pick the prompts of a log that are worth a grade", suggest.add_arguments, suggest.run
    ),
    Command("collect", "ask both models and grade their answers", collect.add_arguments, collect.run),
    Command("train", "teach a router graded answers or battles", train.add_arguments, train.run),
    Command("route", "score prompts with a trained router", route.add_arguments, route.run),
    Command("score", "score files of prompts on all cores", score.add_arguments, score.run),
    Command(
        "serve",
        "serve OpenAI's clients, each chat from the strong or the weak upstream",
        serve.add_arguments,
        serve.run,
    ),
    Command("show", "say what a router's scores mean, without loading it", show.add_arguments, show.run),
    Command(
        "evaluate",
        "say what routing is worth on graded answers, with intervals, baselines and pictures",
        evaluate.add_arguments,
        evaluate.run,
    ),
    Command(
        "benchmarks",
        "measure a router on the paper's three benchmarks, beside the paper's own figures",
        benchmarks.add_arguments,
        benchmarks.run,
    ),
    Command(
        "calibrate",
        "choose a threshold by a share, a budget or a quality, and write the policy file",
        calibrate.add_arguments,
        calibrate.run,
    ),
    Command(
        "feedback",
        "write feedback from LangSmith, LlamaIndex or a table into the decision log",
        feedback.add_arguments,
        feedback.run,
    ),
    Command(
        "learn",
        "learn a router from a decision log, if it is better than the one at work",
        learn.add_arguments,
        learn.run,
    ),
    Command(
        "savings",
        "say what routing saved in a period and what it cost in quality, from the decision log",
        savings.add_arguments,
        savings.run,
    ),
    Command(
        "compare-arms",
        "say which policy of an A/B test is better, by the decision log, however often it is asked",
        compare_arms.add_arguments,
        compare_arms.run,
    ),
    Command("compare", "show several evaluations side by side", compare.add_arguments, compare.run),
    Command(
        "playground",
        "show on a page of this machine where prompts go, why, and what that costs",
        playground.add_arguments,
        playground.run,
    ),
    Command(
        "demo",
        "ask ten questions of a real local model through LangChain and LlamaIndex",
        demo.add_arguments,
        demo.run,
    ),
)
