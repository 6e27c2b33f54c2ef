"""The prompts of logs: any format of records, a table that has prompts, or a text with one a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from shared_router.errors import DataError, FormatError

if TYPE_CHECKING:
    from shared_router.records.record import Record

_TEXTS = (".txt", ".text")


@dataclass(frozen=True, slots=True)
class Log:
    """What logs hold.

    Attributes:
        rows: The distinct prompts in the order in which they first stand there, each with its `prompt` and,
            where they are known, its `reference` and `domain`. Not in the repr.
        left_out: How many rows were left out, by reason.
    """

    rows: list[dict[str, str]] = field(repr=False)
    left_out: dict[str, int]


def read_log(paths: Sequence[str], *, format: str | None = None) -> Log:  # noqa: A002 - as the command's
    """Read the prompts of one log or several; what was answered and how it was graded does not matter.

    Args:
        paths: Files or folders; a `.txt` holds one prompt a line.
        format: As in `read_outcomes`.

    Raises:
        FormatError: If no reader knows a file; the message says why each refused.
        DataError: If a file is damaged or no prompt is left.
    """
    rows: dict[str, dict[str, str]] = {}
    left_out: Counter[str] = Counter()
    for found in _found(paths, format):
        if isinstance(found, str):
            left_out[found] += 1
        elif found["prompt"] not in rows:
            rows[found["prompt"]] = found
    if not rows:
        counts = ", ".join(f"{count} x {reason}" for reason, count in left_out.most_common())
        raise DataError(f"a log must hold a prompt, got none; left out: {counts or 'nothing'}")
    return Log(list(rows.values()), dict(left_out.most_common()))


def _found(paths: Sequence[str], format: str | None) -> Iterator[dict[str, str] | str]:  # noqa: A002
    from shared_router.records.collecting.prompts import read_prompts

    for path in paths:
        if format is None and Path(path).suffix.lower() in _TEXTS:
            yield from ({"prompt": prompt} for prompt in read_prompts(path).prompts)
            continue
        for records in _records(path, format):
            if isinstance(records, str):
                yield records
                continue
            for record in records:
                if record.prompt is None:
                    continue
                if not record.prompt.strip():
                    yield "a blank prompt"
                    continue
                told = {"prompt": record.prompt, "reference": record.reference, "domain": record.domain}
                yield {name: value for name, value in told.items() if value is not None}


def _records(path: str, format: str | None) -> Iterator[list[Record] | str]:  # noqa: A002
    """Yield what each row holds; in a format that nobody knows, what its column of prompts does."""
    from shared_router.records.files import read_head, read_rows
    from shared_router.records.readers import prompts
    from shared_router.records.reading import read_records

    try:
        yield from read_records(path, format=format)
    except FormatError:  # before its first row
        head = read_head(Path(path)) if format is None and Path(path).is_file() else None
        if head is None or not head.rows or not prompts.holds_prompts(head):
            raise
        for row in read_rows(head):
            yield row if isinstance(row, str) else prompts.records(row, head)
