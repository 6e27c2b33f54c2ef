"""scoring/workers.py: bounded, daemon, in the caller's context."""

import contextvars
import os
import subprocess
import sys
import threading
from concurrent.futures import wait

import pytest

from shared_router.scoring.workers import Workers

NAME: contextvars.ContextVar[str] = contextvars.ContextVar("NAME", default="nobody")


def test_a_call_runs_in_another_thread_in_the_callers_context() -> None:
    NAME.set("caller")
    found = Workers().submit(lambda: (NAME.get(), threading.get_ident())).result(60)
    assert found[0] == "caller"
    assert found[1] != threading.get_ident()


def test_an_error_is_the_callers() -> None:
    with pytest.raises(ZeroDivisionError):
        Workers().submit(lambda: 1 // 0).result(60)


def test_no_more_calls_than_its_size_run_at_once_and_the_others_wait_in_line() -> None:
    workers, go, lock = Workers(3), threading.Event(), threading.Lock()
    running, most = 0, 0

    def call() -> None:
        nonlocal running, most
        with lock:
            running += 1
            most = max(most, running)
        go.wait(60)
        with lock:
            running -= 1

    futures = [workers.submit(call) for _ in range(12)]
    go.set()
    assert not wait(futures, 60).not_done
    assert most <= 3


def test_a_call_never_waits_for_one_that_hangs_while_a_thread_is_to_be_had() -> None:
    workers, go = Workers(2), threading.Event()
    assert workers.submit(lambda: 1).result(60) == 1  # one thread is idle now
    hung = workers.submit(lambda: go.wait(60))
    assert workers.submit(lambda: 2).result(60) == 2
    go.set()
    assert hung.result(60)


def test_a_call_that_is_cancelled_in_line_is_never_run() -> None:
    workers, go, ran = Workers(1), threading.Event(), []
    hung = workers.submit(lambda: go.wait(60))
    waiting = workers.submit(lambda: ran.append(1))
    assert waiting.cancel()
    go.set()
    hung.result(60)
    workers.submit(lambda: None).result(60)
    assert ran == []


def test_idle_threads_end() -> None:
    workers = Workers(idle_seconds=0.01)
    threads = {workers.submit(threading.current_thread).result(60) for _ in range(3)}
    for thread in threads:
        thread.join(60)
        assert not thread.is_alive()
    assert workers.submit(lambda: 1).result(60) == 1


@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system does not fork")
def test_a_forked_child_has_threads_of_its_own_and_a_hung_call_keeps_no_program_from_ending() -> None:
    program = (
        "import os, threading\n"
        "from shared_router.scoring.workers import Workers\n"
        "workers = Workers(1)\n"
        "workers.submit(lambda: None).result(60)\n"
        "child = os.fork()\n"
        "if child == 0:\n"
        "    os._exit(workers.submit(lambda: 7).result(60))\n"
        "print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))\n"
        "workers.submit(threading.Event().wait)\n"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "7"), done.stderr
