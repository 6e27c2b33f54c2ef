"""Inspect: `samples_df()` saved as Parquet or CSV.

The model is the column `model`, or else the one in `model_usage`. Models are joined by task, id and input;
epochs are further answers, whose scores are averaged. Each `score_<scorer>` is a score of its own; C, P and
I or N are 1, one half and 0, as in Inspect.
"""

from __future__ import annotations

from typing import Any

from shared_router.records.chat_text import question_in
from shared_router.records.files import Head, Row
from shared_router.records.measures import Measure
from shared_router.records.record import Reader, Record, first, mapping, number, parsed, text

_LETTERS = {"C": 1.0, "P": 0.5, "I": 0.0, "N": 0.0}
_PREFIX = "score_"


def refuses(head: Head) -> str | None:
    """Return why these are not Inspect's samples, or None."""
    if missing := head.lacks("sample_id", "epoch", "input"):
        return missing
    return None if {"model", "model_usage"} & head.columns else "no 'model' or 'model_usage'"


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return one model's answer to one sample."""
    if text(row.get("error")):
        return "a request that failed"
    usages = mapping(row.get("model_usage"))
    model = text(row.get("model")) or (next(iter(usages)) if len(usages) == 1 else None)
    if model is None:
        return "several models in one sample" if usages else "no name of a model"
    prompt = question_in(row.get("input"))
    if prompt is None:
        return "no text of a user"
    scores = {
        name.removeprefix(_PREFIX): grade
        for name, value in row.items()
        if name.startswith(_PREFIX) and (grade := _grade(value)) is not None
    }
    task = text(first(row, "task_name", "task"))
    return [
        Record(
            prompt=prompt,
            model=model,
            key=(task, text(row.get("id")), prompt),
            values=_values(row, mapping(usages.get(model))),
            scores=scores,
            answer=text(first(row, "output", "answer")),
            domain=task,
        )
    ]


def _grade(value: Any) -> float | None:
    if isinstance(value, str) and value.strip() in _LETTERS:
        return _LETTERS[value.strip()]
    value = parsed(value)
    if isinstance(value, dict):
        value = value.get("value")
        return _LETTERS.get(value) if isinstance(value, str) else number(value)
    return number(value)


def _values(row: Row, usage: Any) -> dict[Measure, float | None]:
    sent, read = number(usage.get("input_tokens")), number(usage.get("input_tokens_cache_read"))
    written = number(usage.get("input_tokens_cache_write"))
    seconds_taken = number(first(row, "working_time", "total_time"))
    return {
        # Inspect counts cached tokens apart
        "input_tokens": None if sent is None else sent + (read or 0) + (written or 0),
        "output_tokens": number(usage.get("output_tokens")),
        "cached_input_tokens": read,
        "cache_write_tokens": written,
        "reasoning_tokens": number(usage.get("reasoning_tokens")),
        "dollars": number(usage.get("total_cost")),
        "latency_ms": None if seconds_taken is None else seconds_taken * 1000,
    }


READER = Reader("inspect", refuses, records)
