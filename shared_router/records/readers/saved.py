"""Files that `Outcomes.to_jsonl` and `Outcomes.to_parquet` wrote."""

from __future__ import annotations

from typing import Any

from shared_router.records.chat_text import conversation_in
from shared_router.records.files import Head, Row
from shared_router.records.measures import MEASURES
from shared_router.records.record import Reader, Record, items, number

ANSWERS = "outcomes"
"""The column that holds a prompt's answers, one object a model."""


def refuses(head: Head) -> str | None:
    """Return why these are no saved outcomes, or None."""
    return head.lacks("prompt", ANSWERS)


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a prompt alone and then its answers, so that one that nobody answered stays."""
    prompt, answers = row.get("prompt"), row.get(ANSWERS)
    if not isinstance(prompt, str) or not isinstance(answers, list):
        return "no text or no list of answers"
    alone = Record(
        prompt=prompt,
        domain=_text(row.get("domain")),
        conversation=_text(row.get("conversation")),
        time=number(row.get("time")),
        messages=conversation_in(row.get("messages")),
    )
    return [alone, *(_answer(answer) for answer in answers if isinstance(answer, dict))]


def _answer(answer: Row) -> Record:
    return Record(
        model=_text(answer.get("model")) or "",
        values={name: number(answer.get(name)) for name in MEASURES},
        answer=_text(answer.get("answer")),
        samples=tuple(each for each in items(answer.get("samples")) if isinstance(each, str)),
        sample_scores=tuple(
            score for each in items(answer.get("sample_scores")) if (score := number(each)) is not None
        ),
    )


def _text(value: Any) -> str | None:
    """Return a text as it is: what was saved may be blank."""
    return value if isinstance(value, str) else None


READER = Reader("saved", refuses, records)
