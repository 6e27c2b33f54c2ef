"""Files of prompts in, files of scores out: whole, in order, once."""

import csv
import fcntl
import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pyarrow as pa  # type: ignore[import-untyped]
import pytest
from pyarrow import parquet

from shared_router import load_router
from shared_router.batch.folder import OutFolder
from shared_router.batch.score import score_files
from shared_router.commands.main import main
from shared_router.errors import ArtifactExistsError, BatchError, DataError, InvalidInputError

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


def test_one_run_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.jsonl"), tmp_path / "out"
    score_files([source], out, processes=1)
    with (out / ".routellm-score" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BatchError, match="another is writing"):
            score_files([source], out, processes=1)


@pytest.mark.parametrize("name", ["a.jsonl", "a.csv", "a.parquet"])
def test_a_file_without_the_column_is_refused_with_those_it_has(tmp_path: Path, name: str) -> None:
    with pytest.raises(DataError, match=r"must have the column 'text', and theirs are \['id', 'prompt'\]"):
        score_files([write(tmp_path / name)], tmp_path / "out", column="text", processes=1)


def test_a_kept_text_is_no_formula_in_a_spreadsheet(tmp_path: Path) -> None:
    log = tmp_path / "log.jsonl"
    log.write_text(as_jsonl([{"prompt": "=1+1", "n": -3}, {"prompt": "@SUM(A1)", "n": 2}]))
    score_files([log], tmp_path / "out", keep=["prompt", "n"], out_format="csv", processes=1)
    found = read(tmp_path / "out" / "log.csv")
    assert [row["prompt"] for row in found] == ["'=1+1", "'@SUM(A1)"]


def test_scores_are_written_in_the_format_that_is_asked_for(tmp_path: Path) -> None:
    score_files([write(tmp_path / "a.csv")], tmp_path / "out", out_format="parquet", processes=1)
    assert parquet.read_schema(tmp_path / "out" / "a.parquet").names == ["win_probability"]


def test_a_run_that_is_killed_again_and_again_loses_and_doubles_nothing(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    drawn = random.Random(0)
    for name in range(12):
        rows = [{"id": f"{name}-{i}", "prompt": f"{drawn.choice(PROMPTS)} {i}"} for i in range(5000)]
        (tmp_path / "in" / f"{name}.jsonl").write_text(as_jsonl(rows), "utf-8")
    command = [sys.executable, "-m", "shared_router", "score", str(tmp_path / "in"), "--keep", "id"]
    command += ["--out", str(tmp_path / "out"), "--processes", "2"]
    for n_done in (1, 3, 6):
        process = subprocess.Popen(
            command, start_new_session=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        while len(list((tmp_path / "out").glob("*.jsonl"))) < n_done:
            assert process.poll() is None, "a run must still be at work when it is killed"
            time.sleep(0.01)
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    assert subprocess.run(command, stdout=subprocess.DEVNULL, check=False).returncode == 0
    for name in range(12):
        found = read(tmp_path / "out" / f"{name}.jsonl")
        assert [row["id"] for row in found] == [f"{name}-{i}" for i in range(5000)]
        assert all(row["win_probability"] is not None for row in found)
    assert not list((tmp_path / "out" / ".routellm-score").glob("*/*/"))


def test_a_worker_that_is_ended_from_outside_is_told_and_the_run_goes_on_later(tmp_path: Path) -> None:
    for name in range(8):
        rows = [{"prompt": f"{PROMPTS[1]} {name} {i}"} for i in range(3000)]
        (tmp_path / f"{name}.jsonl").write_text(as_jsonl(rows), "utf-8")
    command = [sys.executable, "-m", "shared_router", "score", str(tmp_path), "--out", str(tmp_path / "out")]
    process = subprocess.Popen([*command, "--processes", "2"], stderr=subprocess.PIPE, text=True)
    workers: list[int] = []
    while process.poll() is None and len(workers) < 3:  # two, and the tracker of their resources
        time.sleep(0.05)
        task = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        if not task.exists():
            pytest.skip("this system does not list a process's children")
        workers = [int(pid) for pid in task.read_text().split()]
    os.kill(workers[-1], signal.SIGKILL)
    _, told = process.communicate()
    assert process.returncode == 2
    assert "one was ended from outside" in told
    assert main(["score", str(tmp_path), "--out", str(tmp_path / "out"), "--processes", "1"]) == 0
    assert all(len(read(tmp_path / "out" / f"{name}.jsonl")) == 3000 for name in range(8))


def test_a_changed_input_is_told_and_its_scores_are_not_put_together(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl")
    folder = OutFolder(tmp_path / "out", {}, overwrite=False)
    with folder.locked():
        parts = folder.begin(source, "a.jsonl")
        parts.add(0, source)
        source.write_text("{}\n")
        with pytest.raises(BatchError, match=r"a\.jsonl has changed"):
            folder.finish(source, "a.jsonl", parts, "jsonl", [])


def test_parts_that_a_kill_left_beside_a_whole_file_are_removed(tmp_path: Path) -> None:
    source = write(tmp_path / "a.jsonl")
    score_files([source], tmp_path / "out", processes=1)
    (folder,) = (tmp_path / "out" / ".routellm-score").glob("*/")
    (folder / "made").mkdir()
    (folder / "made" / "0-5-0").write_text("as a kill leaves it between a file's name and its parts' removal")
    assert score_files([source], tmp_path / "out", processes=1).skipped == 1
    assert [path.name for path in folder.iterdir()] == ["done.json"]


def test_parts_whose_settings_are_lost_are_not_put_together(tmp_path: Path) -> None:
    """A kill while scores of other settings are replaced may leave parts and not what made them."""
    source = write(tmp_path / "a.jsonl")
    score_files([source], tmp_path / "out", processes=1)
    expected = read(tmp_path / "out" / "a.jsonl")
    (tmp_path / "out" / "a.jsonl").unlink()
    state = tmp_path / "out" / ".routellm-score"
    (state / "run.json").unlink()
    (folder,) = state.glob("*/")
    (folder / "made").mkdir()
    (folder / "made" / "0-5-0").write_text('{"win_probability": 0.25}\n' * 5)
    score_files([source], tmp_path / "out", processes=1)
    assert read(tmp_path / "out" / "a.jsonl") == expected


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
