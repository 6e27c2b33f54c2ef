"""Langfuse: observations of the v2 API or of a blob storage export, and scores in rows of their own.

Observations other than generations are left out. Langfuse counts cached and reasoning tokens apart from
`input` and `output`, so input tokens are the sum of every usage whose name has "input" in it, as in
Langfuse's own totals, and output tokens likewise. Scores of observations (`name`, `value`,
`observationId`) are joined; one of a whole trace is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from shared_router.records.chat_text import answer_in, has_image, question_in
from shared_router.records.files import Head, Row
from shared_router.records.measures import Measure
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

_READ = ("cache_read_input_tokens", "input_cached_tokens", "input_cache_read")
_WRITTEN = ("cache_creation_input_tokens", "input_cache_creation", "input_cache_write")
_REASONING = ("output_reasoning_tokens", "output_reasoning", "reasoning_tokens")


def refuses(head: Head) -> str | None:
    """Return why these are neither observations nor scores, or None."""
    trace = {"traceId", "trace_id"} & head.columns
    if trace and {"name", "value"} <= head.columns and {"observationId", "observation_id"} & head.columns:
        return None
    if not trace or not {"startTime", "start_time"} & head.columns:
        return "no 'traceId' and 'startTime', nor 'trace_id' and 'start_time'"
    if not {"usageDetails", "usage_details", "providedModelName", "provided_model_name"} & head.columns:
        return "no 'usageDetails' or 'providedModelName', nor their snake_case"
    return head.lacks("type", "input", "output")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a generation's prompt and answer, or a score's grade."""
    if "value" in row and "input" not in row:
        key, grade = text(first(row, "observationId", "observation_id")), number(row["value"])
        if key is None:
            return "a score of a whole trace"
        return (
            "a score that is no number"
            if grade is None
            else [Record(key=key, scores={text(row.get("name")) or "score": grade})]
        )
    if row.get("type") != "GENERATION":
        return "an observation that is no generation"
    if row.get("level") == "ERROR":
        return "a request that failed"
    question = parsed(row.get("input"))
    prompt, model = (
        question_in(question),
        text(first(row, "providedModelName", "provided_model_name", "model")),
    )
    if has_image(question):
        return "a message with an image or a file"
    if prompt is None:
        return "no text of a user"
    if model is None:
        return "no name of a model"
    return [
        Record(
            prompt=prompt,
            model=model,
            key=text(row.get("id")),
            values=_values(row),
            answer=answer_in(row.get("output")),
            conversation=text(first(row, "sessionId", "session_id", "traceId", "trace_id")),
            time=seconds(first(row, "startTime", "start_time")),
        )
    ]


def _values(row: Row) -> dict[Measure, float | None]:
    usage = mapping(first(row, "usageDetails", "usage_details"))
    start, end = first(row, "startTime", "start_time"), first(row, "endTime", "end_time")
    latency = number(row.get("latency"))
    first_token = number(first(row, "timeToFirstToken", "time_to_first_token"))
    cost = number(first(row, "totalCost", "total_cost"))
    if cost is None:
        cost = number(mapping(first(row, "costDetails", "cost_details")).get("total"))
    between = milliseconds_between(start, end)
    return {
        "input_tokens": _sum(usage, "input"),
        "output_tokens": _sum(usage, "output"),
        "cached_input_tokens": number(first(usage, *_READ)),
        "cache_write_tokens": number(first(usage, *_WRITTEN)),
        "reasoning_tokens": number(first(usage, *_REASONING)),
        "dollars": cost,
        "latency_ms": between if between is not None or latency is None else latency * 1000,
        "time_to_first_token_ms": None if first_token is None else first_token * 1000,
    }


def _sum(usage: Mapping[str, Any], kind: str) -> float | None:
    counts = [count for name, value in usage.items() if kind in name and (count := number(value)) is not None]
    return sum(counts) if counts else None


READER = Reader("langfuse", refuses, records)
