"""preference_files.py: files of battles, and every way in which they go wrong."""

import json
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    DataError,
    InvalidInputError,
    MissingExtraError,
    PreferenceData,
    SkippedRowsWarning,
)
from tests.checkpoints.test_corruption import MUTATORS

GOOD = {"query": "What is 2+2?", "model_a": "gpt", "model_b": "mix", "winner": "a"}
LINE = json.dumps(GOOD)
HEADER = "query,model_a,model_b,winner"
EXPECTED = PreferenceData(["What is 2+2?"] * 2, ["gpt"] * 2, ["mix"] * 2, ["a", "a"])


def write(tmp_path: Path, content: str | bytes, name: str = "x.jsonl") -> Path:
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize(
    "content",
    [
        f"{LINE}\n{LINE}\n",
        f"{LINE}\r\n{LINE}",
        f"\ufeff{LINE}\n\n  \n{LINE}\n",
        "\n".join(json.dumps({**GOOD, "extra": {"deep": [1, None]}}) for _ in range(2)),
    ],
    ids=["lines", "carriage returns", "mark and blank lines", "extra keys"],
)
def test_jsonl_lines_become_battles(tmp_path: Path, content: str) -> None:
    assert PreferenceData.from_file(write(tmp_path, content)) == EXPECTED


BAD_LINES: dict[str, tuple[bytes, str]] = {
    "not utf-8": (b'{"query": "\xff"}', "must be UTF-8, and its byte 11 is not"),
    "utf-16": (LINE.encode("utf-16"), "must be UTF-8"),
    "not json": (b'{"query": }', "must be JSON, and it is not from column 11"),
    "half": (LINE[:-5].encode(), "must be JSON"),
    "two": (LINE.encode() * 2, "must be JSON"),
    "an array": (b"[1]", "must be a JSON object, got list"),
    "null": (b"null", "must be a JSON object, got NoneType"),
    "duplicate key": (LINE[:-1].encode() + b', "winner": "b"}', "unique keys"),
    "duplicate key within": (LINE[:-1].encode() + b', "x": {"y": 1, "y": 2}}', "unique keys"),
    "nan": (LINE[:-1].encode() + b', "weight": NaN}', "finite numbers"),
    "infinity": (LINE[:-1].encode() + b', "weight": -Infinity}', "finite numbers"),
    "overflow": (LINE[:-1].encode() + b', "weight": 1e999}', "finite numbers"),
    "long integer": (LINE[:-1].encode() + b', "weight": ' + b"9" * 5000 + b"}", "finite numbers"),
    "deep": (b"[" * 100_000, "must not nest this deep|must be JSON"),
    "surrogate": (LINE.replace("What", "\\ud800").encode(), "a query must hold no NUL and no lone surrogate"),
    "nul escape": (LINE.replace("What", "\\u0000").encode(), "a query must hold no NUL"),
    "raw nul": (LINE.replace("What", "\0").encode(), "must be JSON"),
    "blank query": (LINE.replace("What is 2+2?", " ").encode(), "a query must be text that is not blank"),
    "missing key": (b'{"query": "q"}', "must have 'model_a'"),
    "long": (LINE.encode() + b" " * 2000, "at most 2000 bytes"),
}


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_refused_by_its_number_without_its_text(tmp_path: Path, name: str) -> None:
    line, message = BAD_LINES[name]
    path = write(tmp_path, LINE.encode() + b"\n\n" + line + b"\n" + LINE.encode())
    with pytest.raises(DataError, match=f"^line 3: .*({message})") as caught:
        PreferenceData.from_file(path, max_row_bytes=1_000_000 if name in ("deep", "long integer") else 2000)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert "2+2" not in str(caught.value)


@pytest.mark.parametrize("name", BAD_LINES)
def test_a_bad_line_is_skipped_and_the_next_is_read(tmp_path: Path, name: str) -> None:
    path = write(tmp_path, b"\n".join([LINE.encode(), BAD_LINES[name][0], LINE.encode()]))
    with pytest.warns(SkippedRowsWarning, match="skipped 1 of 3 rows; the first is line 2"):
        data = PreferenceData.from_file(path, on_bad_rows="skip", max_bad_fraction=0.5, max_row_bytes=2000)
    assert data == EXPECTED


