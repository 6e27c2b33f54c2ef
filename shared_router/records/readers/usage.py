"""Token counts as providers' APIs report them, as one set of measures."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared_router.records.measures import Measure
from shared_router.records.record import first, mapping, number


def usage_values(usage: Mapping[str, Any]) -> dict[Measure, float | None]:
    """Return the tokens of OpenAI's or Anthropic's `usage`.

    OpenAI's prompt tokens count cached ones; Anthropic's do not, and name them `cache_read_input_tokens` and
    `cache_creation_input_tokens`, so those are added.
    """
    sent = number(first(usage, "prompt_tokens", "input_tokens"))
    details = mapping(first(usage, "prompt_tokens_details", "input_tokens_details"))
    answer_details = mapping(first(usage, "completion_tokens_details", "output_tokens_details"))
    cached = number(details.get("cached_tokens"))
    written = number(first(details, "cache_creation_tokens", "cache_write_tokens"))
    if "prompt_tokens" not in usage and "cache_read_input_tokens" in usage:
        cached = number(usage["cache_read_input_tokens"])
        written = number(usage.get("cache_creation_input_tokens"))
        sent = None if sent is None else sent + (cached or 0) + (written or 0)
    return {
        "input_tokens": sent,
        "output_tokens": number(first(usage, "completion_tokens", "output_tokens")),
        "cached_input_tokens": cached,
        "cache_write_tokens": written,
        "reasoning_tokens": number(answer_details.get("reasoning_tokens")),
    }
