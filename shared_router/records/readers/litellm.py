"""LiteLLM: what its logging callbacks write, and its table of spend logs.

Both hold one call a row; they differ in names (`response_cost` or `spend`) and in what stands as JSON text.
A proxy keeps prompts in spend logs only where `store_prompts_in_spend_logs` is on; rows without are left out.
"""

from __future__ import annotations

from typing import Any

from shared_router.records.chat_text import answer_in, has_image, question_in
from shared_router.records.files import Head, Row
from shared_router.records.measures import Measure
from shared_router.records.readers.usage import usage_values
from shared_router.records.record import (
    Reader,
    Record,
    first,
    mapping,
    milliseconds_between,
    number,
    parsed,
    seconds,
    text,
)

_REDACTED = "redacted-by-litellm"


def refuses(head: Head) -> str | None:
    """Return why these are not LiteLLM's, or None."""
    if not {"response_cost", "spend"} & head.columns:
        return "no 'response_cost' or 'spend'"
    return head.lacks("model", "messages", "startTime")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a call's prompt and answer."""
    metadata, response = mapping(row.get("metadata")), parsed(row.get("response"))
    if "failure" in (row.get("status"), metadata.get("status")):
        return "a request that failed"
    if str(row.get("cache_hit")).lower() == "true":
        return "an answer from a cache"
    kind = str(row.get("call_type") or "completion")
    if not kind.endswith(("completion", "responses", "anthropic_messages")):
        return "a call that asks no chat or completion model"
    messages = parsed(row.get("messages"))
    if messages in ({}, [], None, ""):  # a proxy that keeps no messages may keep the request
        messages = parsed(row.get("proxy_server_request"))
    prompt, model = question_in(messages), text(row.get("model"))
    if has_image(messages):
        return "a message with an image or a file"
    if prompt is None:
        return "no text of a user"
    if prompt == _REDACTED:
        return "a prompt that was redacted"
    if model is None:
        return "no name of a model"
    return [
        Record(
            prompt=prompt,
            model=model,
            values=_values(row, metadata, response),
            answer=answer_in(response),
            conversation=text(first(row, "session_id", "trace_id") or metadata.get("session_id")),
            time=seconds(row.get("startTime")),
        )
    ]


def _values(row: Row, metadata: Any, response: Any) -> dict[Measure, float | None]:
    usage = mapping(metadata.get("usage_object")) or mapping(mapping(response).get("usage"))
    values = usage_values(usage)
    for name, column in (("input_tokens", "prompt_tokens"), ("output_tokens", "completion_tokens")):
        count = number(row.get(column))
        if count is not None:
            values[name] = count  # type: ignore[index]
    start = row.get("startTime")
    latency = number(row.get("request_duration_ms"))
    return {
        **values,
        "dollars": number(first(row, "response_cost", "spend")),
        "latency_ms": milliseconds_between(start, row.get("endTime")) if latency is None else latency,
        "time_to_first_token_ms": milliseconds_between(start, row.get("completionStartTime")),
    }


READER = Reader("litellm", refuses, records)
