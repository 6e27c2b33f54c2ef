"""A model behind any OpenAI-compatible server, as `collect` asks one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from shared_router.errors import InvalidInputError, MissingExtraError
from shared_router.records.collecting.journal import Reply

if TYPE_CHECKING:
    from shared_router.costs.prices import TokenPrices

_TOKENS_AROUND = 64
"""Tokens that a chat template may put around a prompt."""


class OpenAIModel:
    """Ask one model for one answer a prompt, without retries of the client's own.

    Args:
        model: The name the server knows it by.
        base_url: The server's address, `/v1` included; None is OpenAI's.
        api_key: The key; None reads OPENAI_API_KEY. Not in the repr.
        max_tokens: The longest answer, >= 1.
        temperature: Of the sampling; None leaves it to the server, as models that reason want.
        timeout_s: How long one request may take.
        prices: What its tokens cost, for dollars; None leaves them unknown.

    A model that refuses `max_tokens` or a temperature, as OpenAI's reasoning models do, is asked without:
    with `max_completion_tokens`, and at its own temperature. A refusal costs nothing.

    Raises:
        InvalidInputError: If max_tokens is below 1.
        MissingExtraError: If openai is not installed.
    """

    def __init__(
        self,
        model: str,
        *,
        base_url: str | None = None,
        api_key: str | None = None,
        max_tokens: int = 1024,
        temperature: float | None = 0.0,
        timeout_s: float = 120.0,
        prices: TokenPrices | None = None,
    ) -> None:
        if max_tokens < 1:
            raise InvalidInputError(f"max_tokens must be >= 1, got {max_tokens!r}")
        try:
            import openai
        except ImportError as error:
            raise MissingExtraError.of("openai", "openai") from error
        self.model = model
        self.base_url = base_url
        self.max_tokens = max_tokens
        self.temperature = temperature
        self.prices = prices
        self._refused: frozenset[str] = frozenset()
        self._client = openai.OpenAI(base_url=base_url, api_key=api_key, timeout=timeout_s, max_retries=0)

    def __repr__(self) -> str:
        """Show which model it is, never a key."""
        return f"OpenAIModel({self.model!r})"

    @property
    def settings(self) -> Mapping[str, Any]:
        """What an answer depends on beside the prompt; a journal tells requests apart by it."""
        return {"base_url": self.base_url, "max_tokens": self.max_tokens, "temperature": self.temperature}

    def most_dollars(self, prompt: str) -> float:
        """Return the most that an answer can cost: a token is at least one byte of the prompt."""
        if self.prices is None:
            return 0.0
        tokens = len(prompt.encode("utf-8", "surrogatepass")) + _TOKENS_AROUND
        return self.prices.dollars(input_tokens=tokens, output_tokens=self.max_tokens)

    def __call__(self, prompt: str) -> Reply:
        """Return the answer with its tokens and dollars.

        Raises:
            openai.OpenAIError: What the client raised.
        """
        answer = self._answer(prompt)
        text = answer.choices[0].message.content or ""
        usage = answer.usage
        if usage is None:
            return Reply(text)
        details, made = usage.prompt_tokens_details, usage.completion_tokens_details
        cached = (details.cached_tokens if details else 0) or 0
        dollars = None
        if self.prices is not None:
            dollars = self.prices.dollars(
                input_tokens=usage.prompt_tokens,
                output_tokens=usage.completion_tokens,
                cached_input_tokens=cached,
            )
        return Reply(
            text,
            input_tokens=usage.prompt_tokens,
            output_tokens=usage.completion_tokens,
            cached_input_tokens=cached,
            reasoning_tokens=(made.reasoning_tokens if made else 0) or 0,
            dollars=dollars,
        )

    def _answer(self, prompt: str) -> Any:
        import openai

        while True:
            sent = self._parameters()
            try:
                return self._client.chat.completions.create(
                    model=self.model, messages=[{"role": "user", "content": prompt}], **sent
                )
            except openai.BadRequestError as error:
                refused = error.param
                if error.code not in _UNSUPPORTED or refused not in _OPTIONAL or refused not in sent:
                    raise
                self._refused |= {refused}

    def _parameters(self) -> dict[str, Any]:
        longest = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        found: dict[str, Any] = {longest: self.max_tokens}
        if self.temperature is not None and "temperature" not in self._refused:
            found["temperature"] = self.temperature
        return found


_OPTIONAL = ("max_tokens", "temperature")
_UNSUPPORTED = ("unsupported_parameter", "unsupported_value")
"""The codes of OpenAI's refusals of a parameter that a model does not take."""
