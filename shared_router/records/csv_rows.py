"""The rows of a table whose columns are parted by commas, or by what else spreadsheets write."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from typing import TYPE_CHECKING, Any

from shared_router.errors import DataError

if TYPE_CHECKING:
    from _csv import Reader

MAX_ROW_CHARS = 64 * 1024 * 1024
"""The longest row that is read, in characters."""


def csv_rows(file: io.TextIOWrapper) -> Iterator[Mapping[str, Any] | str]:
    """Yield a table's rows, or for a bad one what is wrong with it.

    Raises:
        DataError: If it is no table.
        UnicodeDecodeError: If it is no UTF-8.
    """
    reader = _csv_reader(file)
    header: list[str] = []
    reason = ""
    with long_fields():
        try:
            for fields in reader:
                if not header:
                    header = _checked_header(fields)
                elif len(fields) == len(header):
                    yield dict(zip(header, fields, strict=True))
                elif fields:
                    yield "a row with another number of fields than the header"
        except csv.Error as error:
            reason = str(error)
    if reason:
        raise DataError(f"line {reader.line_num}: a row must be well-formed CSV: {reason}")


def csv_header(file: io.TextIOWrapper) -> list[str]:
    """Return the names that a table's first row gives its columns, also where no other row follows.

    Raises:
        csv.Error: If the row is no CSV.
        DataError: If two columns have one name.
    """
    with long_fields():
        return _checked_header(next(_csv_reader(file), []))


def delimiter_of(header: str) -> str:
    """Return what parts a table's columns: whichever of `,`, tab, `;` and `|` its header holds most of."""
    return max(",\t;|", key=header.count)


@contextmanager
def long_fields() -> Iterator[None]:
    """Let the csv module read answers longer than its usual 131,072 characters."""
    before = csv.field_size_limit(MAX_ROW_CHARS)
    try:
        yield
    finally:
        csv.field_size_limit(before)


def _csv_reader(file: io.TextIOWrapper) -> Reader:
    first = next((line for line in iter(lambda: file.readline(MAX_ROW_CHARS), "") if line.strip()), "")
    delimiter = delimiter_of(first)
    if first.lower().startswith("sep=") and len(first.strip()) == 5:  # a line for spreadsheets
        delimiter, first = first[4], file.readline(MAX_ROW_CHARS)
    return csv.reader(chain([first], _bounded_lines(file)), delimiter=delimiter, strict=True)


def _bounded_lines(file: io.TextIOWrapper) -> Iterator[str]:
    """Yield lines, and read no further into one than a row may be long."""
    while line := file.readline(MAX_ROW_CHARS + 1):
        if len(line) > MAX_ROW_CHARS:
            raise DataError(f"a line may have {MAX_ROW_CHARS} characters, and one has more")
        yield line


def _checked_header(fields: list[str]) -> list[str]:
    names = [name.strip() for name in fields]
    named = [name for name in names if name]  # spreadsheets leave empty columns at the end
    if len(set(named)) < len(named):
        raise DataError("no column may stand there twice in a CSV file")
    return names
