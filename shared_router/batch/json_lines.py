"""Lines of JSON, read as bytes: a line that cannot be read keeps its place, and costs no other its own."""

from __future__ import annotations

import json
from collections.abc import Generator
from typing import IO, Any

from shared_router.records.csv_rows import MAX_ROW_CHARS
from shared_router.records.files import Row

_BOM = b"\xef\xbb\xbf"
_UNREADABLE = b"{\n"


def line_rows(file: IO[bytes], n_bytes: int | None = None) -> Generator[Row | None]:
    """Yield the rows of lines, None for one that cannot be read; a blank line is no row.

    Args:
        file: Where the first line begins.
        n_bytes: How much to read, up to a line's end; None reads all.
    """
    for line in _whole_lines(file, n_bytes):
        text = line.removeprefix(_BOM)
        if text and not text.isspace():
            yield _row(text)


def next_lines(file: IO[bytes], n_bytes: int) -> bytes:
    """Return so many bytes of whole lines, or a little more; none at the end."""
    lines: list[bytes] = []
    gathered = 0
    for line in _whole_lines(file, None):
        lines.append(line)
        gathered += len(line)
        if gathered >= n_bytes:
            break
    return b"".join(lines)


def _whole_lines(file: IO[bytes], n_bytes: int | None) -> Generator[bytes]:
    """Yield lines; one that is longer than a row may be comes as one that cannot be read."""
    left = n_bytes
    while (left is None or left > 0) and (line := file.readline(MAX_ROW_CHARS)):
        read = len(line)
        if read == MAX_ROW_CHARS and not line.endswith(b"\n"):
            while (more := file.readline(1 << 20)) and not more.endswith(b"\n"):
                read += len(more)
            read += len(more)
            line = _UNREADABLE
        if left is not None:
            left -= read
        yield line


def _row(line: bytes) -> Row | None:
    try:
        row: Any = json.loads(line)
    except (ValueError, RecursionError):  # no UTF-8 among them
        return None
    return row if isinstance(row, dict) else None
