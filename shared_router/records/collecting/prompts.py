"""A file of prompts to ask: text with one a line, or JSONL or CSV with a column `prompt`."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from shared_router.errors import DataError
from shared_router.records.column_names import in_known_names
from shared_router.records.csv_rows import delimiter_of, long_fields

_KNOWN = frozenset(("prompt", "reference", "domain"))


@dataclass(frozen=True, slots=True)
class PromptFile:
    """What a file holds.

    Attributes:
        prompts: The texts, n of them. Not in the repr.
        references: The right answer to each, or None; None where the file has none. Not in the repr.
        domains: What each prompt is about, likewise.
    """

    prompts: list[str] = field(repr=False)
    references: list[str | None] | None = field(repr=False)
    domains: list[str | None] | None = field(repr=False)


def read_prompts(path: str | Path) -> PromptFile:
    """Read prompts, and the columns `reference` and `domain` where they are there.

    Args:
        path: A `.jsonl` or `.csv` file with a column `prompt`, or any other file with one prompt a line.

    Raises:
        DataError: If the file is missing, is not in its format, or holds no prompt; the message names the
            line and quotes none.
    """
    path = Path(path)
    try:
        rows = list(_rows(path))
    except OSError as error:
        raise DataError(
            f"prompts must be in a file that can be read, and {path.absolute()} cannot"
        ) from error
    except csv.Error as error:
        raise DataError(f"{path} must be well-formed CSV: {error}") from error
    except UnicodeDecodeError as error:
        raise DataError(f"prompts must be in UTF-8, and {path} is not") from error
    if not rows:
        raise DataError(f"{path} must hold at least one prompt, got none")
    return PromptFile(
        [row["prompt"] for row in rows],
        *(
            [row.get(name) for row in rows] if any(row.get(name) for row in rows) else None
            for name in ("reference", "domain")
        ),
    )


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8-sig", newline="") as file:
        kind = path.suffix.lower()
        if kind == ".csv":
            with long_fields():
                yield from (_row(row, number) for number, row in enumerate(_table(file), 2))
        elif kind in (".jsonl", ".ndjson"):
            yield from (
                _row(_parsed(line, number), number) for number, line in enumerate(file, 1) if line.strip()
            )
        else:
            yield from ({"prompt": line.rstrip("\r\n")} for line in file if line.strip())


def _table(file: TextIO) -> Iterator[dict[str, Any]]:
    header = file.readline()
    file.seek(0)
    rows = csv.DictReader(file, delimiter=delimiter_of(header))
    columns = frozenset(rows.fieldnames or ())
    return (dict(in_known_names(row, columns, _KNOWN)) for row in rows)


def _parsed(line: str, number: int) -> object:
    try:
        return json.loads(line)
    except (ValueError, RecursionError) as error:
        raise DataError(f"line {number}: a row must be JSON") from error


def _row(row: object, number: int) -> dict[str, Any]:
    prompt = row.get("prompt") if isinstance(row, dict) else None
    if not isinstance(row, dict) or not isinstance(prompt, str) or not prompt.strip():
        raise DataError(f"line {number}: a row must have a column prompt that is text and not blank")
    if None in row:  # where the csv module puts what a comma without quotes cut off
        raise DataError(
            f"line {number}: a row must have as many fields as the header; quote texts with commas"
        )
    kept: dict[str, Any] = {"prompt": prompt}
    for name in ("reference", "domain"):
        value = row.get(name)
        # an answer key is often a bare number
        kept[name] = None if value is None or value == "" else str(value)
    return kept
