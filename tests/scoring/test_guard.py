"""scoring/guard.py through the policy that owns it: nobody waits for a router that hangs or is down."""

import asyncio
import copy
import pickle
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import (
    InvalidInputError,
    Router,
    RouterFallbackWarning,
    RouterTimeoutError,
    RouterUnavailableError,
    RoutingPolicy,
)
from shared_router.scoring.breaker import Breaker
from shared_router.scoring.guard import RouterGuard
from shared_router.testing import FixedRouter


class Hanging(Router):
    """Hang until it is let go."""

    name = "hanging"

    def __init__(self) -> None:
        self.go = threading.Event()
        self.asked = 0

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        self.asked += 1
        self.go.wait(60)
        return np.ones(len(queries))


class Down(Router):
    """Depend on a service that is down until it is up."""

    name = "down"

    def __init__(self) -> None:
        self.up = False
        self.asked = 0

    def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
        self.asked += 1
        if not self.up:
            raise ConnectionError
        return np.ones(len(queries))


@pytest.fixture
def hanging() -> Iterator[Hanging]:
    router = Hanging()
    yield router
    router.go.set()


async def test_a_router_that_hangs_has_failed_after_the_timeout(hanging: Hanging) -> None:
    policy = RoutingPolicy(hanging, router_timeout=0.05, on_router_error="weak")
    started = time.monotonic()
    with pytest.warns(RouterFallbackWarning, match=r"router_timeout \(0.05 s\), and hanging did not"):
        decided = [policy.decide("x"), await policy.adecide("x")]
    assert time.monotonic() - started < 10
    assert [(each.model, each.reason) for each in decided] == [
        ("weak", "router_error:RouterTimeoutError")
    ] * 2


async def test_a_router_that_hangs_raises_a_timeout_where_the_policy_says_raise(hanging: Hanging) -> None:
    policy = RoutingPolicy(hanging, router_timeout=0.05, on_router_error="raise")
    with pytest.raises(RouterTimeoutError):
        policy.decide("x")
    with pytest.raises(TimeoutError):
        await policy.adecide("x")


def test_after_three_hung_questions_a_router_is_left_alone(hanging: Hanging) -> None:
    policy = RoutingPolicy(hanging, router_timeout=0.02)
    with pytest.warns(RouterFallbackWarning):
        reasons = [policy.decide("x").reason for _ in range(6)]
    assert reasons == [*["router_error:RouterTimeoutError"] * 3, *["router_error:RouterUnavailableError"] * 3]
    assert hanging.asked == 3
    assert policy.health.failures == {"RouterTimeoutError": 3, "RouterUnavailableError": 3}
    assert (policy.health.scored, policy.health.failed, policy.health.breaker) == (0, 6, "open")


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
def test_twenty_prompts_with_the_service_down_ask_it_three_times() -> None:
    router = Down()
    policy = RoutingPolicy(router)
    for _ in range(20):
        policy.decide("x")
    assert router.asked == 3


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
async def test_a_batch_with_the_service_down_asks_it_once() -> None:
    router = Down()
    policy = RoutingPolicy(router)
    policy.decide_many(["x"] * 20)
    await policy.adecide_each(["x"] * 20)
    assert router.asked == 2


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
def test_a_service_that_is_back_is_found_by_one_probe() -> None:
    now = 0.0
    router = Down()
    guard = RouterGuard(breaker=Breaker(clock=lambda: now))
    for _ in range(5):
        guard.score(router, ["x"])
    now, router.up = 30.0, True
    assert guard.score(router, ["x"]) == [1.0]
    assert guard.score(router, ["x", "y"]) == [1.0, 1.0]
    assert router.asked == 5


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
def test_queries_that_a_router_cannot_read_never_shut_it_off() -> None:
    """Anybody can send them, and shut off it would send everything strong."""

    def refuse(query: str) -> float:
        raise ValueError

    policy = RoutingPolicy(FixedRouter(refuse))
    for _ in range(10):
        assert policy.decide("bad").reason == "router_error:ValueError"
    assert policy.health.breaker == "closed"


async def test_a_hung_router_takes_no_thread_that_the_program_needs(hanging: Hanging) -> None:
    """As many hung questions as the default executor may have threads, at most 32; its work goes on."""
    policy = RoutingPolicy(hanging, router_timeout=None)
    questions = [asyncio.ensure_future(policy.adecide("x")) for _ in range(40)]
    await asyncio.sleep(0)
    assert await asyncio.wait_for(asyncio.to_thread(lambda: "read"), 30) == "read"
    hanging.go.set()
    assert {decision.model for decision in await asyncio.gather(*questions)} == {"strong"}


