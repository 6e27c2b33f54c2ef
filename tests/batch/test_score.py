"""Files of prompts in, files of scores out: whole, in order, once."""

from pathlib import Path
from typing import Any

import pytest

from shared_router.batch.score import score_files
from shared_router.commands.main import main
from shared_router.errors import (
    ArtifactExistsError,
    DataError,
    InvalidInputError,
)
from tests.batch.prompt_files import ROWS, as_jsonl, read, scores, write


@pytest.mark.parametrize(
    ("name", "written"),
    [
        ("a.jsonl", "a.jsonl"),
        ("a.jsonl.gz", "a.jsonl"),
        ("a.json", "a.jsonl"),
        ("a.csv", "a.csv"),
        ("a.parquet", "a.parquet"),
    ],
)
def test_each_row_gets_the_routers_score_in_the_inputs_order(tmp_path: Path, name: str, written: str) -> None:
    done = score_files([write(tmp_path / name)], tmp_path / "out", keep=["id"], processes=1)
    assert (done.files, done.skipped, done.rows, done.unscored) == (1, 0, 5, 0)
    found = read(tmp_path / "out" / written)
    assert [row["id"] for row in found] == ["r0", "r1", "r2", "r3", "r4"]
    assert [row["win_probability"] for row in found] == pytest.approx(scores(), abs=1e-6)


def test_a_folder_is_scored_file_by_file_under_the_same_names(tmp_path: Path) -> None:
    (tmp_path / "in" / "deep").mkdir(parents=True)
    write(tmp_path / "in" / "a.csv")
    write(tmp_path / "in" / "deep" / "a.jsonl")
    (tmp_path / "in" / "notes.txt").write_text("no prompts")
    assert score_files([tmp_path / "in"], tmp_path / "out", processes=2).rows == 10
    assert len(read(tmp_path / "out" / "a.csv")) == len(read(tmp_path / "out" / "deep" / "a.jsonl")) == 5


def test_rows_without_a_text_have_no_score_and_keep_their_place(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text('{"prompt": "Hi!"}\n{"prompt": 3}\nno json\n{"other": "x"}\n{"prompt": ""}\n')
    done = score_files([log], tmp_path / "out", processes=1)
    assert (done.rows, done.unscored) == (5, 3)
    found = [row["win_probability"] for row in read(tmp_path / "out" / "log.jsonl")]
    assert [each is None for each in found] == [False, True, True, True, False]


def test_what_is_done_is_not_done_again(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl")
    score_files([source], tmp_path / "out", processes=1)
    before = (tmp_path / "out" / "a.jsonl").stat().st_mtime_ns
    write(tmp_path / "b.jsonl")
    again = score_files([source, tmp_path / "b.jsonl"], tmp_path / "out", processes=1)
    assert (again.files, again.skipped, again.rows) == (2, 1, 5)
    assert (tmp_path / "out" / "a.jsonl").stat().st_mtime_ns == before


def test_scores_of_another_router_or_of_a_changed_file_are_replaced_only_when_asked(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.jsonl"), tmp_path / "out"
    score_files([source], out, processes=1)
    with pytest.raises(ArtifactExistsError, match=r"another router; give --overwrite"):
        score_files([source], out, router="static-v1", processes=1)
    source.write_text(as_jsonl(ROWS[:2]), "utf-8")
    with pytest.raises(ArtifactExistsError, match="none of the scores of a.jsonl as it is now"):
        score_files([source], out, processes=1)
    assert len(read(out / "a.jsonl")) == 5
    assert score_files([source], out, processes=1, overwrite=True).rows == 2
    assert score_files([source], out, router="static-v1", processes=1, overwrite=True).rows == 2


def test_a_file_of_somebody_elses_is_never_taken_for_scores(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.jsonl"), tmp_path / "out"
    out.mkdir()
    (out / "a.jsonl").write_text("mine")
    with pytest.raises(ArtifactExistsError, match="replaced only when asked"):
        score_files([source], out, processes=1)
    assert (out / "a.jsonl").read_text() == "mine"


def test_scores_never_replace_their_prompts(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="must not replace their prompts"):
        score_files([write(tmp_path / "a.jsonl")], tmp_path, processes=1)


def test_two_files_never_share_an_output(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl")
    write(tmp_path / "a.jsonl.gz")
    with pytest.raises(InvalidInputError, match="an output of its own"):
        score_files([tmp_path], tmp_path / "out", processes=1)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_a_file_without_the_column_is_refused_with_those_it_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"must have the column 'text', and theirs are \['id', 'prompt'\]"):
        score_files([write(tmp_path / name)], tmp_path / "out", column="text", processes=1)


@pytest.mark.parametrize("processes", [0, -1, 1.5, True])
def test_processes_must_be_a_count(tmp_path: Path, processes: Any) -> None:
    with pytest.raises(InvalidInputError, match="processes must be a whole number >= 1"):
        score_files([write(tmp_path / "a.jsonl")], tmp_path / "out", processes=processes)


def test_the_command_says_what_it_has_done(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write(tmp_path / "a.jsonl")
    arguments = ["score", str(tmp_path / "a.jsonl"), "--out", str(tmp_path / "out"), "--processes", "1"]
    assert main(arguments) == 0
    told = capsys.readouterr().out
    assert "1 files in" in told
    assert "5 rows scored in" in told
