"""What routing saved: the bill as it is, beside the bill had every request gone to the strong model.

The first is counted; the second can only be estimated, because a request has one answer: each weak call
is priced as if the strong model had read the same tokens and answered in as many, or in a multiple that
the caller knows. Tokenizers differ by some percent, and answers' lengths by more, so the estimate says
how it was made. What a router itself costs (its embeddings, its machine) is not in it.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from shared_router.choices import is_number, shown
from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError


@dataclass(frozen=True, slots=True)
class TokenUsage:
    """Tokens of one or many calls to one model.

    Attributes:
        calls: How many calls, >= 0.
        input_tokens: Prompt tokens, cached ones included, >= 0.
        output_tokens: Answer tokens, reasoning included, >= 0.
        cached_input_tokens: How many of `input_tokens` the provider had cached.
        reasoning_tokens: How many of `output_tokens` were reasoning that no reader sees.
    """

    calls: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cached_input_tokens: int = 0
    reasoning_tokens: int = 0

    def __add__(self, other: "TokenUsage") -> "TokenUsage":
        """Return both usages' sum."""
        return TokenUsage(*(getattr(self, name) + getattr(other, name) for name in self.__slots__))

    def __sub__(self, other: "TokenUsage") -> "TokenUsage":
        """Return what is left of this usage without another that is part of it."""
        return TokenUsage(*(getattr(self, name) - getattr(other, name) for name in self.__slots__))

    def dollars(self, prices: TokenPrices) -> float:
        """Return what these tokens cost at a model's prices, in dollars."""
        return prices.dollars(
            input_tokens=self.input_tokens,
            output_tokens=self.output_tokens,
            cached_input_tokens=self.cached_input_tokens,
        )


@dataclass(frozen=True, slots=True)
class Savings:
    """The bill, and what it would have been without routing.

    Attributes:
        usage: Tokens by model's name.
        dollars: Dollars by model's name, >= 0.
        dollars_all_strong: Dollars had every call gone to the strong model: an estimate.
        counterfactual: How that estimate was made, in words.
        strong: The name of the strong model.
        rejected: The tokens in `usage` of calls whose answers a plan did not use, by model's name.
    """

    usage: Mapping[str, TokenUsage]
    dollars: Mapping[str, float]
    dollars_all_strong: float
    counterfactual: str
    strong: str = "strong"
    rejected: Mapping[str, TokenUsage] = field(default_factory=dict)

    @property
    def dollars_spent(self) -> float:
        """Dollars of all calls."""
        return sum(self.dollars.values())

    @property
    def dollars_saved(self) -> float:
        """Dollars that routing saved; negative where the weak model was the dearer one."""
        return self.dollars_all_strong - self.dollars_spent

    @property
    def saved_fraction(self) -> float:
        """Share of the all-strong bill that routing saved, at most 1; 0 where there was no bill."""
        return self.dollars_saved / self.dollars_all_strong if self.dollars_all_strong else 0.0

    @property
    def strong_fraction(self) -> float:
        """Share of the answers that are the strong model's, 0..1; 0 where there were no calls."""
        used = _used(self.usage, self.rejected)
        calls = sum(usage.calls for usage in used.values())
        return used.get(self.strong, TokenUsage()).calls / calls if calls else 0.0


def savings_of(
    usage: Mapping[str, TokenUsage],
    prices: Mapping[str, TokenPrices],
    *,
    answer_length_ratio: float = 1.0,
    strong: str = "strong",
    rejected: Mapping[str, TokenUsage] | None = None,
) -> Savings:
    """Return the bill of these tokens and what routing saved.

    Args:
        usage: Tokens by model's name.
        prices: Prices by model's name; the strong model's and every name in `usage`.
        answer_length_ratio: How many tokens the strong model writes where another writes one, > 0.
        strong: The name of the strong model, the best where there are more than two.
        rejected: The tokens in `usage` of calls whose answers a plan did not use: they were paid, and the
            strong model would not have been asked for them.

    Returns:
        The bill and the estimate beside it.

    Raises:
        InvalidInputError: If a price is missing or the ratio is no positive number.
    """
    missing = sorted({strong, *usage} - set(prices))
    if missing:
        raise InvalidInputError(f"prices must name every model, got none for {missing}")
    if not (is_number(answer_length_ratio) and answer_length_ratio > 0):
        raise InvalidInputError(f"answer_length_ratio must be > 0, got {shown(answer_length_ratio)}")
    all_strong = 0.0
    for name, tokens in _used(usage, rejected or {}).items():
        # per token, so that a ratio need not give whole tokens
        answer = TokenUsage(output_tokens=tokens.output_tokens).dollars(prices[strong])
        ratio = 1.0 if name == strong else answer_length_ratio
        all_strong += tokens.dollars(prices[strong]) + (ratio - 1.0) * answer
    return Savings(
        usage=dict(usage),
        dollars={name: tokens.dollars(prices[name]) for name, tokens in usage.items()},
        dollars_all_strong=all_strong,
        counterfactual=(
            "every call's prompt tokens at the strong model's prices, its answer "
            f"{answer_length_ratio:g} times as long where another model wrote it"
        ),
        strong=strong,
        rejected=dict(rejected or {}),
    )


def _used(usage: Mapping[str, TokenUsage], rejected: Mapping[str, TokenUsage]) -> dict[str, TokenUsage]:
    """Return the tokens of the calls whose answers were used."""
    return {name: tokens - rejected.get(name, TokenUsage()) for name, tokens in usage.items()}
