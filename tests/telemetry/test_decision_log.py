"""decision_log.py: one whole line a decision, whoever writes, and never at the caller's cost."""

from __future__ import annotations

import copy
import hashlib
import hmac
import json
import logging
import multiprocessing
import os
import pickle
import stat
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from shared_router import InvalidInputError, RoutingDecision
from shared_router.observers import Attempt
from shared_router.telemetry import DecisionLog, read_log
from tests.telemetry.calls import a_call, an_end, tell

KEY = "a key of sixteen bytes"


def lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text("ascii").splitlines()]


def test_a_line_says_what_was_decided_and_how_the_call_ended(tmp_path: Path) -> None:
    """The strong model was chosen and limited, the weak one answered: 12 tokens read, 20 written."""
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    call = a_call("Why?", model="strong", conversation="c1", tenant="acme")
    told = RoutingDecision("weak", 0.25, 0.5, "fixed", "fallback:strong->weak:RateLimitError")
    attempts = (Attempt("strong", "RateLimitError", 0.02), Attempt("weak", None, 0.5))
    log.decided(call)
    log.ended(call, an_end(call, decision=told, attempts=attempts, provider_model="gpt-4o-mini-2024-07-18"))
    assert log.flush()
    (line,) = lines(log.path)
    assert line == {
        "v": 1,
        "id": call.decision_id,
        "time": "2025-11-26T02:30:24.118+00:00",
        "model": "weak",
        "routed": "strong",
        "win_probability": 0.25,
        "threshold": 0.5,
        "router": "fixed",
        "reason": "fallback:strong->weak:RateLimitError",
        "propensity": 1.0,
        "query": log.hash_of("Why?"),
        "conversation": log.hash_of("c1"),
        "tenant": log.hash_of("acme"),
        "outcome": "answered",
        "attempts": [["strong", "RateLimitError", 0.02], ["weak", None, 0.5]],
        "input_tokens": 12,
        "output_tokens": 20,
        "dollars": 0.001,
        "seconds": 0.5,
        "provider_model": "gpt-4o-mini-2024-07-18",
    }


