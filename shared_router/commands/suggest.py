"""`routellm suggest`: the prompts of a log that are worth a grade, as `routellm collect` takes them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.suggesting.suggest import Suggestions

_ENDINGS = (".jsonl", ".ndjson")


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the log, how many prompts to pick, and where they go."""
    add = parser.add_argument
    add("log", nargs="+", metavar="LOG", help="logs of any format that inspect reads, or prompts alone")
    add("-k", "--count", type=int, default=100, metavar="K", help="how many prompts to pick (default: 100)")
    add("--out", required=True, metavar="FILE", help="where they go, .jsonl, for `routellm collect FILE`")
    add("--graded", nargs="+", default=[], metavar="FILE", help="what is graded already, and is not picked")
    add(
        "--router",
        metavar="NAME",
        help="whose scores are looked at, a shipped router's name or a saved one's folder",
    )
    add("--expected-sha256", metavar="HASH", help="the hash that pins its checkpoint")
    add("--format", metavar="NAME", help="the log's format (default: told by what is in it)")
    add("--seed", type=int, default=0, metavar="N", help="draws from logs of more than 10,000 prompts")


def run(arguments: argparse.Namespace) -> None:
    """Pick, write, and say what was picked of how much."""
    from shared_router.commands.logs import read_log
    from shared_router.registry import load_router
    from shared_router.suggesting.suggest import suggest

    out = Path(arguments.out)
    if out.suffix.lower() not in _ENDINGS:
        raise InvalidInputError(f"--out must end in {' or '.join(_ENDINGS)}, got {out.suffix!r}")
    if any(out.resolve() == Path(each).resolve() for each in (*arguments.log, *arguments.graded)):
        raise InvalidInputError("--out must be another file than those that are read, got one of them")
    log = read_log(arguments.log, format=arguments.format)
    graded = [row["prompt"] for row in read_log(arguments.graded).rows] if arguments.graded else []
    picked = suggest(
        [row["prompt"] for row in log.rows],
        arguments.count,
        router=load_router(arguments.router, expected_sha256=arguments.expected_sha256),
        graded=graded,
        seed=arguments.seed,
    )
    with out.open("w", encoding="utf-8", newline="\n") as file:
        for row in picked.rows.tolist():
            file.write(json.dumps(log.rows[row], ensure_ascii=False) + "\n")
    for reason, count in log.left_out.items():
        print(f"left out, {reason}: {count:,}")
    print(_words(picked, arguments.count, out))


def _words(picked: Suggestions, wanted: int, out: Path) -> str:
    said = f"{len(picked):,} of {picked.n_distinct:,} distinct prompts in {out}, the most useful first"
    if len(picked) < wanted:
        said += f"; the log holds no {wanted:,}"
    if picked.n_candidates < picked.n_distinct:
        said += f"; {picked.n_candidates:,} were looked at, drawn by chance"
    return said
