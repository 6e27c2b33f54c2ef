"""`routellm train`: teach a router of any class graded answers or battles, and save it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.choices import check_seed
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.commands.training_data import TrainingData
    from shared_router.router import Router

_DEFAULT = "local"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to learn from, which router, and where it goes."""
    add = parser.add_argument
    add(
        "data",
        nargs="+",
        metavar="DATA",
        help="graded answers, as `routellm collect` writes them, or battles",
    )
    names = "local, similarity_weighted (sw), matrix_factorization (mf), knn, static, bert or causal_lm"
    add("--router", default=_DEFAULT, metavar="CLASS", help=f"{names} (default: {_DEFAULT})")
    add("--out", required=True, metavar="DIR", help="the folder to make, which `--router DIR` then names")
    add("--overwrite", action="store_true", help="replace a router that is in that folder")
    for side in ("strong", "weak"):
        help_ = f"the {side} model's name in the data (default: {side}); repeat to group models of battles"
        add(f"--{side}", action="append", default=[], metavar="MODEL", help=help_)
    add("--seed", type=int, default=0, metavar="N", help="decides what is left to chance (default: 0)")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a setting of the router; repeat")
    add("--base-model", metavar="MODEL", help="what bert and causal_lm start from: a folder or a hub's name")
    kinds = "soft labels for bert, of several grades a prompt and model: det, prob or trans (docs/hybrid.md)"
    add("--labels", choices=["det", "prob", "trans"], help=kinds)
    add("--state", metavar="DIR", help="where a long training is kept, to go on (default: DIR.training)")
    add("--report", metavar="FILE", help="write what is printed, as JSON where the name ends in .json")
    add("--format", metavar="NAME", help="the data's format (default: told by what is in them)")
    scale = {"nargs": 2, "type": float, "default": (0.0, 1.0), "metavar": ("WORST", "BEST")}
    add("--scale", help="the scale that scores are on, for example 1 10 (default: 0 1)", **scale)  # type: ignore[arg-type]
    add("--score", action="append", metavar="NAME", help="which score, where the data hold several")


def run(arguments: argparse.Namespace) -> None:
    """Train, save, and say what came of it; the same command goes on with a training that was stopped."""
    from shared_router.commands.trained_router import class_name, fit_router, is_long, made_router
    from shared_router.commands.training_data import read_training_data
    from shared_router.commands.training_report import report_of
    from shared_router.policy import RoutingPolicy

    check_seed(arguments.seed)
    name, out = class_name(arguments.router), Path(arguments.out)
    _check_places(arguments, out)  # now, not after hours of training
    data = read_training_data(
        arguments.data,
        strong=arguments.strong,
        weak=arguments.weak,
        format=arguments.format,
        scale=tuple(arguments.scale),
        score=arguments.score,
    )

    _warn_of_worse_model(data)

    def new() -> Router:
        return made_router(
            name,
            seed=arguments.seed,
            base_model=arguments.base_model,
            settings=arguments.set,
            sides={"strong": data.strong, "weak": data.weak},
        )

    def fitted_on(rows: TrainingData) -> Router:
        unsaved = new()
        fit_router(unsaved, rows, state=None, progress=False)
        return unsaved

    router = new()
    state = Path(arguments.state) if arguments.state else out.with_name(f"{out.name}.training")
    fit_router(router, data, state=state, progress=True, labels=arguments.labels)
    report = report_of(
        router, data, RoutingPolicy(router).threshold, fitted_on=None if is_long(name) else fitted_on
    )
    pin = router.save(out, overwrite=arguments.overwrite)
    if arguments.report is not None:
        report.write(Path(arguments.report))
    for reason, count in data.left_out.items():
        print(f"left out, {reason}: {count:,}")
    print(report.explain())
    print(f"saved in {out}, SHA-256 {pin}")
    if is_long(name):
        print(f"{state} holds the training's state; remove it when you need it no more", file=sys.stderr)


def _check_places(arguments: argparse.Namespace, out: Path) -> None:
    from shared_router.checkpoints.folders import check_replaceable
    from shared_router.errors import ArtifactExistsError

    try:
        check_replaceable(out, overwrite=arguments.overwrite)
    except ArtifactExistsError as error:
        raise ArtifactExistsError(f"{error}; for a router's folder that is --overwrite") from error
    report = arguments.report and Path(arguments.report)
    if report and (report.is_dir() or not report.absolute().parent.is_dir()):
        raise InvalidInputError(f"--report must be a file in a folder that is there, got {str(report)!r}")


def _warn_of_worse_model(data: TrainingData) -> None:
    if data.outcomes is None:
        return
    strong, weak = (float(data.outcomes.scores(side).mean()) for side in (data.strong, data.weak))
    if strong < weak:
        print(
            f"the strong model should be the better one, and {data.strong} has a mean grade of {strong:.3f}, "
            f"{data.weak} of {weak:.3f}: look at --strong and --weak",
            file=sys.stderr,
        )
