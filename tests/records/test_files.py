"""records/files.py: rows out of any file, and every way in which a file goes wrong."""

import gzip
import json
import pickle
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from shared_router import DataError, MissingExtraError
from shared_router.records.csv_rows import MAX_ROW_CHARS
from shared_router.records.files import read_head, read_rows, rows_at_a_time
from tests.checkpoints.test_corruption import MUTATORS

ROWS = [{"prompt": "one", "n": 1}, {"prompt": "zwölf", "n": 2}]
LINES = "\n".join(json.dumps(row, ensure_ascii=False) for row in ROWS).encode()
CSV = "prompt,n\none,1\nzwölf,2\n".encode()


def write(tmp_path: Path, content: bytes, name: str = "x") -> Path:
    path = tmp_path / name
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (LINES, "jsonl"),
        (b"\xef\xbb\xbf\n" + LINES + b"\n\n", "jsonl"),
        (json.dumps(ROWS).encode(), "json"),
        (json.dumps(ROWS, indent=2).encode(), "json"),
        (json.dumps({"version": 3, "results": {"stats": {}, "results": ROWS}}).encode(), "json"),
        (json.dumps({"data": ROWS, "meta": {"page": 1}}, indent=1).encode(), "json"),
        (json.dumps({"settings": "x" * 100_000, "records": ROWS}).encode(), "json"),
    ],
)
def test_json_is_told_by_what_is_in_it(tmp_path: Path, content: bytes, kind: str) -> None:
    head = read_head(write(tmp_path, content))
    assert head.kind == kind
    assert list(read_rows(head)) == ROWS == list(head.rows)


@pytest.mark.parametrize(
    "content",
    [CSV, CSV.replace(b",", b"\t"), CSV.replace(b",", b";"), b"\xef\xbb\xbf" + CSV.replace(b"\n", b"\r\n")],
)
def test_csv_is_read_with_commas_tabs_or_semicolons(tmp_path: Path, content: bytes) -> None:
    head = read_head(write(tmp_path, content))
    assert head.kind == "csv"
    assert list(read_rows(head)) == [{"prompt": "one", "n": "1"}, {"prompt": "zwölf", "n": "2"}]


def test_a_first_line_that_is_very_long_is_a_row(tmp_path: Path) -> None:
    long = {"prompt": "x" * 100_000, "n": 0}
    head = read_head(write(tmp_path, json.dumps(long).encode() + b"\n" + LINES))
    assert head.kind == "jsonl"
    assert list(read_rows(head)) == [long, *ROWS]


def test_gzip_is_unpacked_on_the_way(tmp_path: Path) -> None:
    assert list(read_rows(read_head(write(tmp_path, gzip.compress(LINES))))) == ROWS


def test_zstandard_is_unpacked_on_the_way(tmp_path: Path) -> None:
    with pa.output_stream(str(tmp_path / "x.zst"), compression="zstd") as stream:
        stream.write(LINES)
    assert list(read_rows(read_head(tmp_path / "x.zst"))) == ROWS


def test_zstandard_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if sys.version_info >= (3, 14):
        pytest.skip("Python 3.14 reads .zst itself")
    with pa.output_stream(str(tmp_path / "x.zst"), compression="zstd") as stream:
        stream.write(LINES)
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    with pytest.raises(MissingExtraError, match=r"reads .zst, is not installed; .*routellm-adapters\[eval\]"):
        read_head(tmp_path / "x.zst")


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_never_read(tmp_path: Path, protocol: int) -> None:
    """It would write a file if it were loaded."""
    written = tmp_path / "written"

    class Trap:
        def __reduce__(self) -> tuple[object, ...]:
            return (Path.touch, (written,))

    with pytest.raises(DataError, match="a pickle can run any code and is never read; save it as"):
        read_head(write(tmp_path, pickle.dumps(Trap(), protocol=protocol), "x.jsonl"))
    assert not written.exists()


