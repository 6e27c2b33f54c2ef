"""A file of prompts before it is read: what it is written in, and whether it has what is asked of it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from contextlib import closing
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from shared_router.batch.json_lines import line_rows
from shared_router.batch.scorer import no_column
from shared_router.errors import DataError, MissingExtraError
from shared_router.records.files import HEAD_ROWS, Kind, Row, csv_columns, kind_of, read_head, read_rows
from shared_router.records.unpacked import DAMAGED, DAMAGES, opened

PACKED = (".gz", ".zst")
_LINES = (".jsonl", ".ndjson")
_KINDS: dict[str, Kind] = {".csv": "csv", ".tsv": "csv", ".json": "json"}
_LOOKED_AT = 100_000
"""How many JSON rows a column must be in one of; a field that few rows have may come late."""


@dataclass(frozen=True, slots=True)
class Input:
    """A file that can be scored.

    Attributes:
        path: The file.
        kind: What it is written in.
        columns: What is read of it: the prompts' column, then those that are kept.
        is_empty: Whether nothing stands in it, as in files that a cluster's writers leave.
        is_packed: Whether it must be unpacked.
    """

    path: Path
    kind: Kind
    columns: tuple[str, ...]
    is_empty: bool = False
    is_packed: bool = False


def read_input(path: Path, *, column: str, keep: Sequence[str] = ()) -> Input:
    """Look at a file.

    Args:
        path: A file that `records.files` reads.
        column: A column that it must have, with texts.
        keep: Others that it must have.

    Raises:
        DataError: If it is no file of rows, lacks a column, or its prompts are no texts.
        MissingExtraError: If it is Parquet and pyarrow is not installed.
    """
    columns = tuple(dict.fromkeys((column, *keep)))
    suffix = unpacked(path).suffix.lower()
    try:
        if _is_empty(path) and suffix != ".parquet":
            return Input(path, _KINDS.get(suffix, "jsonl"), columns, is_empty=True)
        kind = kind_of(path)
    except OSError as error:
        raise DataError(f"{path.name}: the file must be readable: {error.strerror}") from error
    if kind == "csv" and suffix in _LINES:
        kind = "jsonl"  # whose first line is torn, as where a log is cut
    if kind == "parquet":
        _check_schema(path, columns)
    elif kind == "csv":
        _check_names(path, columns, csv_columns(path))
    else:
        _check_rows(path, kind, columns)
    return Input(path, kind, columns, is_packed=_is_packed(path))


def unpacked(path: Path) -> Path:
    """Return a file's name without that of its packing."""
    return path.with_suffix("") if path.suffix.lower() in PACKED else path


def _is_empty(path: Path) -> bool:
    with opened(path) as raw:
        try:
            return not raw.read(1 << 16).removeprefix(b"\xef\xbb\xbf").strip()
        except DAMAGES:
            return False  # and what it is, is told where it is read


def _is_packed(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(4).startswith((b"\x1f\x8b", b"\x28\xb5\x2f\xfd"))


def _check_schema(path: Path, columns: Sequence[str]) -> None:
    try:
        import pyarrow as pa  # type: ignore[import-untyped]
        from pyarrow import parquet
    except ImportError as error:
        raise MissingExtraError.of("pyarrow", "eval") from error
    try:
        schema = parquet.read_schema(path)
    except (pa.ArrowException, OSError) as error:
        raise DataError(f"{path.name}: a Parquet file must be readable as Parquet") from error
    _check_names(path, columns, schema.names)
    for name in columns:
        if schema.names.count(name) > 1:
            raise DataError(f"{path.name}: no column may stand there twice, and {name!r} does")
    kind: Any = schema.field(columns[0]).type
    while hasattr(kind, "storage_type") or pa.types.is_dictionary(kind):
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind.storage_type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view, pa.types.is_null)
    if not any(is_text(kind) for is_text in texts):
        raise DataError(f"{path.name}: prompts must be texts, and {columns[0]!r} holds {str(kind)[:200]}")


def _check_rows(path: Path, kind: Kind, columns: Sequence[str]) -> None:
    try:
        found, names = _looked_at(path, kind, columns)
    except DAMAGES as error:
        raise DataError(f"{path.name}: {DAMAGED}") from error
    if names:  # else no row could be read, and each has its place without a score
        _check_names(path, columns, names)
    held = [row[columns[0]] for row in found if row.get(columns[0]) is not None]
    if held and all(isinstance(value, list | dict) for value in held):
        raise DataError(
            f"{path.name}: prompts must be texts, and {columns[0]!r} holds lists or objects; write the "
            "user's own text into a column"
        )


def _looked_at(path: Path, kind: Kind, columns: Sequence[str]) -> tuple[list[Row], set[str]]:
    """Return a file's first rows, and the names in so many that all columns are among them."""
    with opened(path) as raw, closing(_rows(path, kind, raw)) as stream:
        rows = (row for row in islice(stream, _LOOKED_AT) if isinstance(row, dict))
        found: list[Row] = list(islice(rows, HEAD_ROWS))
        names: set[str] = {name for row in found for name in row}
        while not names.issuperset(columns) and (more := list(islice(rows, 1000))):
            names.update(*more)
    return found, names


def _rows(path: Path, kind: Kind, raw: Any) -> Any:
    return line_rows(raw) if kind == "jsonl" else read_rows(read_head(path))


def _check_names(path: Path, wanted: Sequence[str], there: Iterable[str]) -> None:
    names = list(there)
    for name in wanted:
        if name not in names:
            raise DataError(f"{path.name}: {no_column(name, names)}")