def test_a_question_stands_in_the_log_as_its_hmac_alone(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    tell(log, "My name is Ada.", conversation="Ada's", tenant="Ada Ltd")
    log.close()
    assert "Ada" not in log.path.read_text("ascii")
    expected = hmac.new(KEY.encode(), b"My name is Ada.", hashlib.sha256).hexdigest()
    assert lines(log.path)[0]["query"] == f"hmac:{expected}"


def test_questions_are_kept_in_clear_where_asked_and_that_is_said_once(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY, log_prompts=True)
    tell(log, "Is\nthis 'one' line\u2028 \ud800?")
    log.close()
    assert lines(log.path)[0]["prompt"] == "Is\nthis 'one' line\u2028 \ud800?"
    assert [record.message for record in caplog.records] == [
        f"{log.path} keeps questions in clear, as log_prompts=True asks"
    ]


def test_a_with_block_ends_when_all_is_written(tmp_path: Path) -> None:
    with DecisionLog(tmp_path / "decisions.jsonl", key=KEY) as log:
        tell(log)
    assert len(lines(log.path)) == 1


def test_a_call_without_a_question_is_logged_without_one(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    tell(log, None)
    log.close()
    assert "query" not in lines(log.path)[0]


def test_the_log_and_its_key_are_their_owners_alone(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        log = DecisionLog(tmp_path / "decisions.jsonl")
        tell(log)
        log.close()
    finally:
        os.umask(umask)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    assert modes == dict.fromkeys(("decisions.jsonl", "decisions.jsonl.lock", "routellm-log.key"), 0o600)


def test_a_line_is_added_about_a_decision(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    call = tell(log)
    log.append({"v": 1, "feedback": call.decision_id, "score": 1.0, "source": "thumbs"})
    log.close()
    assert [each.feedback[0].score for each in read_log(log.path)] == [1.0]


def test_threads_lose_and_break_no_line(tmp_path: Path) -> None:
    """8 threads of 250 calls: 2,000 lines, each whole."""
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: [tell(log) for _ in range(250)], range(8)))
    log.close()
    assert len({line["id"] for line in lines(log.path)}) == 2000
    assert log.health.written == 2000
    assert log.health.dropped == 0


def _log_in_a_process(path: Path, max_bytes: int, n: int) -> None:
    log = DecisionLog(path, key=KEY, max_bytes=max_bytes, max_files=1000)
    for each in range(n):
        tell(log, str(each))
        if each % 10 == 0:
            log.flush()


@pytest.mark.parametrize("start", ["fork", "spawn"])
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_processes_write_one_log_and_move_it_away_without_losing_a_line(tmp_path: Path, start: str) -> None:
    """4 processes of 100 calls, a file at most 10 kB: some 15 files, 400 lines; nobody closes a log."""
    path = tmp_path / "decisions.jsonl"
    context: Any = multiprocessing.get_context(start)
    workers = [context.Process(target=_log_in_a_process, args=(path, 10_000, 100)) for _ in range(4)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * 4
    logged = read_log(path)
    assert (len(logged), logged.skipped()) == (400, "")
    assert max(file.stat().st_size for file in logged.files) <= 10_000
    assert len(logged.files) > 10


def _log_after_a_fork(log: DecisionLog) -> None:
    tell(log, "child")


@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_log_goes_on_in_a_forked_process_without_what_waits_in_its_parent(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY, log_prompts=True)
    tell(log, "parent")  # waits when the process forks
    worker = multiprocessing.get_context("fork").Process(target=_log_after_a_fork, args=(log,))
    worker.start()
    worker.join()
    log.close()
    assert sorted(str(each.prompt) for each in read_log(log.path)) == ["child", "parent"]


def test_what_waits_is_written_when_a_program_ends(tmp_path: Path) -> None:
    program = (
        "import sys; from pathlib import Path\n"
        "from shared_router.telemetry import DecisionLog\n"
        "from tests.telemetry.calls import tell\n"
        "tell(DecisionLog(Path(sys.argv[1]), key='a key of sixteen bytes'))"
    )
    path = tmp_path / "decisions.jsonl"
    subprocess.run([sys.executable, "-W", "error", "-c", program, str(path)], check=True, timeout=60)
    assert len(lines(path)) == 1


def test_a_full_log_is_moved_away_and_the_oldest_deleted(tmp_path: Path) -> None:
    """Each line is longer than 100 bytes, so each of 5 calls has a file; three files are kept."""
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY, log_prompts=True, max_bytes=100, max_files=3)
    for number in range(5):
        tell(log, str(number))
        log.flush()
    names = sorted(path.name for path in tmp_path.iterdir() if path.suffix != ".lock")
    assert names == ["decisions.jsonl", "decisions.jsonl.1", "decisions.jsonl.2"]
    assert [lines(tmp_path / name)[0]["prompt"] for name in names] == ["4", "3", "2"]


def test_one_file_begins_anew_when_it_is_full(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY, log_prompts=True, max_bytes=100, max_files=1)
    for number in range(2):
        tell(log, str(number))
        log.flush()
    assert [line["prompt"] for line in lines(log.path)] == ["1"]


def test_a_line_that_another_process_left_half_written_damages_no_other(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    log.path.write_bytes(b'{"v":1,"id":"12')
    tell(log)
    log.close()
    logged = read_log(log.path)
    assert (len(logged), logged.n_damaged) == (1, 1)


def test_a_full_disk_costs_lines_and_one_warning_and_no_call(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """/dev/full takes nothing, as a full disk; a log that begins as a link to it is told so twice."""
    path = tmp_path / "decisions.jsonl"
    path.symlink_to("/dev/full")
    log = DecisionLog(path, key=KEY)
    for _ in range(2):
        tell(log)
        log.flush()
    assert (log.health.failed, log.health.written, log.health.error) == (2, 0, "OSError")
    assert [record.levelno for record in caplog.records] == [logging.WARNING]
    assert "No space left on device" in caplog.text
    path.unlink()  # room again
    tell(log)
    log.flush()
    assert (log.health.failed, log.health.written, log.health.error) == (2, 1, None)


def test_a_disk_that_fills_within_a_line_keeps_no_half_of_it(tmp_path: Path) -> None:
    """A process that may write files of 1,000 bytes: two lines of some 400 fit, of the third a part."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from shared_router.telemetry import DecisionLog\n"
        "from tests.telemetry.calls import tell\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "log = DecisionLog(Path(sys.argv[1]), key='a key of sixteen bytes')\n"
        "for _ in range(3): tell(log); log.flush()\n"
        "print(log.health.written, log.health.failed)"
    )
    path = tmp_path / "decisions.jsonl"
    run = [sys.executable, "-c", program, str(path)]
    done = subprocess.run(run, check=True, timeout=60, capture_output=True, text=True)
    assert done.stdout.split() == ["2", "1"]
    assert len(lines(path)) == 2


def test_more_lines_than_may_wait_are_counted_and_hold_nobody_up(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """A pipe that nobody reads is a disk that does not answer; 3 may wait, and a thread has taken one."""
    os.mkfifo(tmp_path / "decisions.jsonl")
    reader = os.open(tmp_path / "decisions.jsonl", os.O_RDONLY | os.O_NONBLOCK)
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY, max_waiting=3)
    log.append({"stuck": "x" * 200_000})  # more than a pipe holds
    while log.health.waiting:  # until the thread has taken it
        time.sleep(0.01)
    for _ in range(5):
        tell(log)
    assert (log.health.waiting, log.health.dropped) == (3, 2)
    assert [record.message for record in caplog.records] == [
        f"{log.path} is written too slowly; lines are left out and counted"
    ]
    while os.read(reader, 1 << 20):
        if log.flush(0.1):
            break
    os.close(reader)


def test_a_line_that_json_cannot_say_costs_itself_alone(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    log.append({"score": float("nan")})
    log.append({"score": object()})
    tell(log)
    log.close()
    assert (log.health.written, log.health.failed) == (1, 2)


def test_a_copy_of_a_log_is_the_log_and_a_pickle_another_one_on_its_file(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", max_bytes=1000)
    assert copy.deepcopy(log) is copy.copy(log) is log
    again = pickle.loads(pickle.dumps(log))
    tell(log, "x")
    tell(again, "x")
    log.close()
    again.close()
    assert len({line["query"] for line in lines(log.path)}) == 1
    assert len(lines(log.path)) == 2


def test_a_key_stands_in_no_repr_and_no_pickle(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    assert KEY not in repr(log)
    with pytest.raises(InvalidInputError, match="must take its key from ROUTELLM_LOG_KEY"):
        pickle.dumps(log)


def test_its_thread_ends_when_nothing_comes_any_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shared_router.telemetry.handing_over._IDLE_S", 0.01)
    before = {*threading.enumerate()}
    log = DecisionLog(tmp_path / "decisions.jsonl", key=KEY)
    for n in range(1, 3):
        tell(log)
        log.flush()
        for thread in {*threading.enumerate()} - before:
            thread.join(10)
            assert not thread.is_alive()
        assert log.health.written == n


@pytest.mark.parametrize("setting", ["max_bytes", "max_files", "max_waiting"])
@pytest.mark.parametrize("value", [0, -1, 1.5, True, None])
def test_a_setting_outside_its_rule_is_refused(tmp_path: Path, setting: str, value: object) -> None:
    with pytest.raises(InvalidInputError, match=f"{setting} must be a whole number >= 1"):
        DecisionLog(tmp_path / "x", key=KEY, **{setting: value})  # type: ignore[arg-type]


def test_a_path_that_is_none_or_in_no_folder_is_refused(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "none" / "log"):
        with pytest.raises(InvalidInputError, match="a log must be a file in a folder that is there"):
            DecisionLog(path)
    for wrong in (None, 3, ""):
        with pytest.raises(InvalidInputError, match="a log's path must be a file's"):
            DecisionLog(wrong)  # type: ignore[arg-type]
