"""Spans that follow OpenInference, as Phoenix exports them: a data frame saved as Parquet, CSV or JSONL.

Attributes stand in columns (`attributes.llm.model_name`) or nested under `attributes`; messages as a list, or
as OpenTelemetry has them, one attribute a part (`llm.input_messages.0.message.content`). Spans other than
calls of a model (kind "LLM") are left out. Grades are the `annotations` or `evaluations` of a span.
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
    items,
    mapping,
    milliseconds_between,
    number,
    parsed,
    seconds,
    text,
)


def refuses(head: Head) -> str | None:
    """Return why these are no such spans, or None."""
    if not any(_attribute(row, "openinference.span.kind") or "span_kind" in row for row in head.rows):
        return "no 'span_kind' or 'attributes.openinference.span.kind'"
    return (
        None if any(_model(row) for row in head.rows) else "no 'attributes.llm.model_name' in its first rows"
    )


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a span's prompt and answer."""
    kind = first(row, "span_kind") or _attribute(row, "openinference.span.kind")
    if kind != "LLM":
        return "a span that is no call of a model"
    if str(row.get("status_code", "")).upper().endswith("ERROR"):
        return "a request that failed"
    messages = _messages(row, "llm.input_messages")
    prompt = question_in(messages) or question_in(_attribute(row, "input.value"))
    model = _model(row)
    if has_image(messages):
        return "a message with an image or a file"
    if prompt is None:
        return "no text of a user"
    if model is None:
        return "no name of a model"
    trace = first(row, "context.trace_id") or mapping(row.get("context")).get("trace_id")
    return [
        Record(
            prompt=prompt,
            model=model,
            values=_values(row),
            scores=_grades(row),
            answer=answer_in(_messages(row, "llm.output_messages"))
            or answer_in(_attribute(row, "output.value")),
            conversation=text(_attribute(row, "session.id") or trace),
            time=seconds(row.get("start_time")),
        )
    ]


def _attribute(row: Row, name: str) -> Any:
    """Return an attribute, whether it stands in a column of its own or nested."""
    found = first(row, f"attributes.{name}", name)
    if found is not None:
        return found
    value: Any = _attributes(row)
    if name in value:
        return value[name]
    for part in name.split("."):
        value = parsed(value.get(part)) if isinstance(value, Mapping) else None
    return value


def _messages(row: Row, name: str) -> list[Any]:
    """Return messages from their list, or from the attributes of their parts."""
    if found := items(_attribute(row, name)):
        return found
    by_place: dict[int, dict[str, Any]] = {}
    for columns, prefix in ((row, f"attributes.{name}."), (row, f"{name}."), (_attributes(row), f"{name}.")):
        for column, value in columns.items():
            if not isinstance(column, str):
                continue
            place, _, part = column.removeprefix(prefix).partition(".")
            if column.startswith(prefix) and place.isdecimal() and isinstance(value, str) and value:
                message = by_place.setdefault(int(place), {})
                if part.startswith("message.contents."):
                    message.setdefault("message.contents", []).append({part.split(".", 3)[-1]: value})
                else:
                    message[part] = value
    return [by_place[place] for place in sorted(by_place)]


def _attributes(row: Row) -> Mapping[str, Any]:
    return mapping(row.get("attributes"))


def _model(row: Row) -> str | None:
    names = ("llm.model_name", "llm.response.model_name", "llm.request.model_name")
    return next((found for name in names if (found := text(_attribute(row, name)))), None)


def _values(row: Row) -> dict[Measure, float | None]:
    count = "llm.token_count."
    return {
        "input_tokens": number(_attribute(row, f"{count}prompt")),
        "output_tokens": number(_attribute(row, f"{count}completion")),
        "cached_input_tokens": number(_attribute(row, f"{count}prompt_details.cache_read")),
        "cache_write_tokens": number(_attribute(row, f"{count}prompt_details.cache_write")),
        "reasoning_tokens": number(_attribute(row, f"{count}completion_details.reasoning")),
        "dollars": number(_attribute(row, "llm.cost.total")),
        "latency_ms": milliseconds_between(row.get("start_time"), row.get("end_time")),
    }


def _grades(row: Row) -> dict[str, float]:
    found = {}
    for each in items(first(row, "annotations", "evaluations")):
        entry = mapping(each)
        score = number(first(entry, "score", "annotation.score", "evaluation.score"))
        if score is None:
            score = number(mapping(entry.get("result")).get("score"))
        name = text(first(entry, "name", "annotation.name", "evaluation.name"))
        if score is not None and name:
            found[name] = score
    return found


READER = Reader("openinference", refuses, records)
