"""Every reader: whatever stands in a row, it is read or left out with a reason, and nothing else happens."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from shared_router import read_outcomes
from shared_router.records.builder import OutcomesBuilder
from shared_router.records.files import Head, read_head, read_rows
from shared_router.records.readers import READERS
from shared_router.records.record import Reader, Record
from tests.records.fixtures import FOLDER

JUNK: list[Any] = [
    None,
    "",
    " ",
    "x",
    "{",
    "[1]",
    "\ud800",
    -1,
    1e308,
    True,
    [],
    [None],
    [[]],
    {},
    {"a": None},
]
FILES = sorted(path for path in FOLDER.rglob("*") if path.is_file() and not path.name.startswith("results_"))


def reader_of(head: Head) -> Reader:
    return next(reader for reader in READERS.values() if reader.refuses(head) is None)


def mutated(value: Any) -> Iterator[Any]:
    """Yield copies of a row in each of which one value, at any depth, is junk or missing."""
    if isinstance(value, dict):
        for name in value:
            yield {other: kept for other, kept in value.items() if other != name}
            for junk in JUNK:
                yield {**value, name: junk}
            for inner in mutated(value[name]):
                yield {**value, name: inner}
    elif isinstance(value, list):
        for place, element in enumerate(value):
            for inner in (*JUNK, *mutated(element)):
                yield [*value[:place], inner, *value[place + 1 :]]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(FOLDER)))
def test_a_row_with_anything_in_it_is_read_or_left_out(path: Path) -> None:
    head = read_head(path)
    reader = reader_of(head)
    row = next(row for row in read_rows(head) if isinstance(row, dict))
    builder = OutcomesBuilder()
    count = 0
    for changed in mutated(copy.deepcopy(row)):
        found = reader.records(changed, head)
        if isinstance(found, str):
            assert found
            continue
        assert all(isinstance(record, Record) for record in found)
        builder.add(found)
        count += 1
    assert count + sum(builder.left_out.values()) > 0


def test_each_reader_has_a_fixture_and_knows_it_alone() -> None:
    """A file of one format is no file of another; but a table of columns by model may be many a thing."""
    known = {}
    for path in FILES:
        head = read_head(path)
        known[path] = [name for name, reader in READERS.items() if reader.refuses(head) is None]
    assert {names[0] for names in known.values()} == set(READERS)
    assert list(READERS)[-1] == "routellm"
    assert {path.name: names for path, names in known.items() if len(set(names) - {"routellm"}) > 1} == {}


@pytest.mark.parametrize(
    "name",
    [
        "langsmith/runs.jsonl",
        "langfuse_api.json",
        "helicone.jsonl",
        "litellm_callback.jsonl",
        "openinference.jsonl",
    ],
)
def test_a_log_that_pandas_saved_as_csv_reads_the_same(tmp_path: Path, name: str) -> None:
    """pandas writes an object into a cell as Python does, and what is absent as nothing."""
    rows = [dict(row) for row in read_rows(read_head(FOLDER / name)) if not isinstance(row, str)]
    pd.DataFrame(rows).to_csv(tmp_path / "x.csv", index=False)
    saved, logged = read_outcomes(tmp_path / "x.csv"), read_outcomes(FOLDER / name)
    assert saved.outcomes == logged.outcomes
    assert saved.left_out == logged.left_out
