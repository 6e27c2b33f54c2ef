"""Parquet by row groups: in the types that it is written in, and only the columns that are read."""

from __future__ import annotations

from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from shared_router.batch.inputs import Input
from shared_router.errors import DataError

WHOLE_GROUP_ROWS = 16_384
"""The largest row group that a process reads for itself."""

_BUFFER = 1 << 20  # else a row group's column is in memory as a whole


@dataclass(frozen=True, slots=True)
class Handed:
    """Rows of row groups that are handed out.

    Attributes:
        content: A record batch, in Arrow's stream format.
        n_bytes: About how much of the file it is.
    """

    content: bytes
    n_bytes: int


def grouped(source: Input, part_rows: int) -> list[tuple[int, int, int]] | None:
    """Return which row groups make a part, and about how many bytes; None where one is larger than a part.

    Args:
        source: The file.
        part_rows: How many rows make a part, at least.
    """
    with _opened(source) as table:
        rows = [table.metadata.row_group(i).num_rows for i in range(table.metadata.num_row_groups)]
    if max(rows, default=0) > max(part_rows, WHOLE_GROUP_ROWS):
        return None
    size = source.path.stat().st_size
    parts: list[tuple[int, int, int]] = []
    start = gathered = 0
    for group, n in enumerate(rows):
        gathered += n
        if gathered >= part_rows or group == len(rows) - 1:
            parts.append((start, group + 1, size * gathered // max(1, sum(rows))))
            start, gathered = group + 1, 0
    return parts


def handed_groups(source: Input, *, part_bytes: int, part_rows: int) -> Iterator[Handed]:
    """Yield a file's rows, so many at a time that each is a part."""
    import pyarrow as pa  # type: ignore[import-untyped]

    size = source.path.stat().st_size
    with _opened(source) as table:
        n_rows = max(1, table.metadata.num_rows)
        for whole in table.iter_batches(batch_size=part_rows, columns=list(source.columns)):
            for batch in _cut(whole, part_bytes):
                sink = pa.BufferOutputStream()
                with pa.ipc.new_stream(sink, batch.schema) as stream:
                    stream.write_batch(batch)
                yield Handed(sink.getvalue().to_pybytes(), size * batch.num_rows // n_rows)


def _cut(batch: Any, part_bytes: int) -> Iterator[Any]:
    pieces = max(1, min(batch.num_rows, -(-batch.nbytes // (2 * part_bytes))))
    step = -(-batch.num_rows // pieces)
    for start in range(0, batch.num_rows, max(1, step)):
        yield batch.slice(start, step)


def group_batches(source: Input, groups: Sequence[int], handed: bytes | None, *, rows: int) -> Generator[Any]:
    """Yield record batches.

    Args:
        source: The file.
        groups: Which row groups to read.
        handed: What to read in their place, as in `Handed`.
        rows: How many rows a batch has, at most.

    Raises:
        DataError: If the file is damaged.
    """
    if handed is None:
        with _opened(source) as table:
            columns = list(source.columns)
            yield from table.iter_batches(batch_size=rows, row_groups=list(groups), columns=columns)
        return
    import pyarrow as pa

    with pa.ipc.open_stream(handed) as stream:
        for batch in stream:
            for start in range(0, batch.num_rows, rows):
                yield batch.slice(start, rows)


def schema_of(source: Input) -> Any:
    """Return the types of a file's columns."""
    with _opened(source) as table:
        return table.schema_arrow


@contextmanager
def _opened(source: Input) -> Iterator[Any]:
    import pyarrow as pa
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(source.path, buffer_size=_BUFFER) as table:
            yield table
        return
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, UnicodeDecodeError):
        pass  # not chained: a parser's error carries the text it failed on
    raise DataError(f"{source.path.name}: a Parquet file must be readable as Parquet")
