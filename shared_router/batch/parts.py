"""What one process scores at a time of a file.

Plain lines of JSON are cut into bytes and Parquet into row groups, which each process reads for itself. What
only reading from the start finds, in a packed file, a CSV, a JSON document or a huge row group, is read once
and handed out. How a file is cut is told by its bytes and the two sizes alone, so a later run cuts it alike.
"""

from __future__ import annotations

import io
from collections.abc import Generator, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from shared_router.batch.cells import texts
from shared_router.batch.inputs import Input
from shared_router.batch.json_lines import line_rows, next_lines
from shared_router.batch.row_groups import group_batches, grouped, handed_groups
from shared_router.errors import DataError
from shared_router.records.files import Row, read_head, read_rows
from shared_router.records.unpacked import DAMAGED, opened

PART_BYTES = 2 * 1024 * 1024
"""Of lines of JSON, and of texts: some thousand prompts, at most so much of one process a kill can cost."""

PART_ROWS = 4096

BATCH = 1024


@dataclass(frozen=True, slots=True)
class Part:
    """A part of a file.

    Attributes:
        source: The file.
        number: Which part of the file it is, from 0.
        start: Where it begins, in bytes or row groups.
        stop: Where it ends, the first that is not in it.
        n_bytes: About how much of the file it is, for progress.
        content: What stands in it, where it is handed out: lines of JSON, rows, or record batches as bytes.
    """

    source: Input
    number: int
    start: int = 0
    stop: int = 0
    n_bytes: int = 0
    content: bytes | tuple[Row | None, ...] | None = None


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows by column.

    Attributes:
        prompts: n of them; what is no text among them has no score.
        kept: The columns that are copied, n values each; Arrow's arrays where they come from Parquet.
    """

    prompts: Sequence[object]
    kept: Mapping[str, Any]


def parts_of(source: Input, *, part_bytes: int = PART_BYTES, part_rows: int = PART_ROWS) -> Generator[Part]:
    """Cut a file into parts, in order; an empty one is one part without rows.

    Args:
        source: The file.
        part_bytes: How many bytes of lines or of texts make a part, at least.
        part_rows: How many rows make a part, at least where row groups hold them.

    Raises:
        DataError: If the file is damaged, or is there no more.
    """
    with _readable(source.path):
        part = None
        for part in _cut(source, part_bytes, part_rows):  # noqa: UP028  # whether there is one is asked below
            yield part
        if part is None:
            yield Part(source, 0, content=())


def batches_of(part: Part, *, keep: Sequence[str] = ()) -> Generator[Batch]:
    """Yield a part's rows, `BATCH` at a time.

    Args:
        part: The part.
        keep: Which columns to copy, of those that are read.

    Raises:
        DataError: If the file is damaged so that nothing after it can be trusted, or is there no more.
    """
    column = part.source.columns[0]
    with _readable(part.source.path):
        if part.source.kind == "parquet" and part.content != ():
            handed = part.content if isinstance(part.content, bytes) else None
            for batch in group_batches(part.source, range(part.start, part.stop), handed, rows=BATCH):
                yield Batch(texts(batch.column(column)), {name: batch.column(name) for name in keep})
            return
        with closing(_rows(part)) as rows:
            while found := list(islice(rows, BATCH)):
                kept = {name: [row.get(name) if row else None for row in found] for name in keep}
                yield Batch([row.get(column) if row else None for row in found], kept)


@contextmanager
def _readable(path: Path) -> Iterator[None]:
    reason = DAMAGED
    try:
        yield
        return
    except FileNotFoundError:
        reason = "the file must stay there while it is scored"
    except (EOFError, OSError) as error:
        if isinstance(error, OSError) and error.strerror:
            reason = f"the file must be readable: {error.strerror}"
    raise DataError(f"{path.name}: {reason}")


def _cut(source: Input, part_bytes: int, part_rows: int) -> Iterator[Part]:
    if source.is_empty:
        return iter(())
    if source.kind == "parquet":
        return _row_groups(source, part_bytes, part_rows)
    if source.kind != "jsonl":
        return _handed_rows(source, part_bytes, part_rows)
    return _handed_lines(source, part_bytes) if source.is_packed else _line_ranges(source, part_bytes)


def _row_groups(source: Input, part_bytes: int, part_rows: int) -> Iterator[Part]:
    groups = grouped(source, part_rows)
    if groups is not None:
        for number, (start, stop, n_bytes) in enumerate(groups):
            yield Part(source, number, start, stop, n_bytes)
        return
    for number, handed in enumerate(handed_groups(source, part_bytes=part_bytes, part_rows=part_rows)):
        yield Part(source, number, n_bytes=handed.n_bytes, content=handed.content)


def _line_ranges(source: Input, part_bytes: int) -> Iterator[Part]:
    size = source.path.stat().st_size
    start = number = 0
    with source.path.open("rb") as file:
        while start < size:
            file.seek(min(start + part_bytes, size))
            while (rest := file.readline(1 << 20)) and not rest.endswith(b"\n"):
                pass  # a line is never cut
            stop = min(file.tell(), size)  # no further, should it grow
            yield Part(source, number, start, stop, stop - start)
            start, number = stop, number + 1


def _handed_lines(source: Input, part_bytes: int) -> Iterator[Part]:
    number = 0
    with source.path.open("rb") as file, opened(source.path, file) as raw:
        before = 0
        while content := next_lines(raw, part_bytes):
            yield Part(source, number, n_bytes=file.tell() - before, content=content)
            number, before = number + 1, file.tell()


def _handed_rows(source: Input, part_bytes: int, part_rows: int) -> Iterator[Part]:
    number = before = size = 0
    n_bytes = source.path.stat().st_size
    gathered: list[Row | None] = []
    with source.path.open("rb") as file, closing(read_rows(read_head(source.path), file=file)) as rows:
        for row in rows:
            found = None if isinstance(row, str) else {name: row.get(name) for name in source.columns}
            gathered.append(found)
            size += 0 if found is None else sum(len(v) for v in found.values() if isinstance(v, str))
            if len(gathered) >= part_rows or size >= part_bytes:
                yield Part(source, number, n_bytes=file.tell() - before, content=tuple(gathered))
                number, before, size = number + 1, file.tell(), 0
                gathered.clear()
        if gathered:
            yield Part(source, number, n_bytes=n_bytes - before, content=tuple(gathered))


def _rows(part: Part) -> Generator[Row | None]:
    if isinstance(part.content, tuple):
        yield from part.content
    elif isinstance(part.content, bytes):
        yield from line_rows(io.BytesIO(part.content))
    else:
        with part.source.path.open("rb") as file:
            file.seek(part.start)
            yield from line_rows(file, part.stop - part.start)
