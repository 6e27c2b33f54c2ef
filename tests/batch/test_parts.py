"""A file that is cut into parts holds, part by part, what it holds whole."""

import csv
import gzip
import json
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

from shared_router.batch.inputs import read_input
from shared_router.batch.parts import batches_of, parts_of

LINES = st.lists(
    st.one_of(
        st.text(max_size=30).map(lambda text: json.dumps({"prompt": text}, ensure_ascii=False)),
        st.just("no json"),
        st.just(""),
    ),
    max_size=30,
)


@given(lines=LINES, part_bytes=st.integers(1, 200), ends=st.booleans())
@settings(deadline=None, max_examples=200)
def test_lines_are_read_once_each_whatever_the_parts_size(
    tmp_path_factory: pytest.TempPathFactory, lines: list[str], part_bytes: int, ends: bool
) -> None:
    path = tmp_path_factory.mktemp("parts") / "a.jsonl"
    text = "\n".join(['{"prompt": "first"}', *lines]) + ("\n" if ends else "")
    path.write_bytes(text.encode("utf-8", "surrogatepass").replace(b"\r", b" "))
    expected = []
    for line in path.read_bytes().split(b"\n"):
        if line.strip():
            try:
                expected.append(json.loads(line))
            except ValueError:
                expected.append(None)
    source = read_input(path, column="prompt")
    parts = list(parts_of(source, part_bytes=part_bytes))
    found = [prompt for part in parts for batch in batches_of(part) for prompt in batch.prompts]
    assert found == [row and row["prompt"] for row in expected]
    assert sum(part.n_bytes for part in parts) == path.stat().st_size
    packed = path.with_name("b.jsonl.gz")
    packed.write_bytes(gzip.compress(path.read_bytes()))
    parts = list(parts_of(read_input(packed, column="prompt"), part_bytes=part_bytes))
    assert [prompt for part in parts for b in batches_of(part) for prompt in b.prompts] == found


def test_row_groups_are_read_once_each_and_only_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"id": i, "prompt": str(i), "big": "x"} for i in range(12_000)]
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=1500)
    parts = list(parts_of(read_input(path, column="prompt", keep=["id"])))
    assert [(part.start, part.stop) for part in parts] == [(0, 3), (3, 6), (6, 8)]
    batches = [batch for part in parts for batch in batches_of(part, keep=["id"])]
    assert [prompt for batch in batches for prompt in batch.prompts] == [row["prompt"] for row in rows]
    assert [i for batch in batches for i in batch.kept["id"].to_pylist()] == [row["id"] for row in rows]


def test_a_huge_row_group_is_handed_out_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    prompts = [str(i) for i in range(20_000)]
    parquet.write_table(pa.table({"prompt": prompts}), path)
    parts = list(parts_of(read_input(path, column="prompt")))
    assert [len(part.content) > 0 for part in parts if isinstance(part.content, bytes)] == [True] * 5
    assert [prompt for part in parts for b in batches_of(part) for prompt in b.prompts] == prompts


def test_a_row_group_of_long_texts_is_handed_out_by_their_size(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    prompts = ["x" * 1000 + str(i) for i in range(20_000)]
    parquet.write_table(pa.table({"prompt": prompts}), path)
    parts = list(parts_of(read_input(path, column="prompt"), part_bytes=100_000))
    assert max(len(part.content) for part in parts if isinstance(part.content, bytes)) < 250_000
    assert [prompt for part in parts for b in batches_of(part) for prompt in b.prompts] == prompts


@pytest.mark.parametrize("part_rows", [1, 2, 3, 100])
def test_rows_of_a_table_are_handed_out_once_each_whatever_stands_in_them(
    tmp_path: Path, part_rows: int
) -> None:
    path = tmp_path / "a.csv"
    prompts = ['a "b"\nc', "x,y\r\nz", "", "=1", 'only "quotes"""']
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows([["id", "prompt"], *enumerate(prompts)])
    parts = list(parts_of(read_input(path, column="prompt"), part_rows=part_rows))
    assert len(parts) == -(-len(prompts) // part_rows)
    assert [prompt for part in parts for b in batches_of(part) for prompt in b.prompts] == prompts
    assert sum(part.n_bytes for part in parts) == path.stat().st_size


def test_a_table_without_rows_has_no_scores(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"prompt": pa.array([], pa.string())}), path)
    (part,) = parts_of(read_input(path, column="prompt"))
    assert list(batches_of(part)) == []
