"""The rows of any file of records, whatever it is written in; what they mean is a reader's business.

JSONL, a JSON document, CSV or TSV, Parquet, each but the last also as `.gz` or `.zst`: told by the bytes,
not by the name. Rows are streamed. Nothing is ever unpickled.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from shared_router.errors import DataError, MissingExtraError
from shared_router.records.csv_rows import MAX_ROW_CHARS, csv_header, csv_rows
from shared_router.records.json_stream import ROW_LISTS, document_rows
from shared_router.records.unpacked import DAMAGED, DAMAGES, opened

Row = Mapping[str, Any]
Kind = Literal["jsonl", "json", "csv", "parquet"]

HEAD_ROWS = 20

_UNPACKED_BYTES = 256 * 1024 * 1024
"""About how much of a Parquet column is unpacked at a time."""

_PARQUET = b"PAR1"
_REFUSED = {
    b"\x80\x02": "a pickle can run any code and is never read; save it as Parquet or CSV",
    b"\x80\x03": "a pickle can run any code and is never read; save it as Parquet or CSV",
    b"\x80\x04": "a pickle can run any code and is never read; save it as Parquet or CSV",
    b"\x80\x05": "a pickle can run any code and is never read; save it as Parquet or CSV",
    b"PK": "an archive must be unpacked first; of Inspect's .eval, save samples_df() as Parquet or CSV",
    b"BZ": "a bzip2 file must be unpacked first, or packed as .gz or .zst",
}


@dataclass(frozen=True, slots=True)
class Head:
    """The beginning of a file, by which a reader knows its format.

    Attributes:
        path: The file.
        kind: What it is written in.
        rows: Its first rows.
        columns: The names that stand in them.
        beside: What stands beside the rows of a JSON document.
        faults: What is wrong with the rows at its beginning that could not be read.
    """

    path: Path
    kind: Kind
    rows: tuple[Row, ...]
    columns: frozenset[str]
    beside: Mapping[str, Any]
    faults: tuple[str, ...] = ()

    def lacks(self, *columns: str) -> str | None:
        """Return a reason that names the columns which are not there, or None."""
        missing = [name for name in columns if name not in self.columns]
        return f"no {' or '.join(repr(name) for name in missing)}" if missing else None


def read_head(path: Path) -> Head:
    """Return a file's beginning.

    Raises:
        DataError: If it is no file of rows.
        MissingExtraError: If it is Parquet and pyarrow is not installed.
    """
    beside: dict[str, Any] = {}
    kind = kind_of(path)
    with closing(_rows(path, kind, beside)) as stream:
        found = list(islice(stream, HEAD_ROWS))
    rows = tuple(row for row in found if not isinstance(row, str))
    columns = frozenset(name for row in rows for name in row)
    faults = tuple(dict.fromkeys(row for row in found if isinstance(row, str)))
    return Head(path, kind, rows, columns, beside, faults)


def read_rows(head: Head, *, file: IO[bytes] | None = None) -> Generator[Row | str, None, None]:
    """Yield all rows of a file, or for a bad one what is wrong with it.

    Args:
        head: The file's beginning.
        file: The file itself, open at its beginning, for who wants to know how far it is read; no Parquet.

    Raises:
        DataError: If the file is damaged so that nothing after it can be trusted.
    """
    yield from _rows(head.path, head.kind, {}, file)


def csv_columns(path: Path) -> list[str]:
    """Return the names that a table's first row gives its columns, also where no other row follows.

    Raises:
        DataError: If it is no CSV file.
    """
    reason = ""
    with opened(path) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="") as file:
        try:
            return csv_header(file)
        except UnicodeDecodeError:
            reason = "text must be UTF-8; save the file as UTF-8"
        except csv.Error as error:
            reason = f"line 1: a row must be well-formed CSV: {error}"
        except DataError as error:
            reason = str(error)
        except DAMAGES:
            reason = DAMAGED
    raise DataError(f"{path.name}: {reason}")  # not chained: a parser's error carries the text it failed on


def kind_of(path: Path) -> Kind:
    """Return what a file is written in, told by its bytes.

    Raises:
        DataError: If it is empty, damaged, or of a kind that is never read.
    """
    try:
        with open(path, "rb") as file:
            magic = file.read(4)
    except OSError as error:
        raise DataError(f"{path.name}: the file must be readable: {error.strerror}") from error
    for start, refusal in _REFUSED.items():
        if magic.startswith(start):
            raise DataError(f"{path.name}: {refusal}")
    if magic == _PARQUET:
        return "parquet"
    with opened(path) as raw:
        try:
            start = raw.read(1 << 16)
            rest = raw.read(1)
        except DAMAGES as error:
            raise DataError(f"{path.name}: {DAMAGED}") from error
    text = start.removeprefix(b"\xef\xbb\xbf").lstrip()
    if not text:
        raise DataError(f"{path.name}: a file of records must not be empty")
    if text[:1] == b"[":
        return "json"
    if text[:1] != b"{":
        return "csv"
    if rest and b"\n" not in text:
        return "json" if _holds_row_list(path) else "jsonl"
    return _kind_of_objects(text, bool(rest))


def rows_at_a_time(metadata: Any) -> int:
    """Return how many rows to unpack at a time: one long text may stand for many rows of a small file.

    No value is longer than its column's part of a row group is when only its compression is undone.

    Args:
        metadata: A Parquet file's, as pyarrow reads it.
    """
    parts = [metadata.row_group(group) for group in range(metadata.num_row_groups)]
    sizes = [part.column(at).total_uncompressed_size for part in parts for at in range(part.num_columns)]
    return int(min(1024, max(8, _UNPACKED_BYTES // max([1, *sizes]))))


def _rows(
    path: Path, kind: Kind, beside: dict[str, Any], source: IO[bytes] | None = None
) -> Generator[Row | str, None, None]:
    if kind == "parquet":
        yield from _parquet_rows(path)
        return
    with opened(path, source) as raw, io.TextIOWrapper(raw, "utf-8-sig", newline="", errors="strict") as file:
        reason = ""
        try:
            if kind == "jsonl":
                yield from _jsonl_rows(file)
            elif kind == "json":
                yield from document_rows(file, max_row_chars=MAX_ROW_CHARS, beside=beside)
            else:
                yield from csv_rows(file)
        except UnicodeDecodeError:
            reason = "text must be UTF-8; save the file as UTF-8"
        except DataError as error:
            reason = str(error)
        except DAMAGES:
            reason = DAMAGED
    if reason:  # not chained: a parser's error carries the text it failed on
        raise DataError(f"{path.name}: {reason}")


def _kind_of_objects(text: bytes, goes_on: bool) -> Kind:
    """Tell one object a line from one object: a whole first line with more behind it is a row."""
    first, _, others = text.partition(b"\n")
    try:
        value = json.loads(first)
    except ValueError:
        return "json"  # an object that is spread over lines
    alone = not others.strip() and not goes_on
    is_document = isinstance(value, dict) and any(
        isinstance(value.get(name), (list, dict)) for name in ROW_LISTS
    )
    return "json" if alone and is_document else "jsonl"


def _holds_row_list(path: Path) -> bool:
    """Say whether a very long first line is an object in which rows stand, rather than one row."""
    with opened(path) as raw, io.TextIOWrapper(raw, "utf-8-sig", errors="replace") as file:
        try:
            return next(document_rows(file, max_row_chars=MAX_ROW_CHARS, beside={}), None) is not None
        except DataError:
            return False


def _jsonl_rows(file: io.TextIOWrapper) -> Iterator[Row | str]:
    while line := file.readline(MAX_ROW_CHARS + 1):
        if len(line) > MAX_ROW_CHARS:
            while line and not line.endswith("\n"):
                line = file.readline(1 << 20)
            yield f"a line of more than {MAX_ROW_CHARS} characters"
            continue
        if line.isspace():
            continue
        try:
            row = json.loads(line)
        except (ValueError, RecursionError):
            yield "a line that is no JSON"
            continue
        yield row if isinstance(row, dict) else "a line that is no JSON object"


def _parquet_rows(path: Path) -> Iterator[Row | str]:
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-untyped]
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    damaged = False
    try:
        with parquet.ParquetFile(path) as table:
            for batch in table.iter_batches(batch_size=rows_at_a_time(table.metadata)):
                yield from batch.to_pylist()
    except (ArrowException, OSError, UnicodeDecodeError):
        damaged = True
    if damaged:
        raise DataError(f"{path.name}: a Parquet file must be readable as Parquet")
