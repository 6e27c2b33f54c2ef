"""The prompts of logs, whatever wrote them: any format of records, or a text with one prompt a line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from shared_router.errors import DataError

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
    from shared_router.records.reading import read_records

    for path in paths:
        if format is None and Path(path).suffix.lower() in _TEXTS:
            yield from ({"prompt": prompt} for prompt in read_prompts(path).prompts)
            continue
        for records in read_records(path, format=format):
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
