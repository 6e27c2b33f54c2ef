"""Prompts alone, before anything was asked: JSONL, CSV or Parquet with a column `prompt`.

What else may stand there are a right answer (`reference`), a domain, an id, a time and a conversation. A file
with any other column is of another kind, and is not read as if that column were not there.
"""

from __future__ import annotations

from shared_router.records.column_names import in_known_names, known_names
from shared_router.records.files import Head, Row
from shared_router.records.readers.scored import CONVERSATION, DOMAIN, MESSAGES, PROMPT, TIME, asked_in
from shared_router.records.record import Reader, Record, first, seconds, text

_KNOWN = frozenset((*PROMPT, MESSAGES, *DOMAIN, *CONVERSATION, *TIME, "id", "reference"))


def refuses(head: Head) -> str | None:
    """Return why these are no prompts alone, or None."""
    columns = known_names(head.columns, _KNOWN) - {""}
    if not holds_prompts(head):
        return "no 'prompt'"
    others = sorted(columns - _KNOWN)
    return f"further columns than prompts alone have: {', '.join(others[:5])}" if others else None


def holds_prompts(head: Head) -> bool:
    """Say whether a file has a column of prompts, whatever else it has."""
    return bool(known_names(head.columns, _KNOWN) & {*PROMPT, MESSAGES})


def records(row: Row, head: Head) -> list[Record] | str:
    """Return the prompt of a row."""
    row = in_known_names(row, head.columns, _KNOWN)
    prompt, messages = asked_in(row)
    if prompt is None:
        return "a blank prompt"
    return [
        Record(
            prompt=prompt,
            domain=text(first(row, *DOMAIN)),
            conversation=text(first(row, *CONVERSATION)),
            time=seconds(first(row, *TIME)),
            messages=messages,
            reference=text(row.get("reference")),
        )
    ]


READER = Reader("prompts", refuses, records)
