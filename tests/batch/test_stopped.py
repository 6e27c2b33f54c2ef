"""A run that is killed, without room or disturbed: what it says, and that the next one makes all whole."""

import fcntl
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from shared_router.batch.folder import OutFolder
from shared_router.batch.score import score_files
from shared_router.commands.main import main
from shared_router.errors import (
    ArtifactWriteError,
    BatchError,
)
from tests.batch.prompt_files import PROMPTS, as_jsonl, read, write


def test_one_run_at_a_time_writes_to_a_folder(tmp_path: Path) -> None:
    source, out = write(tmp_path / "a.jsonl"), tmp_path / "out"
    score_files([source], out, processes=1)
    with (out / ".routellm-score" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(BatchError, match="another is writing"):
            score_files([source], out, processes=1)


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


@pytest.mark.parametrize(("processes", "out_format"), [("1", "jsonl"), ("1", "parquet"), ("2", "csv")])
def test_a_disk_without_room_is_told_and_the_same_command_goes_on_later(
    tmp_path: Path, processes: str, out_format: str
) -> None:
    """A limit on a file's size stands in for the disk's: it fails the same writes."""
    rows = [{"prompt": f"{i}. {PROMPTS[1]}"} for i in range(3000)]
    (tmp_path / "a.jsonl").write_text(as_jsonl(rows), "utf-8")
    command = [sys.executable, "-m", "shared_router", "score", str(tmp_path / "a.jsonl"), "--keep", "prompt"]
    command += ["--out", str(tmp_path / "out"), "--processes", processes, "--format", out_format]
    limit = "import resource, signal, sys; signal.signal(signal.SIGXFSZ, signal.SIG_IGN);"
    limit += "resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000));"
    limit += "import os; os.execv(sys.argv[1], sys.argv[1:])"
    full = subprocess.run(
        [sys.executable, "-c", limit, *command], capture_output=True, text=True, check=False, timeout=240
    )
    assert full.returncode == 2
    assert full.stderr.startswith("routellm: error: scores must be written where there are room")
    assert "Traceback" not in full.stderr
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0
    assert len(read(tmp_path / "out" / f"a.{out_format}")) == 3000


def test_a_place_that_is_no_folder_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArtifactWriteError, match="Not a directory"):
        score_files([write(tmp_path / "a.jsonl")], tmp_path / "file" / "out", processes=1)


def test_processes_end_with_a_run_that_is_killed(tmp_path: Path) -> None:
    """Else one of them would go on writing beside the next run."""
    rows = [{"prompt": f"{i}. {PROMPTS[1]}"} for i in range(60_000)]
    (tmp_path / "a.jsonl").write_text(as_jsonl(rows), "utf-8")
    command = [sys.executable, "-m", "shared_router", "score", str(tmp_path / "a.jsonl"), "--processes", "2"]
    process = subprocess.Popen(
        [*command, "--out", str(tmp_path / "out")], start_new_session=True, stderr=subprocess.DEVNULL
    )
    while not list((tmp_path / "out").glob(".routellm-score/*/*/*")):
        assert process.poll() is None, "a run must still be at work when it is killed"
        time.sleep(0.05)
    process.kill()
    process.wait()
    for _ in range(600):
        try:
            os.killpg(process.pid, 0)
        except ProcessLookupError:
            return
        time.sleep(0.05)
    os.killpg(process.pid, signal.SIGKILL)
    pytest.fail("processes of a killed run must end")
