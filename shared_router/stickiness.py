"""Whether a conversation keeps its model, and what leaving it costs.

A provider keeps the prompt that a model has just read, for about five minutes, and sells it again at a part
of its price. A conversation that changes models leaves that behind, so a change must be worth more than the
score alone says. A threshold t says what a better answer is worth: where the strong model costs D dollars
more for a call and a win probability of t just pays for it, that is D / t. Where the conversation's own model
is cheaper by what is cached, the difference is D' and the threshold that pays is t * D' / D.

One call is weighed, as if the conversation ended with it; the calls after it would be cheaper where it went.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from shared_router.choices import check_amount, check_choice, shown_kind
from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

StickyRule = Literal["tool_loop", "conversation", "upward", "priced"]


@dataclass(frozen=True, slots=True)
class Stickiness:
    """How a conversation keeps its model.

    Attributes:
        rule: `"tool_loop"` keeps it until the tools that it asked for are answered, `"conversation"` for
            good. `"upward"` lets each question go to a better model and none to a worse one. `"priced"` lets
            each new question change it where that is worth what is cached with the model.
        margin: By what share the odds of a win must pass the threshold's for a conversation to change
            models, >= 0, with `"upward"` and `"priced"`: scores that differ by less are one score's noise.
            Odds, since routers' scores differ in scale: 0.1 takes a threshold of 0.5 to 0.524, one of 0.15 to
            0.163.
        cache_seconds: How long a provider keeps a prompt after it was last read, >= 0.
        least_cached_tokens: The shortest prompt that a provider keeps, >= 0.
        answer_tokens: How long an answer is taken to be before it is known, >= 0.

    Raises:
        InvalidInputError: If one of them is outside its rule.
    """

    rule: StickyRule = "priced"
    margin: float = 0.1
    cache_seconds: float = 300.0
    least_cached_tokens: int = 1024
    answer_tokens: int = 256

    def __post_init__(self) -> None:
        """Refuse what keeps no conversation."""
        check_choice("rule", self.rule, get_args(StickyRule))
        for name in ("margin", "cache_seconds", "least_cached_tokens", "answer_tokens"):
            check_amount(name, getattr(self, name), of="Stickiness")


Sticky = StickyRule | Literal[False] | Stickiness
"""How a conversation keeps its model: a rule of `Stickiness` by name, one with settings, or False for not."""


def check_sticky(sticky: object, *, prices: Mapping[str, TokenPrices] | None = None) -> None:
    """Check how conversations are kept.

    Args:
        sticky: How.
        prices: What the models cost, which `"priced"` weighs.

    Raises:
        InvalidInputError: If it is no such rule, or weighs prices that nobody gave.
    """
    rule = rule_of(sticky)
    if rule == "priced" and not prices:
        raise InvalidInputError(
            'sticky="priced" must come with prices, got none; give prices= by model, or take "upward"'
        )


def rule_of(sticky: object) -> StickyRule | Literal[False]:
    """Return the rule's name of what was given.

    Args:
        sticky: What a user gave as `sticky=`: a rule's name, a `Stickiness`, or False.

    Raises:
        InvalidInputError: If it is none.
    """
    if isinstance(sticky, Stickiness):
        return sticky.rule
    if isinstance(sticky, type):
        raise InvalidInputError(f"sticky must be a rule, got {shown_kind(sticky)}")
    check_choice("sticky", sticky, [*get_args(StickyRule), False])
    return sticky  # type: ignore[return-value]


def settings_of(sticky: Sticky) -> Stickiness | None:
    """Return how a conversation weighs a change of models; None where it is kept or not without weighing.

    Args:
        sticky: A rule's name, a `Stickiness`, or False, as `rule_of` takes it.
    """
    given = Stickiness(sticky) if isinstance(sticky, str) else sticky
    return given if isinstance(given, Stickiness) and given.rule in ("upward", "priced") else None


@dataclass(frozen=True, slots=True)
class CachedPrompt:
    """What a call costs at each model, where one of them has read most of it before.

    Attributes:
        prices: What the models cost.
        prompt_tokens: The prompt's tokens, about.
        cached_tokens: How many of them the conversation's model has read just before.
        answer_tokens: The answer's tokens, about.
    """

    prices: Mapping[str, TokenPrices]
    prompt_tokens: int
    cached_tokens: int
    answer_tokens: int

    def threshold(self, threshold: float, better: str, worse: str, *, current: str) -> float:
        """Return the threshold that pays for the better of two models, in [0, 1]; see the module.

        Args:
            threshold: The one that pays where nothing is cached, in [0, 1].
            better: The better model.
            worse: The other.
            current: The one of them that the conversation is with.
        """
        plain = self._dollars(better) - self._dollars(worse)
        if plain <= 0:  # where the better one is no dearer, no threshold says what it is worth
            return threshold
        dearer = self._dollars(better, warm=better == current) - self._dollars(worse, warm=worse == current)
        return min(1.0, max(0.0, threshold * dearer / plain))

    def _dollars(self, model: str, *, warm: bool = False) -> float:
        price = self.prices.get(model)
        if price is None:
            return 0.0
        cached = min(self.cached_tokens, self.prompt_tokens) if warm else 0
        stores = price.cache_write_per_million_tokens is not None
        return price.dollars(
            input_tokens=self.prompt_tokens,
            output_tokens=self.answer_tokens,
            cached_input_tokens=cached,
            cache_write_tokens=self.prompt_tokens - cached if stores else 0,
        )


@dataclass(frozen=True, slots=True)
class Leaning:
    """The model that a conversation is with, and what it takes to leave it.

    Attributes:
        model: Its name.
        margin: By what share the odds of a win must pass the threshold's, >= 0.
        prompt: What is cached with it; None where prices are not weighed.
    """

    model: str
    margin: float = 0.0
    prompt: CachedPrompt | None = None

    def settled(
        self, chosen: str, threshold: float, choose: Callable[[float], str], models: Sequence[str]
    ) -> str:
        """Return the model that a score leads to in the end: the one it chose, or the one it is with.

        Args:
            chosen: What the score chooses at the threshold.
            threshold: The cost threshold, in [0, 1].
            choose: What the score chooses at another threshold.
            models: The models that can serve the request, best first.
        """
        if chosen == self.model or self.model not in models:
            return chosen
        goes_up = models.index(chosen) < models.index(self.model)
        better, worse = (chosen, self.model) if goes_up else (self.model, chosen)
        if self.prompt is not None and {better, worse} <= set(self.prompt.prices):
            threshold = self.prompt.threshold(threshold, better, worse, current=self.model)
        odds = 1 + self.margin if goes_up else 1 / (1 + self.margin)
        again = models.index(choose(_with_odds(threshold, odds)))
        current = models.index(self.model)
        return models[again] if (again < current if goes_up else again > current) else self.model


def _with_odds(probability: float, times: float) -> float:
    """Return the probability whose odds are so many times those of another."""
    return times * probability / (1 - probability + times * probability)
