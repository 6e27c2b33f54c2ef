"""`routellm compare-arms`: which of a test's two policies is better, by the decision log."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING

from shared_router.commands.decision_rows import read_decisions

if TYPE_CHECKING:
    import argparse

    from shared_router.experiments.compare_arms import ArmsComparison
    from shared_router.experiments.sequential_difference import SequentialDifference


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the log and how the test was dealt."""
    add = parser.add_argument
    add("log", nargs="+", metavar="LOG", help="decision logs of one test, each read with its older files")
    add("--share", type=float, default=0.5, metavar="S", help="the share of arm b (default: 0.5)")
    add("--confidence", type=float, default=0.95, metavar="C", help="of each interval (default: 0.95)")
    add(
        "--silent-hours",
        type=float,
        default=1.0,
        metavar="H",
        help="a conversation is counted after so many hours without a request (default: 1)",
    )
    add("--json", action="store_true", help="print JSON")


def run(arguments: argparse.Namespace) -> None:
    """Compare the arms, and say what came of it."""
    from shared_router.experiments.compare_arms import compare_arms

    log = read_decisions(arguments.log)
    found = compare_arms(
        log.rows,
        share=arguments.share,
        confidence=arguments.confidence,
        silent_s=3600 * arguments.silent_hours,
    )
    if arguments.json:
        print(json.dumps({**found.as_json(), "skipped": log.skipped()}, allow_nan=False))
        return
    print("\n".join([*_words(found), *([log.skipped()] if log.skipped() else [])]))


def _words(found: ArmsComparison) -> list[str]:
    lines = [f"arm a: {found.n_a:,} conversations, arm b: {found.n_b:,}; {found.n_open:,} may yet go on"]
    if not found.ratio_holds:
        lines.append(
            f"a share of {found.share:g} does not explain these counts (evidence "
            f"{found.ratio_evidence:.3g}): conversations are lost, or were dealt by another share, and "
            "nothing can be concluded"
        )
    if found.n_crossed:
        lines.append(f"{found.n_crossed:,} were in both arms and are left out; is this the log of one test?")
    quality = found.better(found.quality)
    lines.append(_line("grade", found.quality, quality, "{:.3f}", "no conversation was graded"))
    dollars = found.better(found.dollars, less_is_better=True)
    lines.append(_line("dollars", found.dollars, dollars, "{:.4g}", "too few conversations tell theirs"))
    if found.n_cut:
        lines.append(
            f"dollars above {found.most_dollars:.4g} count as that, of {found.n_cut:,} conversations"
        )
    if found.n_unpriced and found.dollars is not None:
        lines.append(f"{found.n_unpriced:,} conversations do not tell their dollars, and are not in them")
    return lines


def _line(what: str, found: SequentialDifference | None, better: str | None, form: str, missing: str) -> str:
    if found is None:
        return f"{what}: {missing}"
    means = (found.mean_a, found.mean_b)
    a, b = ("nothing" if math.isnan(each) else form.format(each) for each in means)
    low, high = (form.format(each) for each in (found.low, found.high))
    verdict = "not decided" if better is None else f"{better} is better, as {found.decided_at:,} showed"
    return f"{what}: {a} in a, {b} in b, a difference of {low} to {high}: {verdict}"
