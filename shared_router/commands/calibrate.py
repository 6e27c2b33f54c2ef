"""`routellm calibrate`: from a share, a budget or a quality to a policy file, on one's own prompts."""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shared_router.commands.calibration_rows import CalibrationData, judged_rows, routed_rows
from shared_router.commands.records import add_records_arguments, reading_of
from shared_router.errors import DataError, FormatError, InvalidInputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shared_router.calibration.choice import ThresholdChoice
    from shared_router.calibration.rows import Rows

_QUALITIES = ("max_drop", "min_pgr", "max_regret")
_PROMPT_FILES = (".csv", ".jsonl", ".ndjson", ".txt", "")
_PROMPTS_ALONE = (
    "prompts alone are enough for --strong-fraction with a router; a budget needs answers with tokens or "
    "dollars, a quality needs grades of both models, a scorer the weak answers: routellm collect asks and "
    "grades"
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the data, the router, what is asked for and what to write."""
    add_records_arguments(parser)
    judge = parser.add_mutually_exclusive_group()
    judge.add_argument(
        "--router",
        metavar="NAME",
        help="a shipped router's name or a saved one's folder (default: the shipped)",
    )
    judge.add_argument(
        "--scorer",
        metavar="FOLDER",
        help="for a cascade: a saved scorer of the weak answers, whose texts the data hold",
    )
    parser.add_argument("--expected-sha256", metavar="HASH", help="refuse any other checkpoint")
    parser.add_argument("--strong", metavar="MODEL", help="the strong model's name in the data")
    parser.add_argument("--weak", metavar="MODEL", help="the weak model's name in the data")
    asked = parser.add_mutually_exclusive_group(required=True)
    for name, metavar, help_text in (
        ("--strong-fraction", "F", "the share of such prompts to send strong, 0.3; prompts alone are enough"),
        ("--budget", "DOLLARS", "what 1,000 such requests may cost"),
        ("--max-drop", "D", "how much of the scale the mean grade may fall by, 0.02"),
        ("--min-pgr", "P", "the share of the gap between the models that must be kept, 0.95"),
        ("--max-regret", "R", "of what goes weak, the share that strong may have answered better, 0.1"),
    ):
        asked.add_argument(name, type=float, metavar=metavar, help=help_text)
    parser.add_argument(
        "--confidence", type=float, default=0.95, metavar="C", help="how sure a promise is (default: 0.95)"
    )
    parser.add_argument(
        "--judge-agreement",
        type=float,
        metavar="A",
        help="the share of the judge's verdicts that people share",
    )
    parser.add_argument(
        "--router-cost", type=float, default=0.0, metavar="DOLLARS", help="what scoring 1,000 requests costs"
    )
    parser.add_argument(
        "--cascade", action="store_true", help="the weak model is asked first, and paid, each time"
    )
    parser.add_argument(
        "--seed", type=int, default=0, metavar="N", help="the coin for equal scores (default: 0)"
    )
    parser.add_argument("--out", required=True, metavar="FILE", help="where the policy goes, policy.json")
    parser.add_argument(
        "--picture", metavar="FILE", help="where the trade-off is drawn, .png or .svg (default: beside --out)"
    )


def run(arguments: argparse.Namespace) -> None:
    """Choose, save the policy, and print what it does with the trade-off that it is a point of."""
    from shared_router.calibration.choosing import with_dollars
    from shared_router.calibration.outcome_rows import own_names
    from shared_router.calibration.trade_off import trade_off
    from shared_router.commands.trade_off import draw, picture_of, table

    picture = picture_of(arguments.picture, beside=arguments.out)
    _check(arguments, picture)
    arguments.cascade |= arguments.scorer is not None
    data, rows = _scored(arguments, _data(arguments))
    bill: dict[str, Any] = {"extra_dollars": arguments.router_cost / 1000, "cascade": arguments.cascade}
    choice = with_dollars(_choice(arguments, data, rows), rows, **bill)
    if data.pair is not None:  # a share is of prompts alone, and knows no models
        choice = replace(choice, measured_models=own_names(*data.pair))
    _save(arguments, choice)
    how: dict[str, Any] = {"confidence": arguments.confidence, "seed": arguments.seed}
    points = trade_off(rows, **bill, **how, split_ties=arguments.scorer is None)
    for line in (*data.notes, choice.explain(), "", *table(points, choice), ""):
        print("".join(char if char.isprintable() else "\ufffd" for char in line))
    print(f"policy:  {arguments.out}")
    print(f"picture: {draw(points, choice, picture, must=arguments.picture is not None)}")


def _save(arguments: argparse.Namespace, choice: ThresholdChoice) -> None:
    if arguments.scorer is not None:
        from shared_router.plans.calibrated_cascade import save_cascade

        save_cascade(arguments.out, choice, scorer=arguments.scorer, overwrite=True)
        return
    from shared_router.policy import RoutingPolicy

    policy = RoutingPolicy(arguments.router, threshold=choice, expected_sha256=arguments.expected_sha256)
    policy.save(arguments.out, overwrite=True)


def _check(arguments: argparse.Namespace, picture: Path) -> None:
    """Check what would be told too late: after the prompts are scored, or after a file is lost."""
    if arguments.judge_agreement is not None and not _is_quality(arguments):
        raise InvalidInputError(
            "--judge-agreement goes with a quality, whose grades are a judge's: --max-drop, --min-pgr or "
            "--max-regret"
        )
    if not 0 <= arguments.router_cost < float("inf"):
        raise InvalidInputError(f"--router-cost must be dollars >= 0, got {arguments.router_cost!r}")
    read = [Path(path).resolve() for path in arguments.data]
    for option, path in (("--out", Path(arguments.out)), ("--picture", picture)):
        if path.resolve() in read:
            raise InvalidInputError(f"{option} must not be a file of the data, got {path}; name another")
    if picture.resolve() == Path(arguments.out).resolve():
        raise InvalidInputError(f"--out and --picture must be two files, got {picture} for both")
    picture.parent.mkdir(parents=True, exist_ok=True)


def _is_quality(arguments: argparse.Namespace) -> bool:
    return any(getattr(arguments, name) is not None for name in _QUALITIES)


def _data(arguments: argparse.Namespace) -> CalibrationData:
    from shared_router.calibration.outcome_rows import named_pair

    try:
        reading = reading_of(arguments, keep_answers=arguments.scorer is not None)
    except FormatError as error:
        data = None if arguments.format else _prompts_alone(arguments.data)
        if data is None:
            raise
        if arguments.strong_fraction is None or arguments.scorer is not None:
            raise InvalidInputError(_PROMPTS_ALONE) from error
        return data
    outcomes, strong, weak = reading.outcomes, arguments.strong, arguments.weak
    if not outcomes.models and (arguments.strong_fraction is None or arguments.scorer is not None):
        raise InvalidInputError(_PROMPTS_ALONE)
    notes = tuple(f"left out, {reason}: {count:,}" for reason, count in reading.left_out.items())
    if arguments.strong_fraction is not None and (strong, weak, arguments.scorer) == (None, None, None):
        graded = len(outcomes.models) == 2 and bool(outcomes.can_compute.graded_pairs)
        if not graded and not {"strong", "weak"} <= set(outcomes.models):
            return CalibrationData(outcomes.prompts, notes, outcomes)
    pair = named_pair(outcomes, strong, weak)
    if _is_quality(arguments):
        both = outcomes.pair(*pair)
        if len(both) < len(outcomes):
            notes += (f"left out, without grades of both models: {len(outcomes) - len(both):,}",)
        outcomes = both
    return CalibrationData(outcomes.prompts, notes, outcomes, pair)


def _prompts_alone(paths: Sequence[str]) -> CalibrationData | None:
    """Read files of prompts; None where one is no such file."""
    from shared_router.records.collecting.prompts import read_prompts

    if not all(Path(path).is_file() and Path(path).suffix.lower() in _PROMPT_FILES for path in paths):
        return None
    try:
        return CalibrationData([prompt for path in paths for prompt in read_prompts(path).prompts], ())
    except DataError:  # the error of the readers says more
        return None


def _scored(arguments: argparse.Namespace, data: CalibrationData) -> tuple[CalibrationData, Rows]:
    pin = {"expected_sha256": arguments.expected_sha256}
    if arguments.scorer is not None:
        from shared_router.scorers.loading import load_scorer

        return judged_rows(data, load_scorer(arguments.scorer, **pin))
    from shared_router.policy import RoutingPolicy

    return data, routed_rows(data, RoutingPolicy(arguments.router, **pin).router)


def _choice(arguments: argparse.Namespace, data: CalibrationData, rows: Rows) -> ThresholdChoice:
    from shared_router.calibration.thresholds import for_budget, for_quality, for_strong_fraction

    how: dict[str, Any] = {
        "scores": rows.scores,
        "confidence": arguments.confidence,
        "seed": arguments.seed,
        "split_ties": arguments.scorer is None,
    }
    if arguments.strong_fraction is not None:
        graded: dict[str, Any] = {"strong_scores": rows.strong, "weak_scores": rows.weak}
        return for_strong_fraction(None, data.prompts, arguments.strong_fraction, **graded, **how)
    strong, weak = data.pair or (None, None)
    if arguments.budget is not None:
        return for_budget(
            None,
            data.outcomes,
            dollars_per_1k=arguments.budget,
            strong=strong,
            weak=weak,
            router_dollars_per_1k=arguments.router_cost,
            cascade=arguments.cascade,
            **how,
        )
    promise = {name: getattr(arguments, name) for name in _QUALITIES}
    agreement = arguments.judge_agreement
    return for_quality(
        None, data.outcomes, **promise, judge_agreement=agreement, strong=strong, weak=weak, **how
    )
