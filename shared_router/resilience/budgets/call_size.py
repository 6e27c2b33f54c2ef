"""What one call may cost at most, known before it is made."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from shared_router.costs.prices import TokenPrices
from shared_router.errors import InvalidInputError

TOKENS_AROUND_A_TEXT = 16
"""What providers put around each message and each tool: its role, its name, its ends."""

TOKENS_AROUND_TOOLS = 1024
"""What providers say to a model that is given tools; Anthropic's longest is 804 tokens."""

TOKENS_OF_AN_IMAGE = 50_000
"""More than the dearest image at any provider that is known: 48,169 at gpt-4o-mini's high detail."""


@dataclass(frozen=True, slots=True)
class CallSize:
    """How large a call is.

    Attributes:
        texts: All that is sent as text: messages, tool calls, tools and schemas as JSON. A file that is no
            image is its base64. Not in the repr.
        max_output_tokens: How many tokens the request lets an answer have, thinking included; None where it
            does not say.
        answers: How many answers it asks for, such as OpenAI's `n`.
        images: How many images it holds.
        has_tools: Whether it gives the model tools or a schema.
    """

    texts: tuple[str, ...] = field(repr=False)
    max_output_tokens: int | None = None
    answers: int = 1
    images: int = 0
    has_tools: bool = False

    def input_tokens(self, count_tokens: Callable[[str], int] | None = None) -> int:
        """Return how many tokens the prompt has at most.

        Args:
            count_tokens: Counts a text's tokens; None takes its bytes in UTF-8.

        Raises:
            InvalidInputError: If it counts something other than a whole number >= 0.
        """
        counts = [_counted(text, count_tokens) for text in self.texts]
        around = TOKENS_AROUND_A_TEXT * (len(counts) + 1) + TOKENS_AROUND_TOOLS * self.has_tools
        return sum(counts) + around + TOKENS_OF_AN_IMAGE * self.images

    def dollars(
        self,
        prices: TokenPrices,
        *,
        max_output_tokens: int,
        count_tokens: Callable[[str], int] | None = None,
        input_tokens: int | None = None,
    ) -> float:
        """Return what the call costs at most.

        Args:
            prices: The model's; each token counts as the dearest of its kind.
            max_output_tokens: How many tokens an answer has at most where the request does not say.
            count_tokens: As in `input_tokens`.
            input_tokens: What `input_tokens` returned, where it has been asked before.
        """
        counted = self.input_tokens(count_tokens) if input_tokens is None else input_tokens
        return self.dollars_at(dearest(prices), max_output_tokens=max_output_tokens, input_tokens=counted)

    def dollars_at(self, rates: tuple[float, float], *, max_output_tokens: int, input_tokens: int) -> float:
        """Return what `dollars` returns, at the rates that `dearest` returned before."""
        most = max_output_tokens if self.max_output_tokens is None else self.max_output_tokens
        of_input, of_output = rates
        answered = max(0, most) * max(1, self.answers)
        return (input_tokens * of_input + answered * of_output) / 1e6


def dearest(prices: TokenPrices) -> tuple[float, float]:
    """Return what a million tokens of a prompt and of an answer cost, each the dearest of its kind."""
    of_input = max(
        prices.input_per_million_tokens,
        prices.cache_write_per_million_tokens or 0.0,
        prices.cached_input_per_million_tokens or 0.0,
    )
    return of_input, max(prices.output_per_million_tokens, prices.reasoning_per_million_tokens or 0.0)


def _counted(text: str, count_tokens: Callable[[str], int] | None) -> int:
    if count_tokens is None:
        return len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    count = count_tokens(text)
    if type(count) is not int or count < 0:
        raise InvalidInputError(f"count_tokens must return a whole number >= 0, got {type(count).__name__}")
    return count
