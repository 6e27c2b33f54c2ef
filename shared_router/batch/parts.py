"""What one process reads at a time of a file of rows: some row groups, some bytes, or all of it."""

from __future__ import annotations

import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from shared_router.batch.scorer import no_column
from shared_router.errors import DataError, MissingExtraError
from shared_router.records.files import MAX_ROW_CHARS, Kind, Row, read_head, read_rows

PART_BYTES = 8 * 1024 * 1024
"""Of lines of JSON: some ten thousand prompts, seconds of one process; so much a kill can cost."""

PART_ROWS = 16_384
"""Of Parquet, whose row groups are never cut."""

BATCH = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file.

    Attributes:
        path: The file.
        kind: What it is written in.
        number: Which part of the file it is, from 0.
        start: Where it begins, in bytes or row groups; 0 for a file that is read whole.
        stop: Where it ends, the first that is not in it; -1 at the file's end.
        n_bytes: About how much of the file it is, for progress.
    """

    path: Path
    kind: Kind
    number: int
    start: int
    stop: int
    n_bytes: int


def parts_of(
    path: Path, *, column: str, keep: Sequence[str] = (), part_bytes: int = PART_BYTES
) -> list[Part]:
    """Cut a file into parts, in order.

    Args:
        path: A file that `records.files` reads.
        column: A column that it must have.
        keep: Others that it must have.
        part_bytes: How many bytes of JSON lines make a part, at least.

    Raises:
        DataError: If it is no file of rows, or lacks a column.
        MissingExtraError: If it is Parquet and pyarrow is not installed.
    """
    head = read_head(path)
    for name in (column, *keep):
        if name not in head.columns and (head.columns or head.kind == "csv"):
            raise DataError(f"{path.name}: {no_column(name, head.columns)}")
    size = path.stat().st_size
    if head.kind == "parquet":
        return _row_groups(path, size)
    if head.kind == "jsonl" and size > part_bytes and not _is_packed(path):
        return _lines(path, size, part_bytes)
    return [Part(path, head.kind, 0, 0, -1, size)]


def batches_of(part: Part, *, column: str, keep: Sequence[str] = ()) -> Generator[list[Row | None]]:
    """Yield a part's rows, `BATCH` at a time; None in the place of a row that cannot be read.

    Raises:
        DataError: If the file is damaged so that nothing after it can be trusted.
    """
    if part.kind == "parquet":
        yield from _parquet_batches(part, list(dict.fromkeys((column, *keep))))
        return
    rows = _ranged_rows(part) if part.stop >= 0 or part.start else read_rows(read_head(part.path))
    with closing(rows):
        while batch := list(islice(rows, BATCH)):
            yield [None if isinstance(row, str) else row for row in batch]


def _row_groups(path: Path, size: int) -> list[Part]:
    from pyarrow import parquet  # type: ignore[import-untyped]  # reading its head has found it

    with parquet.ParquetFile(path) as table:
        rows = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
    parts: list[Part] = []
    start = gathered = 0
    for group, n in enumerate(rows):
        gathered += n
        if gathered >= PART_ROWS or group == len(rows) - 1:
            share = size * gathered // max(1, sum(rows))
            parts.append(Part(path, "parquet", len(parts), start, group + 1, share))
            start, gathered = group + 1, 0
    return parts or [Part(path, "parquet", 0, 0, 0, size)]


def _lines(path: Path, size: int, part_bytes: int) -> list[Part]:
    parts: list[Part] = []
    start = 0
    with path.open("rb") as file:
        while start < size:
            file.seek(min(start + part_bytes, size))
            while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass  # a line is never cut
            stop = file.tell()
            parts.append(Part(path, "jsonl", len(parts), start, stop, stop - start))
            start = stop
    return parts


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(64).removeprefix(b"\xef\xbb\xbf").lstrip()[:1] != b"{"


def _ranged_rows(part: Part) -> Generator[Row | str]:
    with part.path.open("rb") as file:
        file.seek(part.start)
        left = part.stop - part.start
        while left > 0 and (line := file.readline(MAX_ROW_CHARS)):
            left -= len(line)
            while not line.endswith(b"\n") and left > 0:  # longer than a row may be
                left -= len(file.readline(1 << 20))
                line = b"{"
                if left <= 0:
                    break
            if not line.isspace():
                yield _row(line)


def _row(line: bytes) -> Row | str:
    try:
        row: Any = json.loads(line.removeprefix(b"\xef\xbb\xbf"))
    except UnicodeDecodeError:
        return "a line that is no UTF-8"
    except (ValueError, RecursionError):
        return "a line that is no JSON"
    return row if isinstance(row, dict) else "a line that is no JSON object"


def _parquet_batches(part: Part, columns: list[str]) -> Iterator[list[Row | None]]:
    try:
        from pyarrow import ArrowException, parquet
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    groups = list(range(part.start, part.stop))
    try:
        with parquet.ParquetFile(part.path) as table:
            for batch in table.iter_batches(batch_size=BATCH, row_groups=groups, columns=columns):
                yield batch.to_pylist()
        return
    except (ArrowException, OSError, UnicodeDecodeError):
        pass  # not chained: a parser's error carries the text it failed on
    raise DataError(f"{part.path.name}: a Parquet file must be readable as Parquet")
