"""The arguments that name a file of records, and the table they describe; several subcommands take them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from shared_router.costs.known_prices import known_prices
from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse

    from shared_router.records.reading import Reading

_PRICE = re.compile(r"(?P<model>.+)=(?P<dollars>[\d.eE+,-]+)")


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
    parser.add_argument(
        "--prices",
        action="append",
        metavar="auto|MODEL=IN,OUT[,CACHED]",
        help="dollars per million tokens, for answers that have tokens and no dollars; auto looks them up",
    )


def reading_of(
    arguments: argparse.Namespace, *, keep_answers: bool = False
) -> tuple[Reading, tuple[str, ...]]:
    """Read the files that the arguments name, and price what can be priced.

    Returns:
        What was read, and the models for which `--prices auto` found no price.

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
    if not arguments.prices:
        return reading, ()
    prices, unknown = _prices(arguments.prices, reading.outcomes.models)
    outcomes = reading.outcomes.with_prices(prices) if prices else reading.outcomes
    return replace(reading, outcomes=outcomes), unknown


def _prices(given: list[str], models: tuple[str, ...]) -> tuple[dict[str, TokenPrices], tuple[str, ...]]:
    prices = dict(_price(each) for each in given if each != "auto")
    if "auto" not in given:
        return prices, ()
    found = known_prices([model for model in models if model not in prices])
    return {**found.prices, **prices}, found.unknown


def _price(given: str) -> tuple[str, TokenPrices]:
    """Return a model and its prices; a model's name may hold "=", its prices may not."""
    match = _PRICE.fullmatch(given)
    try:
        dollars = [float(part) for part in match["dollars"].split(",")] if match else []
    except ValueError:
        dollars = []
    if match is None or len(dollars) not in (2, 3):
        raise InvalidInputError(
            f"--prices must be auto or MODEL=IN,OUT[,CACHED], dollars per million tokens, got {given!r}"
        )
    return match["model"], TokenPrices(*dollars)
