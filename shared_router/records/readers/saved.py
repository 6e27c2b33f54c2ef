"""Files that `Outcomes.to_jsonl` and `Outcomes.to_parquet` wrote."""

from __future__ import annotations

from typing import cast

from shared_router.records.files import Head, Row
from shared_router.records.measures import MEASURES
from shared_router.records.record import Reader, Record, number, text

ANSWERS = "outcomes"
"""The column that holds a prompt's answers, one object a model."""


def refuses(head: Head) -> str | None:
    """Return why these are no saved outcomes, or None."""
    return head.lacks("prompt", ANSWERS)


def records(row: Row, _head: Head) -> list[Record] | str:
    """Return a prompt alone and then its answers, so that one that nobody answered stays."""
    prompt, answers = row["prompt"], row[ANSWERS]
    if not isinstance(prompt, str) or not isinstance(answers, list):
        return "no text or no list of answers"
    alone = Record(
        prompt=prompt,
        domain=row.get("domain"),
        conversation=row.get("conversation"),
        time=number(row.get("time")),
    )
    return [
        alone,
        *(
            Record(
                model=text(answer.get("model")) or "",
                values={name: number(answer.get(name)) for name in MEASURES},
                answer=cast("str | None", answer.get("answer")),
                samples=tuple(answer.get("samples") or ()),
            )
            for answer in answers
            if isinstance(answer, dict)
        ),
    ]


READER = Reader("saved", refuses, records)