def test_a_line_of_100_megabytes_is_refused_without_being_read(tmp_path: Path) -> None:
    path = tmp_path / "long.jsonl"
    with path.open("wb") as file:
        file.truncate(100_000_000)
    tracemalloc.start()
    with pytest.raises(DataError, match="line 1: a line must be at most 1048576 bytes"):
        PreferenceData.from_file(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 8_000_000


CSV_GOOD = [
    f"{HEADER}\nWhat is 2+2?,gpt,mix,a\nWhat is 2+2?,gpt,mix,model_a\n",
    "\ufeff"
    '"query","model_a","model_b","winner","weight"\r\n"What is 2+2?",gpt,mix,a,\r\n\r\n'
    "What is 2+2?,gpt,mix,a,1.0",
    "extra,winner,model_b,model_a,query\n1,a,mix,gpt,What is 2+2?\n2,a,mix,gpt,What is 2+2?",
]


@pytest.mark.parametrize("content", CSV_GOOD)
def test_csv_rows_become_battles(tmp_path: Path, content: str) -> None:
    assert PreferenceData.from_file(write(tmp_path, content, "x.csv")) == EXPECTED


def test_a_csv_query_may_hold_line_breaks_commas_and_quotes(tmp_path: Path) -> None:
    path = write(tmp_path, f'{HEADER},weight\n"one,\n""two""",gpt,mix,b,2.5\n', "x.csv")
    assert PreferenceData.from_file(path) == PreferenceData(['one,\n"two"'], ["gpt"], ["mix"], ["b"], [2.5])


CSV_ROWS = "".join(f"query {i},gpt,mix,a\n" for i in range(20_000))
BAD_CSV: dict[str, tuple[bytes, str]] = {
    "empty": (b"", "line 1: a CSV file must begin with the names"),
    "no header": (b"q,gpt,mix,a\n", "column 'query' must be there"),
    "duplicate column": (f"{HEADER},winner\n".encode(), r"no column may stand there twice, got \['winner'\]"),
    "duplicate other column": (f"{HEADER},x,x\n".encode(), "twice"),
    "open quote": (
        f'{HEADER}\nq,gpt,mix,a\n"q,gpt,mix,a\n'.encode(),
        "line 3: a row must be well-formed CSV",
    ),
    "open quote that swallows": (f'{HEADER}\n"{CSV_ROWS}'.encode(), "line .*(quote|field|well-formed)"),
    "text after a quote": (f'{HEADER}\n"q"x,gpt,mix,a\n'.encode(), "line 2: a row must be well-formed CSV"),
    "nul": (f"{HEADER}\nq\0,gpt,mix,a\n".encode(), "line 2: a line must hold no NUL"),
    "not utf-8": (
        f"{HEADER}\n".encode() + b"\xe9,gpt,mix,a\n",
        "line 2: a line must be UTF-8, and its byte 0",
    ),
    "utf-16": (f"{HEADER}\n".encode("utf-16"), "line 1: a line must be UTF-8"),
    "long row": (f"{HEADER}\n{'q' * 200_000},gpt,mix,a\n".encode(), "line 2: a row must be"),
}


@pytest.mark.parametrize("name", BAD_CSV)
@pytest.mark.parametrize("on_bad_rows", ["raise", "skip"])
def test_a_damaged_csv_file_is_refused_even_where_rows_may_be_skipped(
    tmp_path: Path, name: str, on_bad_rows: Any
) -> None:
    content, message = BAD_CSV[name]
    with pytest.raises(DataError, match=message):
        PreferenceData.from_file(
            write(tmp_path, content, "x.csv"), on_bad_rows=on_bad_rows, max_bad_fraction=1.0
        )


@pytest.mark.parametrize("row", ["q,gpt,mix", "q,gpt,mix,a,b", ",gpt,mix,a", "q,gpt,mix,c", "q,gpt,gpt,a"])
def test_a_bad_csv_row_is_refused_by_its_line_or_skipped(tmp_path: Path, row: str) -> None:
    good = "What is 2+2?,gpt,mix,a"
    path = write(tmp_path, f"{HEADER}\n{good}\n{row}\n{good}\n", "x.csv")
    with pytest.raises(DataError, match="^line 3: "):
        PreferenceData.from_file(path)
    with pytest.warns(SkippedRowsWarning, match="skipped 1 of 3 rows; the first is line 3"):
        assert PreferenceData.from_file(path, on_bad_rows="skip", max_bad_fraction=0.5) == EXPECTED


def parquet(tmp_path: Path, **columns: list[Any]) -> Path:
    import pyarrow as pa  # type: ignore[import-untyped]
    from pyarrow import parquet as pq

    pq.write_table(pa.table(columns), tmp_path / "x.parquet")
    return tmp_path / "x.parquet"


PARQUET: dict[str, list[Any]] = {
    "query": ["q1", "q2"],
    "model_a": ["gpt"] * 2,
    "model_b": ["mix"] * 2,
    "winner": ["a", "tie"],
}


def test_parquet_rows_become_battles(tmp_path: Path) -> None:
    data = PreferenceData.from_file(parquet(tmp_path, **PARQUET, weight=[None, 2.0], extra=[1, 2]))
    assert data == PreferenceData(["q1", "q2"], ["gpt"] * 2, ["mix"] * 2, ["a", "tie"], [1.0, 2.0])


def test_a_bad_parquet_row_is_refused_by_its_row(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="row 1: a query must be text"):
        PreferenceData.from_file(parquet(tmp_path, **{**PARQUET, "query": ["q", None]}))


def test_a_parquet_file_without_a_column_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="column 'query' must be there"):
        PreferenceData.from_file(parquet(tmp_path, winner=["a"]))


