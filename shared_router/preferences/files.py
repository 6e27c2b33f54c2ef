"""Rows of preference data from files: JSONL, CSV and Parquet, read one row at a time, and JSON lists.

What a row must hold is `preference_rows`' business; here a row is any mapping. A reader yields where the
row stands and the row, or where it stands and what is wrong with it. What damages a whole file (bytes
that are no such file, a quote that is never closed) raises at once: nothing after it can be trusted.

No error here is raised `from` the parser's own: those carry the text they failed on.
"""

import csv
import json
from collections.abc import Collection, Generator, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO

from shared_router.checkpoints.strict_json import parse_strict_json
from shared_router.choices import shown
from shared_router.errors import DataError, InvalidInputError, MissingExtraError

Row = Mapping[str, Any]
Numbered = tuple[str, Row | str]
"""Where a row stands, as a reader would look it up, and the row or what is wrong with it."""


_GRADE_WORDS = ("score", "grade", "correct", "rating")
_OF_BATTLES = frozenset(("model_a", "model_b", "winner"))


def read_file(
    path: str | Path, *, columns: Sequence[Sequence[str]], max_row_bytes: int
) -> Generator[Numbered, None, None]:
    """Yield the rows of a file in the format that its name ends in.

    Args:
        path: A file named `.jsonl`, `.json`, `.csv` or `.parquet`. A `.json` file holds one list of rows, as
            RouteLLM's training data do, and is read whole.
        columns: The columns it must have, each under one of some names; a JSONL row is checked for them
            later, one by one.
        max_row_bytes: The longest line of a JSONL or row of a CSV file, in bytes; a longer one is never
            read whole.

    Yields:
        `("line 3", row)`, lines counted from 1, or `("row 3", row)` from 0 for Parquet and JSON lists.

    Raises:
        DataError: If the file is damaged, or a column is missing or stands there twice.
        InvalidInputError: If the name ends in none of the four.
        MissingExtraError: If a Parquet file is to be read without pyarrow.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in (".jsonl", ".json", ".csv", ".parquet"):
        raise InvalidInputError(
            f"a preference file must be .jsonl, .json, .csv or .parquet, got {shown(suffix)}"
        )
    with open(path, "rb") as file:
        if suffix == ".jsonl":
            yield from _read_jsonl(file, max_row_bytes)
        elif suffix == ".json":
            yield from _read_json_list(file)
        elif suffix == ".csv":
            yield from _read_csv(file, columns, max_row_bytes)
        else:
            yield from _read_parquet(file, columns)


def check_columns(found: Sequence[object], needed: Sequence[Sequence[str]]) -> None:
    """Check that the columns needed are there, and none twice.

    Raises:
        DataError: If one is missing, or any stands there twice.
    """
    names = sorted(str(name) for name in found)
    for column, *stand_ins in needed:
        if column not in found and not set(stand_ins) & set(found):
            fix = ", or, where the file holds graded answers, use PreferenceData.from_correctness"
            fix = fix if is_graded(names) else ""
            raise DataError(f"column {column!r} must be there, got {names[:20]}; name it with columns{fix}")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise DataError(f"no column may stand there twice, got {twice[:20]}")


def is_graded(names: Collection[object]) -> bool:
    """Say whether columns may be those of graded answers: named so, or with none that only a battle has."""
    words = [str(name).lower() for name in names]
    return _OF_BATTLES.isdisjoint(words) or any(grade in word for word in words for grade in _GRADE_WORDS)


def _read_jsonl(file: BinaryIO, max_row_bytes: int) -> Generator[Numbered, None, None]:
    number = 0
    while line := file.readline(max_row_bytes + 1):
        number += 1
        if number == 1:
            line = line.removeprefix(b"\xef\xbb\xbf")
        if len(line) > max_row_bytes:
            _skip_line(file, line)
            yield f"line {number}", f"a line must be at most {max_row_bytes} bytes"
        elif line.strip():
            yield f"line {number}", _parse_line(line)


def _skip_line(file: BinaryIO, line: bytes) -> None:
    while line and not line.endswith(b"\n"):
        line = file.readline(1 << 16)


def _parse_line(line: bytes) -> Row | str:
    try:
        row = parse_strict_json(line.decode("utf-8"))
    except UnicodeDecodeError as error:
        return f"a line must be UTF-8, and its byte {error.start} is not"
    except json.JSONDecodeError as error:
        return f"a line must be JSON, and it is not from column {error.colno}"
    except RecursionError:
        return "a line must not nest this deep"
    except ValueError:  # not chained: its text may quote the line
        return "a line must have unique keys and finite numbers"
    return row if isinstance(row, dict) else f"a line must be a JSON object, got {type(row).__name__}"


def _read_json_list(file: BinaryIO) -> Generator[Numbered, None, None]:
    try:
        rows, reason = parse_strict_json(file.read().decode("utf-8-sig")), ""
    except UnicodeDecodeError as error:
        reason = f"it must be UTF-8, and its byte {error.start} is not"
    except json.JSONDecodeError as error:
        lines = "; name a file of one object a line .jsonl" if error.msg == "Extra data" else ""
        reason = f"it is not JSON from line {error.lineno}, column {error.colno}{lines}"
    except RecursionError:
        reason = "it must not nest this deep"
    except ValueError:  # not chained: its text may quote the file
        reason = "it must have unique keys and finite numbers"
    if not reason and not isinstance(rows, list):
        reason = f"got {type(rows).__name__}"
    if reason:
        raise DataError(f"a .json file must be one list of rows: {reason}")
    for number, row in enumerate(rows):
        is_row = isinstance(row, dict)
        yield f"row {number}", row if is_row else f"a row must be a JSON object, got {type(row).__name__}"


class _Lines:
    """The decoded lines of a CSV file, with a bound on what one row may swallow.

    A quote that is never closed takes every following line into one field without an error.
    """

    def __init__(self, file: BinaryIO, max_row_bytes: int) -> None:
        self.file = file
        self.max_row_bytes = max_row_bytes
        self.number = 0
        self.row_bytes = 0

    def __iter__(self) -> Iterator[str]:
        while line := self.file.readline(self.max_row_bytes + 1):
            self.number += 1
            self.row_bytes += len(line)
            if self.row_bytes > self.max_row_bytes:
                raise DataError(
                    f"line {self.number}: a row must be at most {self.max_row_bytes} bytes; "
                    "look for a quote that is not closed"
                )
            try:
                text = line.decode("utf-8-sig" if self.number == 1 else "utf-8")
            except UnicodeDecodeError as error:
                reason = f"a line must be UTF-8, and its byte {error.start} is not"
            else:
                reason = "a line must hold no NUL character" if "\0" in text else ""
            if reason:
                raise DataError(f"line {self.number}: {reason}")
            yield text


def _read_csv(
    file: BinaryIO, columns: Sequence[Sequence[str]], max_row_bytes: int
) -> Generator[Numbered, None, None]:
    lines = _Lines(file, max_row_bytes)
    reader = csv.reader(lines, strict=True)
    header: list[str] | None = None
    while True:
        lines.row_bytes, start = 0, lines.number + 1
        reason = ""
        try:
            fields = next(reader, None)
        except csv.Error as error:
            reason = str(error)
        if reason:
            raise DataError(f"line {start}: a row must be well-formed CSV: {reason}")
        if fields is None:
            break
        if header is None:
            check_columns(fields, columns)
            header = fields
        elif len(fields) == len(header):
            yield f"line {start}", dict(zip(header, fields, strict=True))
        elif fields:  # an empty line is no row
            yield f"line {start}", f"a row must have {len(header)} fields, got {len(fields)}"
    if header is None:
        raise DataError("line 1: a CSV file must begin with the names of its columns")


def _read_parquet(file: BinaryIO, columns: Sequence[Sequence[str]]) -> Generator[Numbered, None, None]:
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    number, damaged = 0, False
    try:
        with parquet.ParquetFile(file) as table:
            check_columns(table.schema_arrow.names, columns)
            for batch in table.iter_batches(batch_size=1024):
                for row in batch.to_pylist():
                    yield f"row {number}", row
                    number += 1
    except (ArrowException, OSError, UnicodeDecodeError):
        damaged = True
    if damaged:
        raise DataError(f"row {number}: a .parquet file must be readable as Parquet")
