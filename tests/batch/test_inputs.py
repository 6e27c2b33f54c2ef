"""What a person may give to be scored, and how each file that is none is told."""

import gzip
import json
import os
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from shared_router.batch.score import score_files
from shared_router.errors import DataError, InvalidInputError

ROWS = [{"id": i, "prompt": f"What is {i} + {i}?"} for i in range(30)]


def lines(rows: list[Any]) -> str:
    return "".join(json.dumps(row) + "\n" for row in rows)


def write(path: Path, content: str | bytes | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    text = lines(ROWS) if content is None else content
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def names_in(out: Path) -> list[str]:
    found = (path for path in out.rglob("*") if path.is_file() and ".routellm-score" not in path.parts)
    return sorted(str(path.relative_to(out)) for path in found)


def ids_in(path: Path) -> list[int]:
    return [json.loads(line)["id"] for line in path.read_text("utf-8").split("\n") if line]


def test_a_link_is_called_by_its_own_name(tmp_path: Path) -> None:
    write(tmp_path / "blobs" / "abc123")
    (tmp_path / "snapshot").mkdir()
    (tmp_path / "snapshot" / "train.jsonl").symlink_to("../blobs/abc123")
    (tmp_path / "linked").mkdir()
    (tmp_path / "linked" / "deep").symlink_to(tmp_path / "snapshot")
    score_files([tmp_path / "snapshot" / "train.jsonl"], tmp_path / "file", processes=1)
    score_files([tmp_path / "linked"], tmp_path / "folder", processes=1)
    assert names_in(tmp_path / "file") == ["train.jsonl"]
    assert names_in(tmp_path / "folder") == ["deep/train.jsonl"]


def test_a_link_to_the_folder_itself_is_not_followed_for_ever(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.jsonl")
    (tmp_path / "in" / "again").symlink_to(tmp_path / "in")
    score_files([tmp_path / "in"], tmp_path / "out", processes=1)
    assert names_in(tmp_path / "out") == ["a.jsonl"]


def test_a_file_keeps_its_place_in_the_folder_that_is_given_also_where_it_is_alone(tmp_path: Path) -> None:
    write(tmp_path / "in" / "deep" / "a.jsonl")
    score_files([tmp_path / "in"], tmp_path / "out", processes=1)
    write(tmp_path / "in" / "b.jsonl")
    assert score_files([tmp_path / "in"], tmp_path / "out", processes=1).skipped == 1
    assert names_in(tmp_path / "out") == ["b.jsonl", "deep/a.jsonl"]


def test_files_of_one_name_in_two_folders_have_two_outputs(tmp_path: Path) -> None:
    given = [write(tmp_path / day / "a.jsonl") for day in ("monday", "tuesday")]
    score_files(given, tmp_path / "out", processes=1)
    assert names_in(tmp_path / "out") == ["monday/a.jsonl", "tuesday/a.jsonl"]


def test_what_clusters_write_beside_their_rows_is_no_file_of_rows(tmp_path: Path) -> None:
    for day in ("2026-01-01", "2026-01-02"):
        (tmp_path / "in" / f"date={day}").mkdir(parents=True)
        table = pa.Table.from_pylist(ROWS)
        parquet.write_table(table, tmp_path / "in" / f"date={day}" / "part-0.parquet")
        write(tmp_path / "in" / f"date={day}" / ".part-0.parquet.crc", b"crc\0")
    write(tmp_path / "in" / "_SUCCESS", "")
    write(tmp_path / "in" / "_temporary" / "part-1.parquet", b"PAR1, and no more")
    write(tmp_path / "in" / "._a.jsonl", b"\0\0\0")
    score_files([tmp_path / "in"], tmp_path / "out", processes=1)
    expected = ["date=2026-01-01/part-0.parquet", "date=2026-01-02/part-0.parquet"]
    assert names_in(tmp_path / "out") == expected


def test_scores_inside_their_prompts_folder_are_no_prompts(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    for skipped in (0, 1, 1):
        assert score_files([tmp_path], tmp_path / "scores", processes=1).skipped == skipped
    score_files([tmp_path], tmp_path / "others", router="static-v1", processes=1)
    assert names_in(tmp_path / "others") == ["a.jsonl"]


def test_scores_never_replace_another_files_prompts(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    write(tmp_path / "deep" / "a.jsonl")
    with pytest.raises(InvalidInputError, match="must not replace their prompts"):
        score_files([tmp_path], tmp_path / "deep", processes=1, overwrite=True)
    assert ids_in(tmp_path / "deep" / "a.jsonl") == list(range(30))


def test_an_output_is_never_the_folder_of_another(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.jsonl.gz", gzip.compress(lines(ROWS).encode()))
    write(tmp_path / "in" / "a.jsonl" / "part-0.jsonl")
    with pytest.raises(InvalidInputError, match="would be the folder of"):
        score_files([tmp_path / "in"], tmp_path / "out", processes=1)


def test_an_empty_file_has_no_scores_and_costs_the_others_nothing(tmp_path: Path) -> None:
    write(tmp_path / "in" / "a.jsonl", "")
    write(tmp_path / "in" / "b.csv", "prompt\n")
    write(tmp_path / "in" / "c.csv", "\n\n")
    write(tmp_path / "in" / "d.jsonl.gz", gzip.compress(b""))
    write(tmp_path / "in" / "e.json", "[]")
    write(tmp_path / "in" / "f.jsonl")
    assert score_files([tmp_path / "in"], tmp_path / "out", keep=["prompt"], processes=1).rows == 30
    contents = [(tmp_path / "out" / name).read_text() for name in names_in(tmp_path / "out")[:5]]
    assert contents == ["", "prompt,win_probability\n", "prompt,win_probability\n", "", ""]


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("b.jsonl", '{"text": "x"}\n', r"must have the column 'prompt', and theirs are \['text'\]"),
        ("b.csv", "text\nx\n", r"must have the column 'prompt', and theirs are \['text'\]"),
        ("b.jsonl.gz", gzip.compress(lines(ROWS).encode())[:-20], "this one is damaged"),
        ("b.parquet", b"PAR1 is where it begins", "must be readable as Parquet"),
        ("b.csv", 'prompt\n"never ended', "must be well-formed CSV"),
        ("b.csv", b"prompt\ncaf\xe9\n", "text must be UTF-8"),
    ],
)
@pytest.mark.parametrize("processes", [1, 2])
def test_a_file_that_cannot_be_scored_is_told_and_costs_the_others_nothing(
    tmp_path: Path, name: str, content: str | bytes, message: str, processes: int
) -> None:
    write(tmp_path / "in" / "a.jsonl")
    write(tmp_path / "in" / name, content)
    write(tmp_path / "in" / "c.jsonl")
    with pytest.raises(DataError, match=message) as told:
        score_files([tmp_path / "in"], tmp_path / "out", keep=["prompt"], processes=processes)
    assert str(tmp_path / "in" / name) in str(told.value)
    assert "the other 2 have their scores" in str(told.value)
    assert names_in(tmp_path / "out") == ["a.jsonl", "c.jsonl"]


def test_all_files_that_cannot_be_scored_are_told_at_once(tmp_path: Path) -> None:
    for number in range(8):
        write(tmp_path / "in" / f"{number}.jsonl", '{"text": "x"}\n')
    with pytest.raises(DataError, match=r"nor can 7 more be scored: .*1\.jsonl, .*, \.\.\.$"):
        score_files([tmp_path / "in"], tmp_path / "out", processes=1)


@pytest.mark.parametrize(
    ("kind", "told"),
    [(pa.int64(), "int64"), (pa.binary(), "binary"), (pa.list_(pa.string()), "list<.*string>")],
)
def test_a_column_of_no_texts_is_refused_with_its_type(tmp_path: Path, kind: pa.DataType, told: str) -> None:
    parquet.write_table(pa.table({"prompt": pa.array([None], kind)}), tmp_path / "a.parquet")
    with pytest.raises(DataError, match=f"'prompt' holds {told}"):
        score_files([tmp_path / "a.parquet"], tmp_path / "out", processes=1)


def test_a_column_of_conversations_is_refused(tmp_path: Path) -> None:
    chat = [{"messages": [{"role": "user", "content": "Hi!"}]}]
    with pytest.raises(DataError, match="'messages' holds lists or objects; write the user's own text"):
        score_files(
            [write(tmp_path / "a.jsonl", lines(chat))], tmp_path / "out", column="messages", processes=1
        )


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int16(), pa.string())]
)
def test_texts_of_every_arrow_type_are_prompts(tmp_path: Path, kind: pa.DataType) -> None:
    prompts = pa.array([*(row["prompt"] for row in ROWS), None], pa.string()).cast(kind)
    parquet.write_table(pa.table({"prompt": prompts}), tmp_path / "a.parquet", row_group_size=7)
    done = score_files([tmp_path / "a.parquet"], tmp_path / "out", keep=["prompt"], processes=1)
    assert (done.rows, done.unscored) == (31, 1)
    kept = parquet.read_table(tmp_path / "out" / "a.parquet")["prompt"]
    assert kept.to_pylist() == prompts.to_pylist()


