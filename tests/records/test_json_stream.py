"""records/json_stream.py: the rows of a document, one at a time."""

import io
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared_router import DataError
from shared_router.records import json_stream
from shared_router.records.json_stream import document_rows

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=6,
)
ROWS = st.lists(st.dictionaries(st.text(), JSON))


def rows_of(document: str, *, piece: int) -> tuple[list[Any], dict[str, Any]]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(json_stream, "_CHUNK", piece)
        beside: dict[str, Any] = {}
        return list(document_rows(io.StringIO(document), max_row_chars=10_000, beside=beside)), beside


@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("piece", [1, 3, 1000])
@settings(max_examples=20)
@given(rows=ROWS)
def test_an_array_gives_its_rows_in_any_pieces(rows: list[Any], piece: int, indent: int | None) -> None:
    assert rows_of(json.dumps(rows, indent=indent), piece=piece)[0] == rows


@settings(max_examples=40)
@given(rows=ROWS, before=JSON)
@example(rows=[], before=10.5)
def test_rows_within_objects_are_found_and_what_stands_before_is_kept(rows: list[Any], before: Any) -> None:
    inner = {"version": 3, "results": rows, "after": 1}
    document = json.dumps({"before": before, "results": inner, "end": 2})
    found, beside = rows_of(document, piece=7)
    assert found == rows
    assert beside == {"before": before, "version": 3}


@pytest.mark.parametrize(
    "document", ["", "3", '"text"', "[1", '{"data": [', '{"data"}', "[{]", '[{"a": tru}]']
)
def test_what_is_no_whole_document_is_refused(document: str) -> None:
    with pytest.raises(DataError, match="a JSON file must be"):
        list(document_rows(io.StringIO(document), max_row_chars=100, beside={}))


def test_a_row_that_is_too_long_is_refused_before_it_is_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(json_stream, "_CHUNK", 10)
    file = io.StringIO('[{"a": "' + "x" * 100_000 + '"}]')
    with pytest.raises(DataError, match="a row must be JSON of at most 100 characters"):
        list(document_rows(file, max_row_chars=100, beside={}))
    assert file.tell() < 1000
