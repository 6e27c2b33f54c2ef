"""Graded answers as people write them down: CSV, JSONL or Parquet with a prompt and its scores.

Either one row a prompt with `strong_score` and `weak_score`, or one row an answer with `model` and `score`.
Tokens or a cost may stand there without scores, as in a log that nobody has graded.
`strong_model` and `weak_model` name the pair's models; without them they are "strong" and "weak". One of the
two scores alone is one model's grades. Names of columns may be in other letters: `Prompt`, `Strong score`.
"""

from __future__ import annotations

from typing import Any

from shared_router.messages import PlainMessage
from shared_router.records.chat_text import conversation_in, question_in
from shared_router.records.column_names import in_known_names, known_names
from shared_router.records.files import Head, Row
from shared_router.records.measures import MEASURES, Measure
from shared_router.records.record import Reader, Record, first, number, parsed, seconds, text

PROMPT = ("prompt", "query", "question", "text")
MESSAGES = "messages"
"""A column of conversations, where there is none of prompts."""

_ALIASES: dict[Measure, tuple[str, ...]] = {
    "dollars": ("dollars", "cost", "cost_usd", "total_cost"),
    "input_tokens": ("input_tokens", "prompt_tokens"),
    "output_tokens": ("output_tokens", "completion_tokens"),
    "latency_ms": ("latency_ms",),
}
_NO_SCORE = ("", "nan", "none", "null", "na", "n/a")
_ANSWER = ("answer", "response", "output", "completion")
DOMAIN = ("domain", "task", "category")
CONVERSATION = ("conversation", "conversation_id", "session_id")
TIME = ("time", "timestamp")
_SIDES = frozenset(("strong_score", "weak_score"))


def refuses(head: Head) -> str | None:
    """Return why these are no scores, or None."""
    columns = known_names(head.columns, _KNOWN)
    if not columns & {*PROMPT, MESSAGES}:
        return "no 'prompt'"
    if {"routed", "propensity"} <= columns:
        return "a decision log"
    if _SIDED & columns or {"model", "score"} <= columns:
        return None
    if "model" in columns and _MEASURED & columns and columns & {*PROMPT}:  # messages are some tool's log
        return None
    return "neither 'strong_score' and 'weak_score' nor 'model' and 'score', and no tokens or cost for them"


def records(row: Row, head: Head) -> list[Record] | str:
    """Return the answers of a row."""
    row, columns = in_known_names(row, head.columns, _KNOWN), known_names(head.columns, _KNOWN)
    prompt, messages = asked_in(row)
    if prompt is None:
        return "a blank prompt"
    shared: dict[str, Any] = {
        "prompt": prompt,
        "domain": text(first(row, *DOMAIN)),
        "conversation": text(first(row, *CONVERSATION)),
        "time": seconds(first(row, *TIME)),
        "currency": text(row.get("currency")),
        "one_prompt": True,
        "messages": messages,
    }
    if not columns >= _SIDES and (columns >= {"model", "score"} or not columns & _SIDED):
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
        return "no score that is a number" if columns & _SIDES else "no tokens or cost that are numbers"
    return [record for side in both if not isinstance(side, str) for record in side]


def asked_in(row: Row) -> tuple[str | None, list[PlainMessage] | None]:
    """Return the text that is routed, and the conversation that it ends where the row holds one."""
    asked = first(row, *PROMPT)
    if asked is None:
        asked = parsed(row.get(MESSAGES))
    if isinstance(asked, (list, dict)):
        return question_in(asked), conversation_in(asked)
    return text(asked), None


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

_MEASURED = frozenset(name for names in _NAMES[""].values() for name in names)
_SIDED = frozenset(name for side in ("strong_", "weak_") for names in _NAMES[side].values() for name in names)
_KNOWN = frozenset(
    (
        *(*PROMPT, MESSAGES, *DOMAIN, *CONVERSATION, *TIME, "id", "currency"),
        *(name for names in _NAMES.values() for each in names.values() for name in each),
        *(f"{side}{name}" for side in _NAMES for name in ("model", "samples", *_ANSWER)),
    )
)


READER = Reader("scored", refuses, records)
