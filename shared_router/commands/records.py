"""The arguments that name a file of records, and the table they describe; several subcommands take them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from shared_router.commands.given_prices import add_prices_argument, given_prices

if TYPE_CHECKING:
    import argparse

    from shared_router.records.reading import Reading


def add_records_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, their format, scale and score, and prices."""
    parser.add_argument("data", nargs="+", metavar="DATA", help="files of records, or folders of such files")
    parser.add_argument(
        "--format", metavar="NAME", help="how to read them (default: told by what is in them)"
    )
    parser.add_argument(
        "--scale",
        nargs=2,
        type=float,
        default=(0.0, 1.0),
        metavar=("WORST", "BEST"),
        help="the scale that scores are on, for example 1 10 (default: 0 1)",
    )
    parser.add_argument(
        "--score",
        action="append",
        metavar="NAME",
        help="which score to take where there are several; given twice, the second stands in for the first",
    )
    add_prices_argument(parser)


def reading_of(arguments: argparse.Namespace, *, keep_answers: bool = False) -> Reading:
    """Read the files that the arguments name, and price what can be priced.

    Raises:
        RouterError: If the files, or an argument, break a rule.
    """
    from shared_router.records.reading import read_outcomes

    reading = read_outcomes(
        *arguments.data,
        format=arguments.format,
        scale=tuple(arguments.scale),
        score=arguments.score,
        keep_answers=keep_answers,
    )
    prices = given_prices(arguments.prices, reading.outcomes.models)
    return replace(reading, outcomes=reading.outcomes.with_prices(prices)) if prices else reading
