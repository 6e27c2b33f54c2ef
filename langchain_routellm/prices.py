"""Prices that a bill can be made of, and words about those that it cannot."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping, Sequence

from langchain_core.messages.ai import UsageMetadata

from shared_router import RouterWarning, TokenPrices, TokenUsage, check_prices

Prices = Mapping[str, TokenPrices]
"""Prices by model's name."""


def token_usage(usage: UsageMetadata) -> TokenUsage:
    """Return one call's tokens as they are billed: nothing for an answer from LangChain's cache."""
    if usage.get("total_cost") == 0:  # how langchain-core tells an answer that it took from its cache
        return TokenUsage(calls=1)
    return TokenUsage(
        calls=1,
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cached_input_tokens=usage.get("input_token_details", {}).get("cache_read") or 0,
        reasoning_tokens=usage.get("output_token_details", {}).get("reasoning") or 0,
    )


def check_named_prices(prices: Prices | None) -> None:
    """Check prices by any names.

    Raises:
        InvalidInputError: If they are something other than TokenPrices by name.

    Warns:
        RouterWarning: If the strong model is the cheaper one.
    """
    check_prices(prices, list(prices) if isinstance(prices, Mapping) else [])
    _warn_of_cheap_strong(prices or {}, ["strong", "weak"])


def check_model_prices(prices: Prices | None, models: Sequence[str], others: Iterable[str] = ()) -> None:
    """Check the prices of a routed model.

    Args:
        prices: Prices by name, or None for none.
        models: The models' names, the best first.
        others: Names of the models that may answer in their place.

    Raises:
        InvalidInputError: If they are something other than TokenPrices by these names.

    Warns:
        RouterWarning: If a better model is the cheaper one.
    """
    check_prices(prices, [*models, *others])
    _warn_of_cheap_strong(prices or {}, models)


class Bill:
    """What answers cost, at the prices that are known.

    Args:
        prices: Prices by model's name, or None for none.
    """

    def __init__(self, prices: Prices | None) -> None:
        self.prices = prices or {}
        self._told: set[str] = set()

    def expect(self, model: str) -> None:
        """Say once that a model's answers will have no price, before one is paid for.

        Warns:
            RouterWarning: If it has none and others have.
        """
        if self.prices and model not in self.prices and model not in self._told:
            self._told.add(model)
            warnings.warn(
                f"prices must name every model, got none for {model}, whose answers say no dollars",
                RouterWarning,
                stacklevel=2,
            )

    def dollars(self, model: str, usage: UsageMetadata | None) -> dict[str, float]:
        """Return an answer's dollars for its metadata: nothing where they are not known."""
        price = self.prices.get(model)
        return {} if price is None or usage is None else {"dollars": token_usage(usage).dollars(price)}


NO_BILL = Bill(None)


def _warn_of_cheap_strong(prices: Prices, models: Sequence[str]) -> None:
    priced = [name for name in models if name in prices]
    for better, worse in zip(priced, priced[1:], strict=False):
        if _is_cheaper(prices[better], prices[worse]):
            warnings.warn(
                f"a better model must cost more for routing to save anything, got {better} cheaper than "
                f"{worse}; are the two exchanged?",
                RouterWarning,
                stacklevel=5,
            )


def _is_cheaper(price: TokenPrices, other: TokenPrices) -> bool:
    """Tell whether nothing costs more and something less; a mixed case is no mistake to warn of."""
    costs = (price.input_per_million_tokens, price.output_per_million_tokens)
    others = (other.input_per_million_tokens, other.output_per_million_tokens)
    return costs != others and all(cost <= its for cost, its in zip(costs, others, strict=True))
