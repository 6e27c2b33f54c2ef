"""`routellm evaluate`: what routing is worth on a file of graded answers."""

from __future__ import annotations

import argparse
import json
from itertools import repeat
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.commands.given_prices import add_prices_argument, given_prices
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    from shared_router.evaluation.report import EvaluationReport
    from shared_router.records.outcomes import Outcomes
    from shared_router.records.reading import Reading
    from shared_router.router import Router


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the data, the routers, the two models and what to write."""
    parser.add_argument("data", nargs="+", metavar="DATA", help="files of graded answers, or folders of them")
    add_router_arguments(parser)
    parser.add_argument(
        "--strong", metavar="MODEL", help="the strong model's name in the data (default: strong)"
    )
    parser.add_argument("--weak", metavar="MODEL", help="the weak model's name in the data (default: weak)")
    parser.add_argument(
        "--out", required=True, metavar="DIR", help="folder for report.html, .md, .json, pictures"
    )
    parser.add_argument("--format", metavar="NAME", help="the data's format (default: told by what is in it)")
    scale = {"type": float, "nargs": 2, "metavar": ("WORST", "BEST"), "default": (0.0, 1.0)}
    parser.add_argument("--scale", help="the scale of the scores (default: 0 1)", **scale)  # type: ignore[arg-type]
    parser.add_argument(
        "--score",
        action="append",
        metavar="NAME",
        help="which score, where the data hold several; given twice, the second stands in for the first",
    )
    add_prices_argument(parser)
    parser.add_argument(
        "--unit",
        choices=("prompt", "conversation"),
        default="prompt",
        help="what is routed and graded as one (default: prompt)",
    )
    parser.add_argument(
        "--second-grades",
        nargs="+",
        metavar="FILE",
        help="the same prompts graded again, by a human or the judge once more: how far to trust the grades",
    )
    parser.add_argument(
        "--show-prompts", action="store_true", help="show the prompts on which a router loses most"
    )
    add_resampling_arguments(parser)


def add_router_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--router`, which may stand several times, `--expected-sha256` likewise, and `--threshold`."""
    parser.add_argument(
        "--router",
        action="append",
        metavar="NAME",
        help="a shipped router's name or a saved one's folder; repeat to compare (default: the shipped)",
    )
    parser.add_argument(
        "--expected-sha256",
        action="append",
        metavar="HASH",
        help="the hash that pins a router's checkpoint, one for each --router in their order",
    )
    parser.add_argument(
        "--threshold",
        type=float,
        metavar="T",
        help="strong iff win probability >= T, in [0, 1] (default: each router's own)",
    )


def add_resampling_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--resamples` and `--seed`."""
    parser.add_argument(
        "--resamples", type=int, default=1000, metavar="N", help="what intervals rest on (default: 1000)"
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="draws them (default: 0)")


def run(arguments: argparse.Namespace) -> None:
    """Evaluate, write the report, and print what it says in words."""
    from shared_router.embedding.shipped import load_embedder
    from shared_router.evaluation.evaluate import evaluate
    from shared_router.evaluation.written import write_report
    from shared_router.records.pricing import unpriced_models
    from shared_router.records.reading import read_outcomes

    folder = _folder(arguments.out)
    routers, thresholds = routers_of(arguments.router, arguments.threshold, arguments.expected_sha256)
    how: dict[str, Any] = {"scale": tuple(arguments.scale), "score": arguments.score, "keep_answers": False}
    reading = read_outcomes(*arguments.data, format=arguments.format, **how)
    outcomes = reading.outcomes
    again = arguments.second_grades and read_outcomes(*arguments.second_grades, **how).outcomes
    _check_two_models(reading)
    strong, weak = (_model(getattr(arguments, side), side, outcomes) for side in ("strong", "weak"))
    prices = given_prices(arguments.prices, outcomes.models)
    priced = outcomes.with_prices(prices) if prices else outcomes
    report = evaluate(
        routers,
        priced,
        strong=strong,
        weak=weak,
        threshold=thresholds,
        embedder=load_embedder(),
        unit=arguments.unit,
        second_grades=again,
        n_resamples=arguments.resamples,
        seed=arguments.seed,
    )
    write_report(report, folder, show_prompts=arguments.show_prompts)
    for reason, count in reading.left_out.items():
        print(f"left out, {reason}: {count:,}")
    for model in unpriced_models(priced):
        if model in (strong, weak):
            print(f"tokens without dollars: {model}; give --prices auto or MODEL=IN,OUT")
    _print(report, folder)


def routers_of(
    names: list[str] | None, threshold: float | None, pins: list[str] | None = None
) -> tuple[dict[str, Router], dict[str, float | None]]:
    """Load routers, each under a name of its own, with the thresholds that hold for them.

    Args:
        names: Shipped routers' names and saved ones' folders; None is the shipped default.
        threshold: One for all, or None for each router's own.
        pins: The hash that pins each checkpoint, or None.

    Raises:
        InvalidInputError: If there are not as many hashes as routers.
        ArtifactError: If a checkpoint is damaged, or not the expected one.
    """
    from shared_router.evaluation.candidates import free_name
    from shared_router.policy import RoutingPolicy
    from shared_router.registry import DEFAULT_ROUTER, load_router

    routers: dict[str, Router] = {}
    thresholds: dict[str, float | None] = {}
    wanted = names or [DEFAULT_ROUTER]
    if pins is not None and len(pins) != len(wanted):
        raise InvalidInputError(
            f"--expected-sha256 must be given once for each --router ({len(wanted)}), got {len(pins)}"
        )
    for given, pin in zip(wanted, pins or repeat(None), strict=False):
        name = free_name(Path(given).name or given, routers)
        routers[name] = load_router(given, expected_sha256=pin)
        policy = RoutingPolicy(given, threshold=threshold, on_router_error="raise", expected_sha256=pin)
        thresholds[name] = policy.threshold
    return routers, thresholds


def _check_two_models(reading: Reading) -> None:
    if len(reading.outcomes.models) < 2:
        left_out = "".join(f"; left out: {count:,} x {reason}" for reason, count in reading.left_out.items())
        found = list(reading.outcomes.models)
        raise InvalidInputError(
            f"evaluation needs grades of two models, and the data hold {found}{left_out}; "
            "routellm inspect says what one is enough for, routellm collect asks and grades two"
        )


def _model(given: str | None, side: str, outcomes: Outcomes) -> str:
    if given is None and side not in outcomes.models:
        raise InvalidInputError(
            f"--{side} must name one of the data's models, {sorted(outcomes.models)}, got none"
        )
    return side if given is None else given


def _folder(given: str) -> Path:
    """Make the folder before anything is computed, so that one that cannot be is known at once."""
    folder = Path(given)
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InvalidInputError(f"--out must be a folder that can be made, got {given!r}") from error
    return folder


def _print(report: EvaluationReport, folder: Path) -> None:
    plural = "" if report.n == 1 else "s"
    print(f"{report.n:,} {report.unit}{plural}, {report.strong.name} against {report.weak.name}")
    for line in (*report.verdicts, *report.notes):
        print("".join(char if char.isprintable() else "\ufffd" for char in line))
    print(f"report: {json.dumps(str(folder / 'report.html'))[1:-1]}")
