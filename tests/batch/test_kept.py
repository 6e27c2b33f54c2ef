"""Columns that are kept beside the scores: as they are, and no formulas."""

import math
from datetime import datetime
from decimal import Decimal
from pathlib import Path

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from shared_router.batch.score import score_files
from shared_router.errors import (
    InvalidInputError,
)
from tests.batch.prompt_files import PROMPTS, as_jsonl, read, write


def test_a_kept_text_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(as_jsonl([{"prompt": "=1+1", "n": -3}, {"prompt": "@SUM(A1)", "n": 2}]))
    score_files([log], tmp_path / "out", keep=["prompt", "n"], out_format="csv", processes=1)
    found = read(tmp_path / "out" / "log.csv")
    assert [row["prompt"] for row in found] == ["'=1+1", "'@SUM(A1)"]
    assert [row["n"] for row in found] == ["-3", "2"], "a number stays one"


def test_a_columns_name_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(as_jsonl([{"prompt": "Hi!", "=1+1": "x"}]))
    score_files([log], tmp_path / "out", keep=["=1+1"], out_format="csv", processes=1)
    assert (tmp_path / "out" / "log.csv").read_text().splitlines()[0] == "'=1+1,win_probability"


def test_kept_columns_keep_their_types_from_parquet_to_parquet(tmp_path: Path) -> None:
    table = pa.table(
        {
            "prompt": pa.array(PROMPTS),
            "id": pa.array(range(5), pa.int16()),
            "at": pa.array([datetime(2026, 1, day) for day in range(1, 6)], pa.timestamp("ns")),
            "day": pa.array(["a", "b", "a", None, "b"]).dictionary_encode(),
            "tags": pa.array([["x"], [], None, ["y", None], ["z"]], pa.list_(pa.large_string())),
            "more": pa.array([{"a": 1}, None, {"a": 2}, {"a": None}, {"a": 3}]),
        }
    )
    parquet.write_table(table, tmp_path / "a.parquet", row_group_size=2)
    keep = ["id", "at", "day", "tags", "more"]
    score_files([tmp_path / "a.parquet"], tmp_path / "out", keep=keep, processes=1)
    found = parquet.read_table(tmp_path / "out" / "a.parquet")
    assert found.select(keep).to_pylist() == table.select(keep).to_pylist()
    assert found.schema.field("id").type == pa.int16()
    assert found.schema.field("at").type == pa.timestamp("ns")


def test_kept_values_are_plain_in_text(tmp_path: Path) -> None:
    """Times without quotation marks around them, bytes as base64, and no token that JSON does not know."""
    row = {"prompt": "Hi!", "at": datetime(2026, 1, 2, 3, 4, 5), "cost": Decimal("1.50"), "raw": b"\0\xff"}
    parquet.write_table(pa.Table.from_pylist([{**row, "nan": math.nan}]), tmp_path / "a.parquet")
    keep = ["at", "cost", "raw", "nan"]
    score_files([tmp_path / "a.parquet"], tmp_path / "j", keep=keep, out_format="jsonl", processes=1)
    score_files([tmp_path / "a.parquet"], tmp_path / "c", keep=keep, out_format="csv", processes=1)
    expected = ["2026-01-02 03:04:05.000000", "1.50", "AP8="]
    (found,) = read(tmp_path / "j" / "a.jsonl")
    assert [found[name] for name in keep] == [*expected, None]
    (found,) = read(tmp_path / "c" / "a.csv")
    assert [found[name] for name in keep] == [*expected, ""]


def test_half_a_surrogate_pair_is_kept_as_far_as_utf_8_can(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"prompt": "a\\ud800b"}\n{"prompt": "ok"}\n')
    for out_format in ("jsonl", "csv", "parquet"):
        out = tmp_path / out_format
        score_files([log], out, keep=["prompt"], out_format=out_format, processes=1)
        assert [row["prompt"] for row in read(out / f"log.{out_format}")] == ["a?b", "ok"]


def test_the_scores_own_column_is_not_kept(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="keep must not name 'win_probability'"):
        score_files([write(tmp_path / "a.jsonl")], tmp_path / "out", keep=["win_probability"], processes=1)


def test_scores_are_written_in_the_format_that_is_asked_for(tmp_path: Path) -> None:
    score_files([write(tmp_path / "a.csv")], tmp_path / "out", out_format="parquet", processes=1)
    assert parquet.read_schema(tmp_path / "out" / "a.parquet").names == ["win_probability"]
