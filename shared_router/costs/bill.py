"""What answers cost at the prices that are known, and a word about those that are not."""

import warnings
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from shared_router.costs.prices import TokenPrices, check_prices
from shared_router.costs.savings import TokenUsage
from shared_router.errors import RouterWarning


def check_price_order(prices: Mapping[str, TokenPrices], models: Sequence[str]) -> None:
    """Warn where a better model is the cheaper one, so that routing cannot save anything.

    Args:
        prices: Prices by model's name, of some of the models or all.
        models: The models' names, best first.

    Warns:
        RouterWarning: If nothing of a better model's costs more and something less. A mixed case is no
            mistake to warn of.
    """
    priced = [name for name in models if name in prices]
    for better, worse in zip(priced, priced[1:], strict=False):
        if _is_cheaper(prices[better], prices[worse]):
            warnings.warn(
                f"a better model must cost more for routing to save anything, got {better} cheaper than "
                f"{worse}; are the two exchanged?",
                RouterWarning,
                stacklevel=3,
            )


class Bill:
    """Price answers by the model that gave them.

    Args:
        prices: Prices by model's name; None for none.
        models: The models' names, best first.
        others: Names of models that may answer in their place, such as a fallback's.

    Raises:
        InvalidInputError: If the prices are something other than TokenPrices by one of these names.

    Warns:
        RouterWarning: If a better model is the cheaper one.
    """

    def __init__(
        self,
        prices: Mapping[str, TokenPrices] | None,
        models: Sequence[str],
        others: Iterable[str] = (),
    ) -> None:
        check_prices(prices, [*models, *others])
        self.prices = dict(prices or {})
        check_price_order(self.prices, models)
        self._warned: set[str] = set()

    def expect(self, model: str) -> None:
        """Say once that a model's answers will have no price.

        Warns:
            RouterWarning: If it has none and others have.
        """
        if self.prices and model not in self.prices and model not in self._warned:
            self._warned.add(model)
            warnings.warn(
                f"prices must name every model, got none for {model}, whose answers say no dollars",
                RouterWarning,
                stacklevel=2,
            )

    def dollars(self, model: str, usage: TokenUsage | None) -> float | None:
        """Return what an answer cost, in dollars; None where its price or its tokens are not known.

        An answer is there and paid for whatever its provider counts, so nothing is raised here: cached tokens
        that are more than all that were sent are taken to be beside them, as some providers count, and
        numbers below 0 are not known.
        """
        price = self.prices.get(model)
        if price is None or usage is None:
            return None
        if usage.cached_input_tokens > usage.input_tokens:
            usage = replace(usage, input_tokens=usage.input_tokens + usage.cached_input_tokens)
        if min(usage.input_tokens, usage.output_tokens, usage.cached_input_tokens) < 0:
            return None
        return usage.dollars(price)


def _is_cheaper(price: TokenPrices, other: TokenPrices) -> bool:
    costs = (price.input_per_million_tokens, price.output_per_million_tokens)
    others = (other.input_per_million_tokens, other.output_per_million_tokens)
    return costs != others and all(cost <= its for cost, its in zip(costs, others, strict=True))
