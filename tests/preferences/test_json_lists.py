"""Preference files that hold one JSON list, as RouteLLM's training data do."""

import json
from pathlib import Path

import pytest

from shared_router import DataError, PreferenceData, SkippedRowsWarning
from tests.preferences.test_files import EXPECTED, GOOD, LINE, write


@pytest.mark.parametrize("indent", [None, 2])
def test_a_json_list_is_read_as_it_is(tmp_path: Path, indent: int | None) -> None:
    rows = [{**GOOD, "winner": "model_a", "idx": number} for number in range(2)]
    content = json.dumps(rows, indent=indent)
    assert PreferenceData.from_file(write(tmp_path, content, "x.json")) == EXPECTED
    assert PreferenceData.from_file(write(tmp_path, "\ufeff" + content, "X.JSON")) == EXPECTED


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'[{"query": "\xff"}]', "it must be UTF-8, and its byte 12 is not"),
        (f"{LINE}\n{LINE}", "not JSON from line 2, column 1; name a file of one object a line .jsonl"),
        ("[" * 100_000, "nest this deep"),
        (f'[{LINE[:-1]}, "winner": "b"}}]', "unique keys"),
        (LINE, "got dict"),
        ("", "not JSON from line 1, column 1"),
    ],
)
def test_a_json_file_that_is_no_list_is_refused_whole(
    tmp_path: Path, content: str | bytes, message: str
) -> None:
    with pytest.raises(DataError, match=f"a .json file must be one list of rows: .*{message}") as caught:
        PreferenceData.from_file(write(tmp_path, content, "x.json"))
    assert "2+2" not in str(caught.value)


def test_a_row_of_a_json_list_that_is_none_is_named(tmp_path: Path) -> None:
    path = write(tmp_path, f"[{LINE}, 1, {LINE}]", "x.json")
    with pytest.raises(DataError, match="row 1: a row must be a JSON object, got int"):
        PreferenceData.from_file(path)
    with pytest.warns(SkippedRowsWarning, match="skipped 1 of 3 rows; the first is row 1"):
        assert PreferenceData.from_file(path, on_bad_rows="skip", max_bad_fraction=0.5) == EXPECTED
