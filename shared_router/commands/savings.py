"""`routellm savings`: what routing saved in a period and what it cost in quality, from the decision log."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.commands.decision_rows import read_decisions
from shared_router.commands.given_prices import add_prices_argument, given_prices
from shared_router.errors import DataError, InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.calibration.promise import Promise
    from shared_router.proof.report import SavingsReport

_PROMISES = ("max_drop", "min_pgr", "max_regret")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the log, the period, the promise and what to write."""
    add = parser.add_argument
    add("log", nargs="+", metavar="LOG", help="decision logs, each read with its older files")
    add("--since", metavar="TIME", help="only calls from then on: a date, 2026-11-01, or an ISO time, in UTC")
    add("--until", metavar="TIME", help="only calls before then")
    add("--strong", default="strong", metavar="MODEL", help="the strong model's name (default: strong)")
    add_prices_argument(parser)
    promise = parser.add_mutually_exclusive_group()
    promise.add_argument("--policy", metavar="FILE", help="the policy file whose guarantee is looked at")
    promise.add_argument(
        "--max-drop", type=float, metavar="D", help="a guarantee: the mean grade falls by no more"
    )
    promise.add_argument("--min-pgr", type=float, metavar="P", help="the share of the gap that must be kept")
    promise.add_argument(
        "--max-regret", type=float, metavar="R", help="of what goes weak, the share strong may do better"
    )
    add(
        "--judge-agreement", type=float, metavar="A", help="the share of a judge's verdicts that people share"
    )
    add("--expected-sha256", metavar="HASH", help="the hash that pins the policy file")
    add("--without-quality", action="store_true", help="say a saving also where no grade says what it cost")
    add("--json", action="store_true", help="print JSON")
    add("--out", metavar="DIR", help="folder for savings.html, .json and the picture")
    add("--seed", type=int, default=0, metavar="N", help="draws what dollars' intervals rest on (default: 0)")


def run(arguments: argparse.Namespace) -> None:
    """Estimate, refuse a saving that nobody can weigh, and say what came of it."""
    from shared_router.choices import check_seed
    from shared_router.proof.logged_calls import logged_calls
    from shared_router.proof.report import savings_report
    from shared_router.proof.would_savings import would_savings

    check_seed(arguments.seed)
    promise = _promise(arguments)
    log = read_decisions(arguments.log)
    models = {row.model for row in log.rows} | {each.model for row in log.rows for each in row.shadows}
    found = logged_calls(
        log.rows,
        strong=arguments.strong,
        prices=given_prices(arguments.prices, models),
        since=_time("--since", arguments.since),
        until=_time("--until", arguments.until),
    )
    left_out = dict(found.left_out)
    if log.skipped():
        left_out[log.skipped()] = log.n_damaged + log.n_other_release + log.n_repeated + log.n_unknown
    would = would_savings(found, strong=arguments.strong, seed=arguments.seed)
    report = savings_report(found.calls, promise=promise, left_out=left_out, would=would, seed=arguments.seed)
    if report.total.quality_change is None and not arguments.without_quality:
        raise DataError(
            "a saving must come with what it cost in quality, and no grade in the log tells it: grade a "
            "shadow sample, Shadow(share=0.02, judge=...), or record feedback on a policy that explores; "
            "--without-quality says the dollars alone"
        )
    if arguments.out is not None:
        write_savings(report, Path(arguments.out))
    if arguments.json:
        print(json.dumps(report.as_json(), allow_nan=False))
        return
    print("\n".join(report.words()))
    if arguments.out is not None:
        print(f"report: {Path(arguments.out) / 'savings.html'}")


def write_savings(report: SavingsReport, folder: Path) -> None:
    """Write the page, the JSON and the picture.

    Args:
        report: The report.
        folder: Where; made if it is not there, and files of the same names are replaced.
    """
    from shared_router.evaluation.drawing import save
    from shared_router.proof.page import savings_page, savings_picture

    folder.mkdir(parents=True, exist_ok=True)
    (folder / "savings.html").write_text(savings_page(report), "utf-8")
    (folder / "savings.json").write_text(json.dumps(report.as_json(), allow_nan=False) + "\n", "utf-8")
    if report.over_time:
        for suffix in (".png", ".svg"):
            save(savings_picture(report), folder / f"savings{suffix}")


def _promise(arguments: argparse.Namespace) -> Promise | None:
    from shared_router.calibration.promise import promise_of

    given = {name: getattr(arguments, name) for name in _PROMISES}
    if arguments.policy is not None:
        from shared_router.policy import RoutingPolicy

        choice = RoutingPolicy.load(arguments.policy, expected_sha256=arguments.expected_sha256).choice
        if choice is None or choice.method not in _PROMISES:
            raise InvalidInputError(
                f"--policy must be a file that promises a quality, one of {list(_PROMISES)}; "
                "routellm calibrate --max-drop makes one"
            )
        given[choice.method] = choice.target
    if all(value is None for value in given.values()):
        return None
    return promise_of(**given, judge_agreement=arguments.judge_agreement)


def _time(name: str, given: str | None) -> float | None:
    from shared_router.records.record import seconds

    if given is None:
        return None
    found = seconds(given)
    if found is None:
        raise InvalidInputError(f"{name} must be a date such as 2026-11-01 or an ISO time, got {given!r}")
    return found