@pytest.mark.parametrize("content", [b"", b"PAR1", b"PAR1" + bytes(100) + b"PAR1", LINE.encode()])
def test_a_damaged_parquet_file_is_refused(tmp_path: Path, content: bytes) -> None:
    with pytest.raises(DataError, match="row 0: a .parquet file must be readable"):
        PreferenceData.from_file(write(tmp_path, content, "x.parquet"))


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"routellm-adapters\[eval\]"):
        PreferenceData.from_file(write(tmp_path, b"", "x.parquet"))


def test_another_ending_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match=r"must be \.jsonl, \.json, \.csv or \.parquet, got '\.pkl'"):
        PreferenceData.from_file(write(tmp_path, b"", "x.pkl"))


@pytest.mark.parametrize("mutate", MUTATORS)
@pytest.mark.parametrize("name", ["x.jsonl", "x.csv"])
def test_a_mutated_file_gives_battles_or_a_data_error(
    tmp_path: Path, name: str, mutate: Callable[..., bytearray]
) -> None:
    """313 mutations for each of 8 mutators and 2 formats: 5,008 files."""
    rng = np.random.default_rng(5)
    body = f"{LINE}\n" * 20 if name == "x.jsonl" else f"{HEADER}\n" + "What is 2+2?,gpt,mix,a\n" * 20
    for _ in range(313):
        path = write(tmp_path, bytes(mutate(bytearray(body.encode()), rng)), name)
        try:
            data = PreferenceData.from_file(path)
        except DataError:
            continue
        assert 1 <= len(data) <= 85


def test_rows_read_and_rows_skipped_are_all_rows(tmp_path: Path) -> None:
    """Every third of 300 lines is bad: 200 battles, 100 skipped."""
    lines = [LINE if i % 3 else LINE[: 10 + i % 50] for i in range(300)]
    path = write(tmp_path, "\n".join(lines))
    with pytest.warns(SkippedRowsWarning, match="skipped 100 of 300 rows; the first is line 1"):
        assert len(PreferenceData.from_file(path, on_bad_rows="skip", max_bad_fraction=0.34)) == 200
