"""Files of five prompts in every format, and what is read of files of scores."""

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
from pyarrow import parquet

from shared_router import load_router

PROMPTS = [
    "Hi!",
    "Prove that there are infinitely many primes.",
    "Übersetze: «guten Tag»",
    'a, "b"\nc',
    "你好",
]
ROWS = [{"id": f"r{i}", "prompt": prompt} for i, prompt in enumerate(PROMPTS)]


def scores() -> list[float]:
    return [round(float(load_router().win_probability([prompt])[0]), 9) for prompt in PROMPTS]


def as_jsonl(rows: list[Any]) -> str:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows)


def write(path: Path) -> Path:
    if path.name.endswith(".gz"):
        path.write_bytes(gzip.compress(as_jsonl(ROWS).encode()))
    elif path.suffix == ".json":
        path.write_text(json.dumps(ROWS), "utf-8")
    elif path.suffix == ".csv":
        with path.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, ["id", "prompt"])
            writer.writeheader()
            writer.writerows(ROWS)
    elif path.suffix == ".parquet":
        parquet.write_table(pa.Table.from_pylist(ROWS), path, row_group_size=2)
    else:
        path.write_text(as_jsonl(ROWS), "utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    if path.suffix == ".parquet":
        rows: list[dict[str, Any]] = parquet.read_table(path).to_pylist()
        return rows
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as file:
            return [dict(row, win_probability=float(row["win_probability"])) for row in csv.DictReader(file)]
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]