BAD = {
    "empty": (b"", "must not be empty"),
    "blank": (b" \n\n", "must not be empty"),
    "archive": (b"PK\x03\x04abc", "an archive must be unpacked first"),
    "utf-16": ("{}\n".encode("utf-16"), "UTF-8"),
    "half a document": (json.dumps(ROWS).encode()[:-20], "a JSON file must be complete"),
    "no comma": (b'[{"a": 1} {"a": 2}]', "a JSON file must be complete, and a ',' or ']' is missing"),
    "half a gzip": (gzip.compress(LINES * 100)[:-30], "a compressed file must be whole"),
    "no parquet": (b"PAR1" + bytes(100), "must be readable as Parquet"),
    "column twice": (b"a,b,a\n1,2,3\n", "no column may stand there twice"),
    "open quote": (b'a,b\n1,"2\n3,4\n', "line 3: a row must be well-formed CSV"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_damaged_file_is_refused_without_its_text(tmp_path: Path, name: str) -> None:
    content, message = BAD[name]
    with pytest.raises(DataError, match=message) as caught:
        list(read_rows(read_head(write(tmp_path, content))))
    assert "zwölf" not in str(caught.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="missing: the file must be readable: No such file"):
        read_head(tmp_path / "missing")


def test_bad_rows_are_named_and_the_next_are_read(tmp_path: Path) -> None:
    content = LINES + b'\n[1]\n{"half": \n"text"\n' + LINES
    assert list(read_rows(read_head(write(tmp_path, content)))) == [
        *ROWS,
        "a line that is no JSON object",
        "a line that is no JSON",
        "a line that is no JSON object",
        *ROWS,
    ]
    table = b"a,b\n1,2\n1,2,3\n\n3,4\n"
    assert list(read_rows(read_head(write(tmp_path, table)))) == [
        {"a": "1", "b": "2"},
        "a row with another number of fields than the header",
        {"a": "3", "b": "4"},
    ]


def test_a_long_answer_in_a_csv_file_is_read_and_the_csv_module_left_as_it_was(tmp_path: Path) -> None:
    import csv

    before = csv.field_size_limit()
    content = b"a,b\n1," + b"x" * 300_000 + b"\n"
    (row,) = read_rows(read_head(write(tmp_path, content)))
    assert isinstance(row, dict)
    assert len(row["b"]) == 300_000
    assert csv.field_size_limit() == before


MUTATED = {
    "lines": LINES * 5,
    "document": json.dumps(ROWS * 5).encode(),
    "csv": CSV * 5,
    "gzip": gzip.compress(LINES),
}


@pytest.mark.parametrize("mutate", MUTATORS)
@pytest.mark.parametrize("name", MUTATED)
def test_a_mutated_file_gives_rows_or_a_data_error(
    tmp_path: Path, name: str, mutate: Callable[..., bytearray]
) -> None:
    """40 mutations for each of 8 mutators and 4 files."""
    rng = np.random.default_rng(7)
    for _ in range(40):
        path = write(tmp_path, bytes(mutate(bytearray(MUTATED[name]), rng)))
        try:
            rows = list(read_rows(read_head(path)))
        except DataError:
            continue
        assert all(isinstance(row, (dict, str)) for row in rows)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_a_table_may_be_parted_otherwise_and_have_spaces_and_empty_columns_in_its_header(
    tmp_path: Path, delimiter: str
) -> None:
    table = "\n".join([delimiter.join(["a", " b ", "", ""]), delimiter.join(["1", "2", "", ""])])
    (row,) = read_rows(read_head(write(tmp_path, table.encode())))
    assert row == {"a": "1", "b": "2", "": ""}


def test_a_spreadsheets_line_that_names_the_delimiter_is_no_header(tmp_path: Path) -> None:
    (row,) = read_rows(read_head(write(tmp_path, b"sep=;\r\na;b\r\n1,5;2\r\n")))
    assert row == {"a": "1,5", "b": "2"}


def test_a_small_file_of_one_endless_line_is_read_no_further_than_a_row_may_be_long(tmp_path: Path) -> None:
    packed = gzip.compress(CSV + b"0" * (MAX_ROW_CHARS + 1), 1)
    head = read_head(write(tmp_path, gzip.compress(CSV)))
    write(tmp_path, packed)
    with pytest.raises(DataError, match="a line may have 67108864 characters, and one has more"):
        list(read_rows(head))


@pytest.mark.parametrize(("length", "rows"), [(10, 1024), (16_000_000, 16)])
def test_long_texts_of_a_parquet_file_are_unpacked_a_few_at_a_time(
    tmp_path: Path, length: int, rows: int
) -> None:
    """A text that is stored once may stand for every row: 256 MiB hold 16 of a little less than 16 MiB."""
    column = pa.DictionaryArray.from_arrays(pa.array([0] * 2000, pa.int32()), ["x" * length])
    parquet.write_table(pa.table({"prompt": column}), tmp_path / "x", compression="none")
    assert rows_at_a_time(parquet.ParquetFile(tmp_path / "x").metadata) == rows
