"""`--prices`: what models' tokens cost, given by hand or looked up."""

from __future__ import annotations

from typing import TYPE_CHECKING

from shared_router.costs.known_prices import known_prices
from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection, Sequence

_LOOK_UP = "auto"


def add_prices_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--prices`, which may stand once for each model."""
    parser.add_argument(
        "--prices",
        action="append",
        metavar="auto|MODEL=IN,OUT",
        help="dollars of a model's million input and output tokens, where the data hold no dollars, or auto "
        "to look them up; repeat",
    )


def given_prices(given: Sequence[str] | None, models: Collection[str]) -> dict[str, TokenPrices]:
    """Read `auto`, `MODEL=IN,OUT` or `MODEL=IN,OUT,CACHED_IN`.

    Args:
        given: What stood behind each `--prices`, or None.
        models: The models in the data, for `auto`; one whose price is not known is left out.

    Returns:
        Prices by model; what is given by hand comes before what is looked up.

    Raises:
        InvalidInputError: If one is written otherwise, or a price is none.
        MissingExtraError: If prices are to be looked up and the extra `prices` is not installed.
    """
    by_hand = dict(_price(text) for text in given or () if text != _LOOK_UP)
    if _LOOK_UP not in (given or ()):
        return by_hand
    return known_prices([model for model in models if model not in by_hand]).prices | by_hand


def _price(text: str) -> tuple[str, TokenPrices]:
    model, equals, numbers = text.rpartition("=")
    try:
        prices = [float(number) for number in numbers.split(",")]
    except ValueError:
        prices = []
    if not (equals and model and len(prices) in (2, 3)):
        raise InvalidInputError(
            f"--prices must be auto, MODEL=IN,OUT or MODEL=IN,OUT,CACHED_IN, got {text!r}"
        )
    return model, TokenPrices(*prices)
