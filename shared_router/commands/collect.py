"""`routellm collect`: ask both models, grade the answers, and write outcomes."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, cast

from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.labels.grading import GraderName
    from shared_router.records.collecting.asking import AskingLimits
    from shared_router.records.collecting.collect import Collected, Grade
    from shared_router.records.collecting.openai_model import OpenAIModel
    from shared_router.records.collecting.prompts import PromptFile
    from shared_router.records.outcomes import Outcomes


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what to ask, whom, how to grade, and within which limits."""
    add = parser.add_argument
    add("prompts", metavar="FILE", help="JSONL, CSV or text with one prompt a line")
    add("--out", required=True, metavar="FILE", help="where graded outcomes go, .jsonl or .parquet")
    add("--strong", required=True, metavar="MODEL", help="the strong model's name at its server")
    add("--weak", required=True, metavar="MODEL", help="the weak model's name")
    add("--judge", metavar="MODEL", help="the judge's name, for --grade judge")
    for side in ("strong", "weak", "judge"):
        server = "its OpenAI-compatible server (default: OPENAI_BASE_URL, else OpenAI's)"
        add(f"--{side}-url", metavar="URL", help=server)
        add(f"--{side}-price", metavar="IN,OUT", help="dollars per million tokens")
    graders = "exact, contains, number, choice or pattern:REGEX, by the column `reference`; or judge"
    add("--grade", metavar="HOW", help=f"{graders} (default: answers stay ungraded)")
    add("--sample", type=int, metavar="N", help="ask only N prompts, some of every cluster")
    add("--seed", type=int, default=0, help="decides the sample (default: 0)")
    add("--limit-dollars", type=float, metavar="D", help="the most to spend; needs prices")
    add("--concurrency", type=int, default=8, metavar="N", help="requests at a time (default: 8)")
    add("--timeout", type=float, default=120.0, metavar="S", help="seconds a request (default: 120)")
    add("--retries", type=int, default=5, metavar="N", help="further tries of one (default: 5)")
    add("--max-tokens", type=int, default=1024, metavar="N", help="longest answer (default: 1024)")
    add("--ask-lost", action="store_true", help="ask again what a killed run had sent")


def run(arguments: argparse.Namespace) -> None:
    """Collect, and say what came of it; the same command goes on after a stop."""
    from shared_router.records.collecting.collect import collect

    if Path(arguments.out).suffix.lower() in (".csv", ".tsv"):
        raise InvalidInputError("--out must be a .jsonl or .parquet file, got a table's ending")
    grade = _grade(arguments.grade, arguments.judge)
    asked = _prompts(arguments)
    out = Path(arguments.out)
    journal = out.with_name(f"{out.name}.journal")
    models = {side: _model(arguments, side) for side in ("strong", "weak")}
    collected = collect(
        asked.prompts,
        models,
        journal=journal,
        grade=grade,
        references=asked.references,
        domains=asked.domains,
        limits=_limits(arguments),
        ask_lost=arguments.ask_lost,
    )
    outcomes = collected.outcomes
    if arguments.grade == "judge":
        outcomes = _judged(arguments, collected, journal)
    if out.suffix == ".parquet":
        outcomes.to_parquet(out)
    else:
        outcomes.to_jsonl(out)
    priced = arguments.strong_price is not None or arguments.weak_price is not None
    _report(collected, len(outcomes), out, priced=priced)


def _prompts(arguments: argparse.Namespace) -> PromptFile:
    """Return the prompts of the file, or as many of every cluster of them as `--sample` says."""
    from shared_router.records.collecting.prompts import PromptFile, read_prompts

    given = read_prompts(arguments.prompts)
    first = {prompt: row for row, prompt in reversed(list(enumerate(given.prompts)))}
    distinct = sorted(first.values())
    if arguments.sample is None or arguments.sample >= len(distinct):
        return given
    from shared_router.embedding.shipped import load_embedder
    from shared_router.records.collecting.sampling import sample_over_clusters

    vectors = load_embedder().embed([given.prompts[row] for row in distinct])
    rows = [distinct[place] for place in sample_over_clusters(vectors, arguments.sample, seed=arguments.seed)]
    columns = (given.references, given.domains)
    return PromptFile(
        [given.prompts[row] for row in rows],
        *(None if column is None else [column[row] for row in rows] for column in columns),
    )


def _judged(arguments: argparse.Namespace, collected: Collected, journal: Path) -> Outcomes:
    from shared_router.labels.judged import judge_answers

    judged = judge_answers(
        collected.outcomes,
        _model(arguments, "judge"),
        strong="strong",
        weak="weak",
        journal=journal,
        limits=_limits(arguments),
    )
    print(
        f"judge: {len(judged.outcomes)} graded, {judged.unjudged} without a readable verdict, a share of "
        f"{judged.position_flips:.2f} of the verdicts followed the order; ${judged.dollars:.4f}"
    )
    return judged.outcomes


def _report(collected: Collected, n: int, out: Path, *, priced: bool) -> None:
    failed = sum(collected.failed.values())
    paid = f"${collected.dollars:.4f} for answers" if priced else "dollars unknown without --strong-price"
    print(f"{n} prompts in {out}; {paid}; {failed} requests failed")
    for error, count in sorted(collected.failed.items()):
        print(f"  {error}: {count}; the same command asks them again")
    if collected.lost:
        print(f"  {collected.lost} were sent when a run was killed; --ask-lost asks them again")
    if not collected.complete:
        print("  stopped at --limit-dollars; the same command with a higher limit goes on", file=sys.stderr)


def _grade(how: str | None, judge: str | None) -> Grade | None:
    from shared_router.labels.grading import grader, pattern_grader

    if (how == "judge") != (judge is not None):
        raise InvalidInputError("--grade judge needs --judge MODEL, and --judge needs --grade judge")
    if how is None or how == "judge":
        return None
    if how.startswith("pattern:"):
        return pattern_grader(how.removeprefix("pattern:"))
    return grader(cast("GraderName", how))


def _model(arguments: argparse.Namespace, side: str) -> OpenAIModel:
    from shared_router.costs.prices import TokenPrices
    from shared_router.records.collecting.openai_model import OpenAIModel

    keys = (os.environ.get(name) for name in (f"ROUTELLM_{side.upper()}_API_KEY", "OPENAI_API_KEY"))
    given = getattr(arguments, f"{side}_price")
    prices = None if given is None else TokenPrices.from_text(given, name=f"--{side}-price")
    if arguments.limit_dollars is not None and prices is None:
        raise InvalidInputError(f"--limit-dollars needs to know what tokens cost; give --{side}-price IN,OUT")
    return OpenAIModel(
        getattr(arguments, side),
        base_url=getattr(arguments, f"{side}_url"),
        api_key=next(filter(None, keys), "none-needed"),  # a server of one's own asks for none
        max_tokens=arguments.max_tokens,
        timeout_s=arguments.timeout,
        prices=prices,
    )


def _limits(arguments: argparse.Namespace) -> AskingLimits:
    from shared_router.records.collecting.asking import AskingLimits

    return AskingLimits(
        concurrency=arguments.concurrency,
        timeout_s=arguments.timeout,
        retries=arguments.retries,
        dollars=arguments.limit_dollars,
    )
