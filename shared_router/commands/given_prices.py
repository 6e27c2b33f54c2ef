"""`--prices`: what models' tokens cost, given by hand."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence


def add_prices_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--prices`, which may stand once for each model."""
    parser.add_argument(
        "--prices",
        action="append",
        metavar="MODEL=IN,OUT",
        help="dollars of a model's million input and output tokens, where the data hold no dollars; repeat",
    )


def given_prices(given: Sequence[str] | None) -> dict[str, TokenPrices] | None:
    """Read `MODEL=IN,OUT` or `MODEL=IN,OUT,CACHED_IN`.

    Raises:
        InvalidInputError: If one is written otherwise, or a price is none.
    """
    if given is None:
        return None
    found = {}
    for text in given:
        model, equals, numbers = text.rpartition("=")
        try:
            prices = [float(number) for number in numbers.split(",")]
        except ValueError:
            prices = []
        if not (equals and model and len(prices) in (2, 3)):
            raise InvalidInputError(f"--prices must be MODEL=IN,OUT or MODEL=IN,OUT,CACHED_IN, got {text!r}")
        found[model] = TokenPrices(*prices)
    return found
