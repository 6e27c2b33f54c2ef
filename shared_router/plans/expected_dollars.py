"""What an answer of each model is expected to cost: the prompt's tokens are known, the answer's predicted."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import check_amount, shown_kind
from shared_router.costs.prices import TokenPrices, check_prices
from shared_router.errors import InvalidInputError
from shared_router.predictors.output_tokens import OutputTokens

CHARACTERS_A_TOKEN = 4
"""Of English text, about; give `count_tokens` where prompts are something else."""


@dataclass(frozen=True, slots=True)
class ExpectedDollars:
    """Prices, and how long each answer will be.

    Attributes:
        models: The models' names, m of them.
        prices: What each one's tokens cost.
        output_tokens: What predicts an answer's tokens, hidden reasoning included, or one number a model.
        count_tokens: Counts a prompt's tokens; None takes a quarter of its characters.

    Raises:
        InvalidInputError: If a model has no price or no expected tokens.
    """

    models: tuple[str, ...]
    prices: Mapping[str, TokenPrices]
    output_tokens: OutputTokens | Mapping[str, float]
    count_tokens: Callable[[str], int] | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        """Refuse a model whose answers would seem free."""
        check_prices(self.prices, self.models)
        tokens = self.output_tokens
        if not isinstance(tokens, (OutputTokens, Mapping)):
            raise InvalidInputError(
                f"output_tokens must be OutputTokens or a number a model, got {shown_kind(tokens)}"
            )
        counted = tokens.models if isinstance(tokens, OutputTokens) else tuple(tokens)
        for name, known in {"prices": tuple(self.prices), "output_tokens": counted}.items():
            missing = [model for model in self.models if model not in known]
            if missing:
                raise InvalidInputError(f"{name} must be given for each model, and {missing} have none")
        if not isinstance(tokens, OutputTokens):
            for model in self.models:
                check_amount("output_tokens", tokens[model], of=model)

    def per_thousand(self, queries: Sequence[str]) -> NDArray[np.float64]:
        """Return dollars for 1,000 calls like each query, of each model, shape (n, m)."""
        count = self.count_tokens or _quarter
        sent = np.array([count(query) for query in queries], dtype=np.float64)[:, None]
        if isinstance(self.output_tokens, OutputTokens):
            answered = self.output_tokens.expected(queries, self.models)
        else:
            answered = np.array([[self.output_tokens[model] for model in self.models]], dtype=np.float64)
        price_in, price_out = (
            np.array(
                [float(getattr(self.prices[model], f"{way}_per_million_tokens")) for model in self.models]
            )
            for way in ("input", "output")
        )
        dollars: NDArray[np.float64] = (sent * price_in + answered * price_out) / 1e3
        return dollars


def _quarter(query: str) -> int:
    return math.ceil(len(query) / CHARACTERS_A_TOKEN)
