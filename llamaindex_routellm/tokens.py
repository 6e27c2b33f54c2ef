"""The tokens that a provider reports with a response."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from llama_index.core.base.llms.types import ChatResponse, CompletionResponse
from llama_index.core.callbacks.token_counting import get_tokens_from_response

from shared_router import TokenUsage


def reported_tokens(response: ChatResponse | CompletionResponse) -> TokenUsage | None:
    """Return one call's tokens, as its provider reports them; None if it reports none."""
    read, written = get_tokens_from_response(response)
    if not read and not written:
        return None
    raw = response.raw if isinstance(response.raw, dict) else dict(response.raw or {})
    usage = raw.get("usage") or {}
    usage = usage if isinstance(usage, dict) else usage.model_dump()
    cached = _part(usage, "prompt_tokens_details", "cached_tokens")
    # Anthropic counts what it read from a cache, and wrote to one, beside the prompt and not in it
    from_cache = int(usage.get("cache_read_input_tokens") or 0)
    into_cache = int(usage.get("cache_creation_input_tokens") or 0)
    return TokenUsage(
        calls=1,
        input_tokens=read + from_cache + into_cache,
        output_tokens=written,
        cached_input_tokens=cached + from_cache,
        reasoning_tokens=_part(usage, "completion_tokens_details", "reasoning_tokens"),
    )


def _part(usage: Mapping[str, Any], details: str, name: str) -> int:
    return int((usage.get(details) or {}).get(name) or 0)
