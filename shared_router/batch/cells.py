"""A kept value as it is written: nothing is lost that the format can hold, and nothing becomes a formula."""

from __future__ import annotations

import base64
import json
import math
import re
from collections.abc import Sequence
from datetime import date, datetime, time
from typing import Any

from shared_router.spreadsheets import spreadsheet_text

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


def texts(array: Any) -> list[object]:
    """Return the values of an Arrow array of texts, None for one that is no UTF-8."""
    try:
        return list(array.to_pylist())
    except UnicodeDecodeError:
        return [_decoded(array, i) for i in range(len(array))]


def values(column: Any) -> Sequence[Any]:
    """Return the values of a column as JSON and CSV write them, wherever it comes from."""
    if isinstance(column, list):
        return column
    import pyarrow as pa  # type: ignore[import-untyped]

    kind = column.type
    if pa.types.is_temporal(kind) or pa.types.is_decimal(kind):
        return list(column.cast(pa.string()).to_pylist())  # Python's own times end sooner, and are coarser
    return texts(column)


def json_text(value: Any) -> str:
    """Return a value as JSON; what is no finite number is null."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, default=_plain)
    except ValueError:
        return json.dumps(_finite(value), ensure_ascii=False, default=_plain)


def plain_text(value: Any) -> str | None:
    """Return a value as text, whatever it was in the input."""
    if value is None or isinstance(value, str):
        return value
    return _plain(value) if isinstance(value, datetime | date | time | bytes) else json_text(value)


def csv_cell(value: Any) -> Any:
    """Return a value as a spreadsheet reads it as text or a number, and not as a formula."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or (isinstance(value, int) and not isinstance(value, bool)):
        return value
    text = plain_text(value) or ""
    return text if _NUMBER.fullmatch(text) else spreadsheet_text(text)


def _decoded(array: Any, i: int) -> object:
    try:
        return array[i].as_py()
    except UnicodeDecodeError:
        return None


def _plain(value: Any) -> str:
    if isinstance(value, datetime | date | time):
        return value.isoformat()
    return base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {name: _finite(each) for name, each in value.items()}
    return [_finite(each) for each in value] if isinstance(value, list | tuple) else value
