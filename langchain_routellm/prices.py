"""A call's tokens as a provider bills them, and prices by model's name."""

from __future__ import annotations

from collections.abc import Mapping

from langchain_core.messages.ai import UsageMetadata

from shared_router import TokenPrices, TokenUsage

Prices = Mapping[str, TokenPrices]
"""Prices by model's name."""


def token_usage(usage: UsageMetadata) -> TokenUsage:
    """Return one call's tokens as they are billed: nothing for an answer from LangChain's cache."""
    if usage.get("total_cost") == 0:  # how langchain-core tells an answer that it took from its cache
        return TokenUsage(calls=1)
    return TokenUsage(
        calls=1,
        input_tokens=usage["input_tokens"],
        output_tokens=usage["output_tokens"],
        cached_input_tokens=usage.get("input_token_details", {}).get("cache_read") or 0,
        reasoning_tokens=usage.get("output_token_details", {}).get("reasoning") or 0,
    )
