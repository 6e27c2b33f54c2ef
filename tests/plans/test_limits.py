import threading
import time
from contextvars import ContextVar
from functools import partial

import pytest

from shared_router import Deadline, PlanTimeoutError, at_once, within
from shared_router.plans import limits
from shared_router.scoring.workers import Workers

_name: ContextVar[str] = ContextVar("_name", default="none")


def test_calls_are_made_at_the_same_time_and_answer_in_order() -> None:
    together = threading.Barrier(3, timeout=5)

    def call(number: int) -> int:
        together.wait()
        return number

    assert at_once([partial(call, number) for number in range(3)]) == [0, 1, 2]


def test_one_call_alone_is_made_where_the_caller_stands() -> None:
    assert at_once([threading.get_ident]) == [threading.get_ident()]


def test_the_first_calls_error_is_raised() -> None:
    with pytest.raises(ZeroDivisionError):
        at_once([lambda: 1 / 0, lambda: 2.0])
    with pytest.raises(ZeroDivisionError):
        at_once([lambda: 2.0, lambda: 1 / 0])


def test_each_call_has_the_callers_context_for_itself() -> None:
    def call(name: str) -> tuple[str, str]:
        before = _name.get()
        _name.set(name)
        return before, _name.get()

    _name.set("caller")
    assert at_once([partial(call, "a"), partial(call, "b")]) == [("caller", "a"), ("caller", "b")]
    assert _name.get() == "caller"


def test_calls_that_make_calls_do_not_wait_for_each_others_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Thirty calls of three, each within a time, by four threads of either kind."""
    monkeypatch.setattr(limits, "_callers", Workers(4))
    monkeypatch.setattr(limits, "_workers", Workers(4))
    deadline = Deadline(60.0)

    def leaf() -> int:
        time.sleep(0.001)
        return 1

    def three() -> int:
        return sum(at_once([lambda: within(leaf, deadline)] * 3))

    assert sum(at_once([three] * 30)) == 90


def test_what_is_late_is_given_up() -> None:
    waiting = threading.Event()
    with pytest.raises(PlanTimeoutError):
        within(lambda: waiting.wait(10), Deadline(0.01))
    waiting.set()
