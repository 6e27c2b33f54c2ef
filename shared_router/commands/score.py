"""`routellm score`: the win probability of every prompt in files, on all cores."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import argparse


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, where their scores go, and how they are made."""
    add = parser.add_argument
    add("files", nargs="+", metavar="FILE", help="JSONL, JSON, CSV or Parquet, also .gz and .zst; or folders")
    add("--out", required=True, metavar="DIR", help="where the scores go; what is done there is kept")
    add("--router", metavar="NAME", help="a shipped router's name or a saved one's folder")
    add("--expected-sha256", metavar="HASH", help="the hash that pins its checkpoint")
    add("--column", default="prompt", metavar="NAME", help="which column holds the prompts (default: prompt)")
    add("--keep", action="append", default=[], metavar="NAME", help="a column to copy beside the scores")
    add("--format", choices=["jsonl", "csv", "parquet"], help="what to write (default: what each file is)")
    add("--processes", type=int, metavar="N", help="how many processes score (default: one a core)")
    add("--overwrite", action="store_true", help="replace scores of another router or of changed files")


def run(arguments: argparse.Namespace) -> None:
    """Score the files, and say how many rows and how fast."""
    from shared_router.batch.score import score_files

    done = score_files(
        arguments.files,
        arguments.out,
        router=arguments.router,
        column=arguments.column,
        keep=arguments.keep,
        out_format=arguments.format,
        processes=arguments.processes,
        expected_sha256=arguments.expected_sha256,
        overwrite=arguments.overwrite,
    )
    print(f"{done.files:,} files in {arguments.out}, {done.skipped:,} of them done before")
    if done.rows:
        speed = done.rows / done.seconds
        print(f"{done.rows:,} rows scored in {done.seconds:,.1f} s, {speed:,.0f} a second")
    if done.unscored:
        print(f"{done.unscored:,} of them have no score: no text, no readable row, or the router failed")
