"""A model's breaker, as a state machine beside a plain account of what it was told."""

import copy
import pickle
import threading

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from shared_router import Resilience
from shared_router.resilience.breaker import Breakers, ModelBreaker
from tests.resilience.kept import Clock

RULE = Resilience(failures=3, window=60.0, open_seconds=30.0)


def opened(clock: Clock) -> ModelBreaker:
    """Return a breaker that has just opened."""
    breaker = ModelBreaker(RULE, clock=clock)
    for _ in range(3):
        breaker.failed(_let_in(breaker))
    return breaker


def _state(breaker: ModelBreaker) -> str:
    return breaker.state  # read anew at each question


def _let_in(breaker: ModelBreaker) -> int:
    permit = breaker.admit()
    assert permit is not None
    return permit


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = ModelBreaker(RULE, clock=Clock())
    for _ in range(2):
        breaker.failed(_let_in(breaker))
    assert _state(breaker) == "closed"
    breaker.failed(_let_in(breaker))
    assert (_state(breaker), breaker.admit()) == ("open", None)


def test_failures_that_are_older_than_the_window_do_not_count() -> None:
    """The first of any three in a row is 62 s old when the third comes."""
    clock = Clock()
    breaker = ModelBreaker(RULE, clock=clock)
    for _ in range(6):
        breaker.failed(_let_in(breaker))
        clock.now += 31
    assert _state(breaker) == "closed"


def test_it_opens_where_half_of_enough_calls_failed() -> None:
    """Ten of twenty, never two in a row: at the twentieth call the share is a half."""
    breaker = ModelBreaker(RULE, clock=Clock())
    for _ in range(9):
        breaker.succeeded(_let_in(breaker))
        breaker.failed(_let_in(breaker))
    breaker.succeeded(_let_in(breaker))
    assert _state(breaker) == "closed"
    breaker.failed(_let_in(breaker))
    assert _state(breaker) == "open"


def test_a_hundred_answers_and_a_failure_now_and_then_leave_it_closed() -> None:
    breaker = ModelBreaker(RULE, clock=Clock())
    for at in range(1000):
        permit = _let_in(breaker)
        if at % 10 == 0:
            breaker.failed(permit)
        else:
            breaker.succeeded(permit)
    assert _state(breaker) == "closed"


def test_after_its_time_it_lets_one_call_in_alone_and_closes_when_that_is_answered() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    assert _state(breaker) == "half_open"
    probe = _let_in(breaker)
    assert breaker.admit() is None
    breaker.succeeded(probe)
    assert _state(breaker) == "closed"
    assert breaker.admit() is not None


def test_a_probe_that_fails_opens_it_for_as_long_again() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.failed(_let_in(breaker))
    clock.now += 29
    assert breaker.admit() is None
    clock.now += 1
    assert breaker.admit() is not None


def test_a_probe_that_was_cancelled_leaves_its_place_to_the_next_call() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    breaker.released(_let_in(breaker))
    assert breaker.admit() is not None


def test_a_probe_that_nobody_hears_of_again_keeps_nobody_out_for_good() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    _let_in(breaker)
    clock.now += 30
    assert breaker.admit() is not None


def test_a_call_of_before_it_opened_has_no_word_any_more() -> None:
    clock = Clock()
    breaker = ModelBreaker(RULE, clock=clock)
    early = _let_in(breaker)
    for _ in range(3):
        breaker.failed(_let_in(breaker))
    breaker.succeeded(early)
    assert _state(breaker) == "open"
    clock.now += 20
    breaker.failed(early)
    clock.now += 10
    assert _state(breaker) == "half_open"


def test_it_stays_open_for_as_long_as_the_provider_asks_up_to_ten_minutes() -> None:
    for asked, opens_for in ((5.0, 30.0), (120.0, 120.0), (90_000.0, 600.0)):
        clock = Clock()
        breaker = ModelBreaker(Resilience(failures=1), clock=clock)
        breaker.failed(_let_in(breaker), asked)
        clock.now += opens_for - 1
        assert _state(breaker) == "open"
        clock.now += 1
        assert _state(breaker) == "half_open"


def test_without_a_number_of_failures_it_never_opens() -> None:
    breaker = ModelBreaker(Resilience(failures=None), clock=Clock())
    for _ in range(1000):
        breaker.failed(_let_in(breaker))
    assert _state(breaker) == "closed"


def test_a_copy_and_a_pickle_of_breakers_begin_closed() -> None:
    breakers = Breakers()
    breakers.of("strong", Resilience(failures=1)).failed(0)
    assert breakers.states() == {"strong": "open"}
    assert copy.deepcopy(breakers).states() == pickle.loads(pickle.dumps(breakers)).states() == {}


def test_threads_that_ask_at_once_get_one_probe_between_them() -> None:
    clock = Clock()
    breaker = opened(clock)
    clock.now += 30
    let_in: list[int] = []
    together = threading.Barrier(16)

    def ask() -> None:
        together.wait()
        permit = breaker.admit()
        if permit is not None:
            let_in.append(permit)

    threads = [threading.Thread(target=ask) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(let_in) == 1


class BreakerMachine(RuleBasedStateMachine):
    """Calls begin, end and are cancelled in any order, while the clock goes on."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = Clock()
        self.breaker = ModelBreaker(RULE, clock=self.clock)
        self.open_calls: list[int] = []
        self.probe: int | None = None
        self.probed_at = 0.0

    @rule(seconds=st.floats(0.1, 40.0))
    def time_goes_by(self, seconds: float) -> None:
        """Let the clock go on."""
        self.clock.now += seconds

    @rule()
    def call(self) -> None:
        """Begin a call, if it is let in."""
        before = self.breaker.state
        permit = self.breaker.admit()
        if before == "closed":
            assert permit is not None
        if before == "open":
            assert permit is None
        if permit is None:
            return
        if before == "half_open":
            is_probing = self.probe is not None and self.clock.now - self.probed_at < RULE.open_seconds
            assert not is_probing, "two probes at once"
            self.probe, self.probed_at = permit, self.clock.now
        self.open_calls.append(permit)

    @precondition(lambda self: self.open_calls)
    @rule(data=st.data(), how=st.sampled_from(["succeeded", "failed", "released"]))
    def end(self, data: st.DataObject, how: str) -> None:
        """End a call, in one of the three ways."""
        permit = self.open_calls.pop(data.draw(st.integers(0, len(self.open_calls) - 1)))
        is_probe, before = permit == self.probe, self.breaker.state
        getattr(self.breaker, how)(permit)
        if is_probe:
            self.probe = None
            if how != "released":
                assert self.breaker.state == ("closed" if how == "succeeded" else "open")
        elif before != "closed":
            assert self.breaker.state == before, "a call of before it opened changed it"

    @invariant()
    def an_open_one_says_when_it_lets_calls_in_again(self) -> None:
        """Check that an open breaker opens for no longer than its rule says."""
        if _state(self.breaker) == "open":
            assert self.clock.now < self.breaker.admits_at <= self.clock.now + RULE.open_seconds


TestBreaker = BreakerMachine.TestCase
