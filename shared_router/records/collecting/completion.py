"""What stands in a chat completion's bytes, where a server may send anything at all."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from shared_router.errors import DataError
from shared_router.records.collecting.journal import Reply

if TYPE_CHECKING:
    from shared_router.costs.prices import TokenPrices

_SHAPE = "a chat completion must be JSON with the text of choices[0].message.content"


def reply_of(body: bytes, *, prices: TokenPrices | None = None) -> Reply:
    """Read an answer, and its tokens where the server counts them.

    Args:
        body: What the server sent.
        prices: What the model's tokens cost; None leaves the dollars unknown.

    Returns:
        The reply. Counts that are no counts are left out as if the server had not counted.

    Raises:
        DataError: If there is no answer in it; the message does not quote it.
    """
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise DataError(_SHAPE) from None  # the parser's error carries what it failed on
    try:
        text = sent["choices"][0]["message"]["content"]
    except (KeyError, IndexError, TypeError):
        raise DataError(_SHAPE) from None
    if text is not None and not isinstance(text, str):
        raise DataError(_SHAPE)
    counts = _counts(sent.get("usage"))
    if counts is None:
        return Reply(_whole(text or ""))
    tokens_in, cached, tokens_out, reasoning = counts
    return Reply(
        _whole(text or ""),
        input_tokens=tokens_in,
        output_tokens=tokens_out,
        cached_input_tokens=cached,
        reasoning_tokens=reasoning,
        dollars=None
        if prices is None
        else prices.dollars(input_tokens=tokens_in, output_tokens=tokens_out, cached_input_tokens=cached),
    )


def _counts(usage: Any) -> tuple[int, int, int, int] | None:
    """Return prompt, cached, answer and reasoning tokens; None where they are no such counts."""
    if not isinstance(usage, dict):
        return None
    found = [
        usage.get("prompt_tokens"),
        _detail(usage, "prompt_tokens_details", "cached_tokens"),
        usage.get("completion_tokens"),
        _detail(usage, "completion_tokens_details", "reasoning_tokens"),
    ]
    counts = [count for count in found if type(count) is int and 0 <= count < 2**53]
    if len(counts) < len(found):
        return None
    tokens_in, cached, tokens_out, reasoning = counts
    return (tokens_in, cached, tokens_out, reasoning) if cached <= tokens_in else None


def _detail(usage: dict[str, Any], name: str, count: str) -> Any:
    details = usage.get(name)
    return (details.get(count) or 0) if isinstance(details, dict) else 0


def _whole(text: str) -> str:
    """Replace lone surrogates, which JSON can spell and no file or page can hold."""
    return text.encode("utf-8", "replace").decode("utf-8")
