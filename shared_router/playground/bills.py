"""What prompts would cost: routed, all strong, all weak."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from shared_router.costs.prices import TokenPrices

CHARS_PER_TOKEN = 4
"""English in most tokenizers; other scripts and code have fewer. Neither model's tokenizer is at hand."""


@dataclass(frozen=True, slots=True)
class BothBills:
    """What the same prompts cost in three ways, in dollars.

    Attributes:
        routed: Each prompt at the model that it goes to.
        all_strong: All at the strong model.
        all_weak: All at the weak model.
    """

    routed: float
    all_strong: float
    all_weak: float

    @property
    def saved(self) -> float:
        """What share of the strong bill routing saves; 0 where that bill is nothing."""
        return 1 - self.routed / self.all_strong if self.all_strong > 0 else 0.0


def both_bills(
    prompts: Sequence[str], models: Sequence[str], *, prices: dict[str, TokenPrices], answer_tokens: int
) -> BothBills:
    """Price prompts by their length.

    Args:
        prompts: n texts.
        models: Where each goes, `"strong"` or `"weak"`.
        prices: What each tier's tokens cost.
        answer_tokens: How long an answer is taken to be, in tokens, >= 0.
    """
    costs = {
        tier: [
            price.dollars(input_tokens=tokens_of(prompt), output_tokens=answer_tokens) for prompt in prompts
        ]
        for tier, price in prices.items()
    }
    routed = sum(costs[model][row] for row, model in enumerate(models))
    return BothBills(routed, sum(costs["strong"]), sum(costs["weak"]))


def tokens_of(prompt: str) -> int:
    """Return about how many tokens a prompt has."""
    return -(-len(prompt) // CHARS_PER_TOKEN)