async def test_a_cancelled_question_is_cancelled(hanging: Hanging) -> None:
    deciding = asyncio.ensure_future(RoutingPolicy(hanging).adecide("x"))
    await asyncio.sleep(0.01)
    deciding.cancel()
    with pytest.raises(asyncio.CancelledError):
        await deciding


@pytest.mark.filterwarnings("ignore::shared_router.RouterFallbackWarning")
def test_a_question_that_only_waited_in_line_says_nothing_of_the_router(hanging: Hanging) -> None:
    """Eight threads hang for questions with time; the ninth never gets one, and the breaker stays closed."""
    guard = RouterGuard(0.05)
    for _ in range(8):
        guard._workers.submit(lambda: hanging.go.wait(60))
    (outcome,) = guard.score(hanging, ["x"])
    assert isinstance(outcome, RouterTimeoutError)
    assert "at work for others" in str(outcome)
    assert (hanging.asked, guard.health.breaker) == (0, "closed")


def test_a_batch_has_the_timeout_once_for_every_eight_questions() -> None:
    """17 questions of 10 ms take 0.17 s; 0.1 s would not do, three times as long does."""

    class Slow(Router):
        name = "slow"

        def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
            time.sleep(0.01 * len(queries))
            return np.ones(len(queries))

    policy = RoutingPolicy(Slow(), router_timeout=0.1, on_router_error="raise")
    assert len(policy.decide_many(["x"] * 17)) == 17


def test_a_router_that_does_not_block_is_asked_where_the_caller_stands() -> None:
    threads: list[int] = []

    def note(query: str) -> float:
        threads.append(threading.get_ident())
        return 0.5

    RoutingPolicy(FixedRouter(note), router_timeout=0.001).decide("x")
    assert threads == [threading.get_ident()]


async def test_a_long_batch_of_a_router_that_does_not_block_lets_others_run_in_between() -> None:
    """20 questions are asked 8, 8 and 4 at a time, and whoever waits for the loop runs after each."""
    events: list[int | str] = []

    class Noting(FixedRouter):
        def win_probability(self, queries: Sequence[str]) -> NDArray[np.float64]:
            events.append(len(queries))
            return super().win_probability(queries)

    async def other() -> None:
        for _ in range(2):
            events.append("other")
            await asyncio.sleep(0)

    questions = [f"What is {i}?" for i in range(20)]
    scores = {question: i / 20 for i, question in enumerate(questions)}
    task = asyncio.ensure_future(other())
    decisions = await RoutingPolicy(Noting(scores), threshold=0.5).adecide_many(questions)
    await task
    assert events == [8, "other", 8, "other", 4]
    assert [decision.win_probability for decision in decisions] == [*scores.values()]


@pytest.mark.parametrize("timeout", [0, -1.0, float("nan"), float("inf"), True, "2", 1j])
def test_a_timeout_outside_its_rule_is_refused(timeout: Any) -> None:
    with pytest.raises(InvalidInputError, match="router_timeout must be seconds > 0 or None"):
        RoutingPolicy(FixedRouter(0.5), router_timeout=timeout)


def test_a_policy_is_copied_and_pickled_with_its_rule_and_without_its_counts() -> None:
    policy = RoutingPolicy(FixedRouter(0.5), threshold=0.3, router_timeout=7)
    policy.decide("x")
    for other in (copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
        assert other.decide("x").model == "strong"
        assert (other.health.scored, other._guard.timeout_s) == (1, 7)


def test_a_refusal_says_that_it_is_tried_again() -> None:
    guard, router = RouterGuard(), Down()
    for _ in range(3):
        guard.score(router, ["x"])
    (refused,) = guard.score(router, ["secret"])
    assert isinstance(refused, RouterUnavailableError)
    assert str(refused) == (
        "a router must answer, and down has failed 3 times in a row; it is tried again every 30 s"
    )


@pytest.mark.parametrize("seconds", [1e10, 1e300])
def test_a_timeout_beyond_what_a_system_counts_is_none(seconds: float) -> None:
    """A wait of 1e10 seconds is an OverflowError of Python's; whoever gives so many means no limit."""
    guard = RouterGuard(seconds)
    router = FixedRouter(0.5)
    router.blocking = True
    assert guard.score(router, ["a"]) == [0.5]
