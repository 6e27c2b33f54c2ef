"""LangSmith: runs of the API or of a bulk export, and feedback in rows of its own.

Runs other than calls of a model (`run_type` "llm") are left out. Runs of experiments over one data set are
joined by `reference_example_id`. Feedback is read from `feedback_stats` (the mean by key), or from a file of
feedback (`run_id`, `key`, `score`) given beside the runs. A conversation is the metadata's `thread_id`,
`session_id` or `conversation_id`, or else the trace.
"""

from __future__ import annotations

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


def refuses(head: Head) -> str | None:
    """Return why these are neither runs nor feedback, or None."""
    if not head.lacks("run_id", "key", "score"):
        return None
    return head.lacks("run_type", "inputs", "outputs", "start_time")


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a run's prompt and answer, or a feedback's grade."""
    if "run_type" not in row:
        grade = number(row.get("score"))
        if grade is None:
            return "feedback without a number"
        return [Record(key=text(row.get("run_id")), scores={text(row.get("key")) or "score": grade})]
    if row["run_type"] != "llm":
        return "a run that is no call of a model"
    if row.get("error") or row.get("status") == "error":
        return "a request that failed"
    inputs, outputs = parsed(row.get("inputs")), parsed(row.get("outputs"))
    extra = mapping(row.get("extra"))
    metadata = mapping(extra.get("metadata"))
    prompt, model = question_in(inputs), text(first(metadata, "ls_model_name")) or _model_in(outputs, extra)
    if has_image(inputs):
        return "a message with an image or a file"
    if prompt is None:
        return "no text of a user"
    if model is None:
        return "no name of a model"
    thread = first(metadata, "thread_id", "session_id", "conversation_id") or row.get("trace_id")
    return [
        Record(
            prompt=prompt,
            model=model,
            key=text(first(row, "reference_example_id", "id")),
            values=_values(row),
            scores=_feedback(row),
            answer=answer_in(outputs),
            conversation=text(thread),
            time=seconds(row.get("start_time")),
        )
    ]


def _values(row: Row) -> dict[Measure, float | None]:
    read = mapping(row.get("prompt_token_details"))
    answered = mapping(row.get("completion_token_details"))
    return {
        "input_tokens": number(row.get("prompt_tokens")),
        "output_tokens": number(row.get("completion_tokens")),
        "cached_input_tokens": number(read.get("cache_read")),
        "cache_write_tokens": number(read.get("cache_creation")),
        "reasoning_tokens": number(answered.get("reasoning")),
        "dollars": number(row.get("total_cost")),
        "latency_ms": milliseconds_between(row.get("start_time"), row.get("end_time")),
        "time_to_first_token_ms": milliseconds_between(row.get("start_time"), row.get("first_token_time")),
    }


def _feedback(row: Row) -> dict[str, float]:
    means = {
        name: number(mapping(stats).get("avg")) for name, stats in mapping(row.get("feedback_stats")).items()
    }
    return {name: mean for name, mean in means.items() if mean is not None}


def _model_in(outputs: Any, extra: Any) -> str | None:
    """Return the model of a run that was traced without metadata: what answered, or else what was asked."""
    places = mapping(mapping(outputs).get("llm_output")), mapping(extra.get("invocation_params"))
    return next((found for place in places if (found := text(first(place, "model_name", "model")))), None)


READER = Reader("langsmith", refuses, records)
