"""Writing scores, row by row in the input's order: JSON lines, CSV, or Parquet."""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO

from shared_router.batch.scorer import SCORE
from shared_router.errors import MissingExtraError
from shared_router.records.files import Kind
from shared_router.spreadsheets import spreadsheet_text

if TYPE_CHECKING:
    from typing_extensions import Self

OutFormat = Literal["jsonl", "csv", "parquet"]


class Table(Protocol):
    """A file of scores that is being written."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def write(self, kept: Mapping[str, Sequence[Any]], scores: Iterable[float]) -> None:
        """Append rows."""


def format_for(kind: Kind) -> OutFormat:
    """Return what the scores of a file are written in where nobody says: what it is written in itself."""
    return "jsonl" if kind == "json" else kind


def new_table(path: Path, format_: OutFormat, keep: Sequence[str]) -> Table:
    """Return a table that writes to a new file.

    Raises:
        MissingExtraError: If it is Parquet and pyarrow is not installed.
    """
    if format_ == "parquet":
        return _ParquetTable(path, keep)
    return _TextTable(path, keep, as_csv=format_ == "csv")


def joined(parts: Sequence[Path], path: Path, format_: OutFormat, keep: Sequence[str]) -> None:
    """Write the rows of several such files, one after the other, to a new one."""
    if format_ == "parquet":
        _join_parquet(parts, path, keep)
        return
    with path.open("wb") as out:
        if format_ == "csv":
            header = io.StringIO()
            csv.writer(header).writerow([*keep, SCORE])
            out.write(header.getvalue().encode())
        for part in parts:
            with part.open("rb") as file:
                shutil.copyfileobj(file, out, 1 << 20)


class _TextTable:
    def __init__(self, path: Path, keep: Sequence[str], *, as_csv: bool) -> None:
        self.keep = keep
        self.as_csv = as_csv
        self._path = path
        self._file: TextIO

    def __enter__(self) -> Self:
        self._file = self._path.open("w", encoding="utf-8", errors="replace", newline="")
        return self

    def __exit__(self, *error: object) -> None:
        self._file.close()

    def write(self, kept: Mapping[str, Sequence[Any]], scores: Iterable[float]) -> None:
        rows = zip(*(kept[name] for name in self.keep), map(_rounded, scores), strict=True)
        if self.as_csv:
            csv.writer(self._file).writerows([_cell(value) for value in row] for row in rows)
            return
        names = [*self.keep, SCORE]
        for row in rows:
            line = json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False, default=str)
            self._file.write(f"{line}\n")


class _ParquetTable:
    def __init__(self, path: Path, keep: Sequence[str]) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtraError.of("pyarrow", "eval") from error
        self.keep = keep
        self._pa = pa
        self._new_writer = parquet.ParquetWriter
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> Self:
        self._writer = self._new_writer(self._path, _schema(self.keep))
        return self

    def __exit__(self, *error: object) -> None:
        self._writer.close()

    def write(self, kept: Mapping[str, Sequence[Any]], scores: Iterable[float]) -> None:
        columns = [self._pa.array([_text(v) for v in kept[name]], self._pa.string()) for name in self.keep]
        scored = self._pa.array([_rounded(each) for each in scores], self._pa.float64())
        self._writer.write_table(self._pa.table([*columns, scored], schema=_schema(self.keep)))


def _join_parquet(parts: Sequence[Path], path: Path, keep: Sequence[str]) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(path, _schema(keep)) as out:
        for part in parts:
            with parquet.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_size=1 << 16):
                    out.write_batch(batch)


def _schema(keep: Sequence[str]) -> Any:
    import pyarrow as pa

    return pa.schema([*((name, pa.string()) for name in keep), (SCORE, pa.float64())])


def _rounded(score: float) -> float | None:
    """Return a score as it is written; nine digits are more than a router's own arithmetic is sure of."""
    return None if math.isnan(score) else round(float(score), 9)


def _text(value: Any) -> str | None:
    """Return a kept value as text, whatever it was in the input."""
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, default=str)


def _cell(value: Any) -> Any:
    """Return a value as a spreadsheet reads it as text and not as a formula."""
    if isinstance(value, float) or value is None:
        return value
    return spreadsheet_text(_text(value) or "")
