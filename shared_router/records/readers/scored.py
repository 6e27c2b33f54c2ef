"""Graded answers as people write them down: CSV, JSONL or Parquet with a prompt and its scores.

Either one row a prompt with `strong_score` and `weak_score`, or one row an answer with `model` and `score`.
`strong_model` and `weak_model` name the pair's models; without them they are "strong" and "weak".
"""

from __future__ import annotations

from typing import Any

from shared_router.records.files import Head, Row
from shared_router.records.measures import MEASURES, Measure
from shared_router.records.record import Reader, Record, first, number, parsed, seconds, text

PROMPT = ("prompt", "query", "question", "text")
_ALIASES: dict[Measure, tuple[str, ...]] = {
    "dollars": ("dollars", "cost", "cost_usd", "total_cost"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "latency_ms": ("latency_ms",),
}
_NO_SCORE = ("", "nan", "none", "null", "na", "n/a")
_ANSWER = ("answer", "response", "output", "completion")


def refuses(head: Head) -> str | None:
    """Return why these are no scores, or None."""
    if not head.columns & set(PROMPT):
        return "no 'prompt'"
    if {"strong_score", "weak_score"} <= head.columns or {"model", "score"} <= head.columns:
        return None
    return "neither 'strong_score' and 'weak_score' nor 'model' and 'score'"


def records(row: Row, head: Head) -> list[Record] | str:
    """Return the answers of a row."""
    prompt = text(first(row, *PROMPT))
    if prompt is None:
        return "a blank prompt"
    shared: dict[str, Any] = {
        "prompt": prompt,
        "domain": text(first(row, "domain", "task", "category")),
        "conversation": text(first(row, "conversation", "conversation_id", "session_id")),
        "time": seconds(first(row, "time", "timestamp")),
        "currency": text(row.get("currency")),
        "one_prompt": True,
    }
    if "strong_score" not in head.columns:
        model = text(row.get("model"))
        if model is None:
            return "no name of a model"
        return _answer(row, "", model, shared, key=first(row, "id") or prompt)
    strong = text(row.get("strong_model")) or "strong"
    weak = text(row.get("weak_model")) or "weak"
    if strong == weak:
        return "one model's name for both sides"
    key = text(row.get("id"))
    both = [
        _answer(row, f"{side}_", name, shared, key=key) for side, name in (("strong", strong), ("weak", weak))
    ]
    if all(isinstance(side, str) for side in both):
        return "no score that is a number"
    return [record for side in both if not isinstance(side, str) for record in side]


def _answer(row: Row, side: str, model: str, shared: dict[str, Any], *, key: Any) -> list[Record] | str:
    values = {name: number(first(row, *columns)) for name, columns in _NAMES[side].items()}
    if values["score"] is None and str(row.get(f"{side}score") or "").strip().lower() not in _NO_SCORE:
        return "a score that is no number"
    if all(value is None for value in values.values()):
        return "no score that is a number"
    samples = parsed(row.get(f"{side}samples"))
    samples = samples if isinstance(samples, list) else []
    return [
        Record(
            model=model,
            key=key,
            values=values,
            answer=text(first(row, *(f"{side}{name}" for name in _ANSWER))),
            samples=tuple(each for each in samples if isinstance(each, str))
            if isinstance(samples, list)
            else (),
            **shared,
        )
    ]


_NAMES = {
    side: {name: tuple(f"{side}{each}" for each in _ALIASES.get(name, (name,))) for name in MEASURES}
    for side in ("", "strong_", "weak_")
}
"""For each side and measure the columns it may stand in."""


READER = Reader("scored", refuses, records)