def test_a_cell_that_is_no_utf_8_costs_its_own_score_alone(tmp_path: Path) -> None:
    bad = pa.array([b"Hi!", b"caf\xe9", b"Bye!"], pa.binary()).view(pa.string())
    parquet.write_table(pa.table({"prompt": bad}), tmp_path / "a.parquet")
    write(tmp_path / "b.jsonl", b'{"prompt": "Hi!"}\n{"prompt": "caf\xe9"}\n{"prompt": "Bye!"}\n')
    packed = gzip.compress((tmp_path / "b.jsonl").read_bytes())
    write(tmp_path / "c.jsonl.gz", packed)
    done = score_files([tmp_path], tmp_path / "out", out_format="jsonl", processes=1)
    assert (done.rows, done.unscored) == (9, 3)
    for name in ("a", "b", "c"):
        found = (tmp_path / "out" / f"{name}.jsonl").read_text().splitlines()
        assert [json.loads(line)["win_probability"] is None for line in found] == [False, True, False]


def test_a_field_that_few_rows_have_can_be_kept(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", lines([*ROWS * 2, {"prompt": "x", "label": "rare"}]))
    score_files([source], tmp_path / "out", keep=["label"], processes=1)
    found = [json.loads(line)["label"] for line in (tmp_path / "out" / "a.jsonl").read_text().splitlines()]
    assert found == [None] * 60 + ["rare"]


def test_a_torn_first_line_costs_its_own_score_alone(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl", 'pt": "of yesterday, cut"}\n' + lines(ROWS))
    done = score_files([source], tmp_path / "out", processes=1)
    assert (done.rows, done.unscored) == (31, 1)


def test_a_file_with_the_longest_name_or_the_name_of_ours_is_scored(tmp_path: Path) -> None:
    for name in ("n" * 249 + ".jsonl", "run", "lock", "a\nb ü.jsonl"):
        done = score_files([write(tmp_path / "in" / name)], tmp_path / "out", keep=["id"], processes=1)
        assert done.rows == 30
        assert ids_in(tmp_path / "out" / name) == list(range(30))


def test_what_is_no_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="there is none"):
        score_files([tmp_path / "no.jsonl"], tmp_path / "out", processes=1)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match="it is no file"):
        score_files([tmp_path / "pipe"], tmp_path / "out", processes=1)
    assert not (tmp_path / "out").exists()
