"""Writing scores, row by row in the input's order: JSON lines, CSV, or Parquet."""

from __future__ import annotations

import csv
import io
import math
import shutil
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol, TextIO

from shared_router.batch.cells import csv_cell, json_text, plain_text, values
from shared_router.batch.inputs import Input
from shared_router.batch.row_groups import schema_of
from shared_router.batch.scored_parts import written
from shared_router.batch.scorer import SCORE
from shared_router.errors import MissingExtraError
from shared_router.records.files import Kind

if TYPE_CHECKING:
    from typing_extensions import Self

OutFormat = Literal["jsonl", "csv", "parquet"]


class Table(Protocol):
    """A file of scores that is being written."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *error: object) -> None: ...
    def write(self, kept: Mapping[str, Any], scores: Iterable[float]) -> None:
        """Append rows."""


def format_for(kind: Kind) -> OutFormat:
    """Return what the scores of a file are written in where nobody says: what it is written in itself."""
    return "jsonl" if kind == "json" else kind


def new_table(path: Path, format_: OutFormat, keep: Sequence[str], source: Input) -> Table:
    """Return a table that writes to a new file.

    Args:
        path: The file.
        format_: What to write.
        keep: The columns to copy.
        source: Where they are from; what is Parquet there and here keeps its types.

    Raises:
        MissingExtraError: If it is Parquet and pyarrow is not installed.
    """
    if format_ == "parquet":
        return _ParquetTable(path, keep, source)
    return _TextTable(path, keep, as_csv=format_ == "csv")


def joined(parts: Sequence[Path], path: Path, format_: OutFormat, keep: Sequence[str]) -> None:
    """Write the rows of several such files, one after the other, to a new one."""
    if format_ == "parquet":
        _join_parquet(parts, path)
        return
    with path.open("wb") as out:
        if format_ == "csv":
            header = io.StringIO()
            csv.writer(header).writerow([csv_cell(name) for name in (*keep, SCORE)])
            out.write(header.getvalue().encode("utf-8", "replace"))
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
        with written(self._path.parent):
            self._file = self._path.open("w", encoding="utf-8", errors="replace", newline="")
        return self

    def __exit__(self, *error: object) -> None:
        with written(self._path.parent):
            self._file.close()

    def write(self, kept: Mapping[str, Any], scores: Iterable[float]) -> None:
        rows = zip(*(values(kept[name]) for name in self.keep), map(_rounded, scores), strict=True)
        names = [*self.keep, SCORE]
        with written(self._path.parent):
            if self.as_csv:
                csv.writer(self._file).writerows([csv_cell(value) for value in row] for row in rows)
            else:
                self._file.writelines(f"{json_text(dict(zip(names, row, strict=True)))}\n" for row in rows)


class _ParquetTable:
    def __init__(self, path: Path, keep: Sequence[str], source: Input) -> None:
        try:
            import pyarrow as pa  # type: ignore[import-untyped]
            from pyarrow import parquet
        except ImportError as error:
            raise MissingExtraError.of("pyarrow", "eval") from error
        self.keep = keep
        there = schema_of(source) if source.kind == "parquet" else None
        kept = [pa.field(name, there.field(name).type if there else pa.string()) for name in keep]
        self._schema = pa.schema([*kept, pa.field(SCORE, pa.float64())])
        self._pa = pa
        self._new_writer = parquet.ParquetWriter
        self._path = path
        self._writer: Any = None

    def __enter__(self) -> Self:
        with written(self._path.parent):
            self._writer = self._new_writer(self._path, self._schema)
        return self

    def __exit__(self, *error: object) -> None:
        with written(self._path.parent):
            self._writer.close()

    def write(self, kept: Mapping[str, Any], scores: Iterable[float]) -> None:
        columns = [self._column(kept[name]) for name in self.keep]
        scored = self._pa.array([_rounded(each) for each in scores], self._pa.float64())
        with written(self._path.parent):
            self._writer.write_table(self._pa.table([*columns, scored], schema=self._schema))

    def _column(self, found: Any) -> Any:
        if not isinstance(found, list):
            return found
        cells = [plain_text(value) for value in found]
        try:
            return self._pa.array(cells, self._pa.string())
        except UnicodeEncodeError:  # half of a pair of surrogates, which JSON can hold
            whole = [cell and cell.encode("utf-8", "replace").decode() for cell in cells]
            return self._pa.array(whole, self._pa.string())


def _join_parquet(parts: Sequence[Path], path: Path) -> None:
    from pyarrow import parquet

    with parquet.ParquetWriter(path, parquet.read_schema(parts[0])) as out:
        for part in parts:
            with parquet.ParquetFile(part) as file:
                for batch in file.iter_batches(batch_size=1 << 16):
                    out.write_batch(batch)


def _rounded(score: float) -> float | None:
    """Return a score as it is written; nine digits are more than a router's own arithmetic is sure of."""
    return None if math.isnan(score) else round(float(score), 9)
