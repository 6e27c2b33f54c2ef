"""A model behind any OpenAI-compatible server, as `collect` asks one."""

from __future__ import annotations

from collections.abc import Mapping
from time import monotonic
from typing import TYPE_CHECKING, Any

from shared_router.choices import check_whole
from shared_router.errors import DataError, MissingExtraError
from shared_router.records.collecting.completion import reply_of

if TYPE_CHECKING:
    from openai import APIResponse

    from shared_router.costs.prices import TokenPrices
    from shared_router.records.collecting.journal import Reply

_TOKENS_AROUND = 64
"""Tokens that a chat template may put around a prompt."""

_MAX_BYTES = 64 * 1024 * 1024
"""The longest body that is read as an answer."""


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
        check_whole("max_tokens", max_tokens, least=1)
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
        self._timeout_s = timeout_s
        self._client = openai.OpenAI(
            base_url=base_url,
            api_key=api_key,
            timeout=timeout_s,
            max_retries=0,
            # a prompt goes to the server that was named, and not where that one points
            http_client=openai.DefaultHttpxClient(follow_redirects=False),
        )

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
            openai.OpenAIError: What the client raised; `APIResponseValidationError` where the server's answer
                is none.
        """
        import openai

        while True:
            sent = self._parameters()
            try:
                return self._asked(prompt, sent)
            except openai.BadRequestError as error:
                refused = error.param
                if error.code not in _UNSUPPORTED or refused not in _OPTIONAL or refused not in sent:
                    raise
                self._refused |= {refused}

    def _asked(self, prompt: str, sent: dict[str, Any]) -> Reply:
        import openai

        asking, until = self._client.chat.completions.with_streaming_response, monotonic() + self._timeout_s
        with asking.create(
            model=self.model, messages=[{"role": "user", "content": prompt}], **sent
        ) as answer:
            body = _body(answer, until)
            try:
                return reply_of(body, prices=self.prices)
            except DataError as error:
                raise openai.APIResponseValidationError(
                    answer.http_response, None, message=str(error)
                ) from None

    def _parameters(self) -> dict[str, Any]:
        longest = "max_completion_tokens" if "max_tokens" in self._refused else "max_tokens"
        found: dict[str, Any] = {longest: self.max_tokens}
        if self.temperature is not None and "temperature" not in self._refused:
            found["temperature"] = self.temperature
        return found


def _body(answer: APIResponse[Any], until: float) -> bytes:
    """Read a body as far as it may go: the client's own timeout is of each part of it alone."""
    import openai

    body = bytearray()
    try:
        for part in answer.iter_bytes():
            body += part
            if len(body) > _MAX_BYTES:
                break  # no JSON ends here, so that what was read is refused as none
            if monotonic() > until:
                raise TimeoutError
    except Exception as error:  # the client wraps no errors here, and which ones it has is its transport's
        timed_out = "Timeout" in type(error).__name__
        kind = openai.APITimeoutError if timed_out else openai.APIConnectionError
        raise kind(request=answer.http_request) from error
    return bytes(body)


_OPTIONAL = ("max_tokens", "temperature")
_UNSUPPORTED = ("unsupported_parameter", "unsupported_value")
"""The codes of OpenAI's refusals of a parameter that a model does not take."""
