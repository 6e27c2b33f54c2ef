"""scoring/breaker.py, by a clock that the tests turn."""

import copy
import pickle

from shared_router.scoring.breaker import Breaker


class Clock:
    """A clock that is set."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


def _opened(clock: Clock) -> Breaker:
    breaker = Breaker(failures=3, open_seconds=30, clock=clock)
    for _ in range(3):
        breaker.failed()
    return breaker


def test_it_opens_at_the_last_failure_in_a_row_that_is_allowed() -> None:
    breaker = Breaker(failures=3)
    breaker.failed()
    breaker.failed()
    assert (breaker.admits(), breaker.state) == (True, "closed")
    breaker.failed()
    assert (breaker.admits(), breaker.state) == (False, "open")


def test_a_success_in_between_begins_the_count_anew() -> None:
    breaker = Breaker(failures=2)
    breaker.failed()
    breaker.succeeded()
    breaker.failed()
    assert breaker.admits()


def test_after_its_time_one_probe_is_admitted_and_no_second_with_it() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now += 29.9
    assert not breaker.admits()
    clock.now += 0.1
    assert breaker.state == "half_open"
    assert [breaker.admits() for _ in range(3)] == [True, False, False]


def test_a_probe_that_succeeds_closes_it_and_one_that_fails_does_not() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now += 30
    assert breaker.admits()
    breaker.failed()
    assert not breaker.admits()
    clock.now += 30
    assert breaker.admits()
    breaker.succeeded()
    assert [breaker.admits() for _ in range(3)] == [True] * 3


def test_a_probe_that_nobody_hears_of_is_followed_by_another() -> None:
    clock = Clock()
    breaker = _opened(clock)
    clock.now += 30
    assert breaker.admits()
    clock.now += 30
    assert breaker.admits()


def test_a_copy_begins_closed_with_the_same_rule() -> None:
    breaker = Breaker(failures=1, open_seconds=5)
    breaker.failed()
    for other in (copy.deepcopy(breaker), pickle.loads(pickle.dumps(breaker))):
        assert (other.state, other.failures, other.open_seconds) == ("closed", 1, 5)
