"""Prices that need not be typed: those of the package `genai-prices`, which holds them offline.

A price that rises with the length of a prompt or changes with the hour is taken at its base.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Collection
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from shared_router.choices import check_list, check_texts
from shared_router.costs.prices import TokenPrices
from shared_router.errors import MissingExtraError

_PROVIDER = re.compile(r"(?P<provider>[\w.-]+)[/:](?P<model>.+)")


@dataclass(frozen=True, slots=True)
class KnownPrices:
    """Prices by model's name.

    Attributes:
        prices: Of the models whose prices are known.
        unknown: The names that are none of a model with known prices, sorted.
    """

    prices: dict[str, TokenPrices]
    unknown: tuple[str, ...]


def known_prices(models: Collection[str]) -> KnownPrices:
    """Look the prices of models up by their names.

    Args:
        models: Names as providers know them, for example `gpt-4o-2024-08-06`, also behind the provider's:
            `openai/gpt-4o`, `openai:gpt-4o`.

    Returns:
        The prices, and the names that have none.

    Raises:
        MissingExtraError: If `genai-prices` is not installed, or Python is older than 3.11, which it needs.
    """
    check_list("models", models)
    check_texts("models", [*models])
    if sys.version_info < (3, 11):
        raise MissingExtraError(
            "known prices need Python 3.11 or newer, for genai-prices does; give each model's prices instead"
        )
    try:
        package = import_module("genai_prices")
    except ImportError as error:
        raise MissingExtraError.of("genai-prices", "prices") from error
    found = {name: price for name in sorted(models) if (price := _price_of(package, name))}
    return KnownPrices(found, tuple(sorted(set(models) - set(found))))


def _price_of(package: Any, name: str) -> TokenPrices | None:
    provider = _PROVIDER.fullmatch(name)
    candidates: list[tuple[str, str | None]] = [(name, None)]
    if provider:
        # a gateway's prefix may be no provider that the package knows, so the bare name is tried last
        candidates += [(provider["model"], provider["provider"]), (provider["model"], None)]
    one_token = package.Usage(input_tokens=1, output_tokens=1)
    for model, provider_id in candidates:
        try:
            found = package.calc_price(one_token, model, provider_id=provider_id).model_price
        except LookupError:
            continue
        sent, answered = _dollars(found, "input_mtok"), _dollars(found, "output_mtok")
        if sent is None or answered is None:
            continue
        return TokenPrices(
            sent,
            answered,
            cached_input_per_million_tokens=_dollars(found, "cache_read_mtok"),
            cache_write_per_million_tokens=_dollars(found, "cache_write_mtok"),
        )
    return None


def _dollars(prices: Any, name: str) -> float | None:
    price = getattr(prices, name, None)
    price = getattr(price, "base", price)  # of a price in tiers, the first
    return None if price is None else float(price)
