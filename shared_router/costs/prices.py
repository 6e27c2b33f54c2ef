"""Dollars from tokens.

The paper's "cost" is a share of calls (`strong_fraction`); this module's is money. The two are kept
apart: a strong call with a short answer can cost less than a weak one with a long answer.
"""

from __future__ import annotations

import sys
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from numbers import Real

from shared_router.choices import shown
from shared_router.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class TokenPrices:
    """What one model's tokens cost.

    Attributes:
        input_per_million_tokens: Dollars for a million prompt tokens, >= 0.
        output_per_million_tokens: Dollars for a million answer tokens, >= 0.
        cached_input_per_million_tokens: Dollars for a million prompt tokens that the provider had cached;
            None means they cost what other prompt tokens cost.
        cache_write_per_million_tokens: Dollars for a million prompt tokens that the provider stores for later
            calls; None means they cost what other prompt tokens cost.
        reasoning_per_million_tokens: Dollars for a million tokens of hidden reasoning; None means they cost
            what other answer tokens cost.

    Raises:
        InvalidInputError: If a price is negative, infinite or NaN.
    """

    input_per_million_tokens: float
    output_per_million_tokens: float
    cached_input_per_million_tokens: float | None = None
    cache_write_per_million_tokens: float | None = None
    reasoning_per_million_tokens: float | None = None

    def __post_init__(self) -> None:
        """Refuse prices that no bill could hold."""
        for name in self.__slots__:
            price = getattr(self, name)
            if price is None and name not in ("input_per_million_tokens", "output_per_million_tokens"):
                continue
            if not (_is_number(price) and 0 <= price <= sys.float_info.max):
                raise InvalidInputError(f"{name} must be dollars >= 0, got {shown(price)}")

    @classmethod
    def from_text(cls, text: str, *, name: str) -> TokenPrices:
        """Read `IN,OUT` as a command line gives it, in dollars for a million tokens.

        Args:
            text: Two numbers >= 0, separated by a comma.
            name: What the text is called, for the error.

        Raises:
            InvalidInputError: If it is something else.
        """
        try:
            price_in, price_out = (float(part) for part in text.split(","))
        except ValueError as error:
            raise InvalidInputError(
                f"{name} must be IN,OUT, dollars per million tokens such as 2.50,10.00, got {shown(text)}"
            ) from error
        return cls(price_in, price_out)

    def dollars(
        self,
        *,
        input_tokens: int,
        output_tokens: int,
        cached_input_tokens: int = 0,
        cache_write_tokens: int = 0,
        reasoning_tokens: int = 0,
    ) -> float:
        """Return what a call costs.

        Args:
            input_tokens: Prompt tokens of the call, cached and stored ones included, >= 0.
            output_tokens: Answer tokens of the call, reasoning included, >= 0.
            cached_input_tokens: How many of `input_tokens` the provider had cached.
            cache_write_tokens: How many of `input_tokens` it stores for later calls.
            reasoning_tokens: How many of `output_tokens` are hidden reasoning.

        Returns:
            Dollars, >= 0.

        Raises:
            InvalidInputError: If a count is negative, more tokens are cached and stored than were sent, or
                more are reasoning than were answered.
        """
        apart = cached_input_tokens + cache_write_tokens
        least = min(cached_input_tokens, cache_write_tokens, reasoning_tokens)
        if least < 0 or apart > input_tokens or reasoning_tokens > output_tokens:
            raise InvalidInputError(
                "token counts must be >= 0, cached and cache-write ones at most input_tokens and reasoning "
                f"ones at most output_tokens, got {input_tokens=}, {cached_input_tokens=}, "
                f"{cache_write_tokens=}, {output_tokens=}, {reasoning_tokens=}"
            )
        sent, answered = self.input_per_million_tokens, self.output_per_million_tokens
        millionths = (
            (input_tokens - apart) * sent
            + cached_input_tokens * _or(self.cached_input_per_million_tokens, sent)
            + cache_write_tokens * _or(self.cache_write_per_million_tokens, sent)
            + (output_tokens - reasoning_tokens) * answered
            + reasoning_tokens * _or(self.reasoning_per_million_tokens, answered)
        )
        return millionths / 1e6


def check_prices(prices: Mapping[str, TokenPrices] | None, models: Collection[str]) -> None:
    """Check that prices are given by model.

    Args:
        prices: Prices by model's name, of some of the models or all, or None for none.
        models: The names there are.

    Raises:
        InvalidInputError: If they are something other than TokenPrices by name.
    """
    if prices is None:
        return
    if not isinstance(prices, Mapping) or not set(prices) <= set(models):
        others = [name for name in prices if name not in models] if isinstance(prices, Mapping) else []
        got = ", ".join(map(shown, others)) or shown(prices)
        raise InvalidInputError(f"prices must be by model, one of {sorted(models)}, got {got}")
    for name, price in prices.items():
        if not isinstance(price, TokenPrices):
            raise InvalidInputError(f"the price of {name} must be TokenPrices, got {type(price).__name__}")


def _or(price: float | None, otherwise: float) -> float:
    return otherwise if price is None else price


def _is_number(price: object) -> bool:
    return isinstance(price, Real) and not isinstance(price, bool)
