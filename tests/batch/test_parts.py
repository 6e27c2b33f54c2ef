"""A file that is cut into parts holds, part by part, what it holds whole."""

import json
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyarrow import parquet

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
    parts = parts_of(path, column="prompt", part_bytes=part_bytes)
    found = [row for part in parts for batch in batches_of(part, column="prompt") for row in batch]
    assert found == expected
    assert sum(part.n_bytes for part in parts) == path.stat().st_size


def test_row_groups_are_read_once_each_and_only_the_columns_that_are_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    rows = [{"id": i, "prompt": str(i), "big": "x"} for i in range(40_000)]
    parquet.write_table(pa.Table.from_pylist(rows), path, row_group_size=5000)
    parts = parts_of(path, column="prompt", keep=["id"])
    assert [(part.start, part.stop) for part in parts] == [(0, 4), (4, 8)]
    found = [row for part in parts for b in batches_of(part, column="prompt", keep=["id"]) for row in b]
    assert found == [{"prompt": row["prompt"], "id": row["id"]} for row in rows]


def test_a_table_without_rows_has_no_scores(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    parquet.write_table(pa.table({"prompt": pa.array([], pa.string())}), path)
    parts = parts_of(path, column="prompt")
    assert [row for part in parts for batch in batches_of(part, column="prompt") for row in batch] == []
