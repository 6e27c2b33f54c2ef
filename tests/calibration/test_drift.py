"""calibration/drift.py: who is told of what, and when."""

import copy
import pickle
import queue
import random
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from shared_router import (
    DriftAlarm,
    DriftMonitor,
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
    tenant_scope,
)
from shared_router.calibration import ThresholdChoice, for_quality
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

UNIFORM = ScoreQuantiles.of([i / 1000 for i in range(1001)], source="a test")


def watched(
    scores: Callable[[int], float], *, threshold: Any = 0.5, reference: ScoreQuantiles | None = UNIFORM
) -> tuple[RoutingPolicy, DriftMonitor]:
    router = FixedRouter(lambda query: scores(int(query)))
    router.score_quantiles_ = reference
    monitor = DriftMonitor()
    return RoutingPolicy(router, threshold=threshold, monitor=monitor), monitor


def uniform(seed: int = 0) -> Callable[[int], float]:
    coin = random.Random(seed)
    return lambda _: coin.random()


def test_scores_that_move_up_raise_one_alarm() -> None:
    """1,000 uniform scores, then only those above 0.5, each twice as likely as it was."""
    draw = uniform()
    policy, monitor = watched(lambda i: draw(i) if i < 1000 else 0.5 + draw(i) / 2)
    policy.decide_many([str(i) for i in range(1000)])
    assert not monitor.alarms
    policy.decide_many([str(i) for i in range(1000, 1500)])
    [alarm] = [*monitor.alarms]
    assert (alarm.kind, alarm.tenant) == ("scores", None)
    assert alarm.expected == pytest.approx(0.5)
    assert alarm.n < 1100
    assert alarm.e_value >= 1000
    assert "no longer those that the policy was made on" in str(alarm)


def test_a_change_that_leaves_the_share_alone_is_found_too() -> None:
    """All scores between 0.4 and 0.6: half goes strong as before, and the router tells nothing apart."""
    draw = uniform()
    policy, monitor = watched(lambda i: 0.4 + 0.2 * draw(i))
    policy.decide_many([str(i) for i in range(300)])
    assert [alarm.kind for alarm in monitor.alarms] == ["scores"]


@pytest.mark.parametrize("history", [0, 50, 300])
def test_a_tenant_that_turns_all_strong_is_flagged_within_25_requests(history: int) -> None:
    draw = uniform(3)
    policy, monitor = watched(lambda i: 0.99 if i >= 10_000 else draw(i))
    for i in range(history):
        for tenant in ("honest", "greedy"):
            policy.decide(RoutingRequest(str(i), tenant=tenant))
    assert not monitor.alarms
    for i in range(25):
        policy.decide(RoutingRequest(str(10_000 + i), tenant="greedy"))
        policy.decide(RoutingRequest(str(i), tenant="honest"))
    (alarm,) = [alarm for alarm in monitor.alarms if alarm.kind == "tenant"]
    assert alarm.tenant == "greedy"
    assert alarm.expected == pytest.approx(0.5)
    assert history < alarm.n <= history + 25


def test_a_tenant_is_flagged_also_where_nobody_knows_the_routers_scores() -> None:
    policy, monitor = watched(lambda i: 0.99 if i else 0.4, reference=None)
    for _ in range(25):
        policy.decide_many([RoutingRequest("1", tenant="greedy"), RoutingRequest("0", tenant="honest")])
    assert [alarm.tenant for alarm in monitor.alarms] == ["greedy"]


def test_the_tenant_is_the_requests_or_the_blocks() -> None:
    policy, monitor = watched(lambda _: 0.99, threshold=0.7)
    with tenant_scope("block"):
        policy.decide_many(["0"] * 20)
        policy.decide_many([RoutingRequest("0", tenant="own")] * 20)
        with tenant_scope(None):
            policy.decide_many(["0"] * 20)
    assert {alarm.tenant for alarm in monitor.alarms if alarm.kind == "tenant"} == {"block", "own"}


async def test_the_blocks_tenant_reaches_a_router_that_blocks() -> None:
    policy, monitor = watched(lambda _: 0.99, threshold=0.7)
    policy.router.blocking = True
    with tenant_scope(7):  # type: ignore[arg-type]
        await policy.adecide_many(["0"] * 20)
    assert {alarm.tenant for alarm in monitor.alarms} == {"7", None}


@pytest.mark.parametrize("tenant", ["", "x" * 201, 1.5, True, b"x"])
def test_a_tenant_is_a_short_name(tenant: Any) -> None:
    with pytest.raises(InvalidInputError, match="tenant must be a name"), tenant_scope(tenant):
        pass


def test_tenants_not_seen_for_longest_are_forgotten() -> None:
    policy, monitor = watched(lambda _: 0.99)
    monitor.max_tenants = 3
    for i in range(50):
        policy.decide(RoutingRequest("0", tenant=f"tenant {i}"))
    assert len(monitor._tenants) == 3


def test_no_alarm_in_a_long_quiet_life() -> None:
    policy, monitor = watched(uniform(5))
    policy.decide_many([RoutingRequest(str(i), tenant=str(i % 7)) for i in range(20_000)])
    assert monitor.alarms == ()
    assert monitor.e_value < 20


def test_known_scores_and_rules_are_not_counted() -> None:
    policy, monitor = watched(lambda _: 0.99)
    policy.decide_many([RoutingRequest("0", win_probability=0.99)] * 500)
    policy.decide_many([RoutingRequest("0", route="strong"), RoutingRequest(None)] * 200)
    assert monitor.e_value == 1


def test_a_router_whose_scores_nobody_knows_is_compared_with_its_first_500() -> None:
    draw = uniform()
    policy, monitor = watched(lambda i: draw(i) if i < 1000 else 0.9, reference=None)
    policy.decide_many([str(i) for i in range(1000)])
    assert monitor.e_value != 1
    policy.decide_many([str(i) for i in range(1000, 1100)])
    assert [alarm.kind for alarm in monitor.alarms] == ["scores"]


def test_the_callback_runs_elsewhere_and_holds_nobody_up(caplog: pytest.LogCaptureFixture) -> None:
    told: list[DriftAlarm] = []
    threads: list[int] = []
    go, done = threading.Event(), threading.Event()

    def slow(alarm: DriftAlarm) -> None:
        go.wait(30)
        threads.append(threading.get_ident())
        told.append(alarm)
        if len(told) == 2:
            done.set()

    policy, monitor = watched(lambda _: 0.99, threshold=0.7)
    policy.monitor = monitor = DriftMonitor(on_alarm=slow)
    policy.decide_many([RoutingRequest("0", tenant="a")] * 200)  # returns while the callback waits
    assert len(monitor.alarms) == 2
    assert told == []
    go.set()
    assert done.wait(30)
    assert told == [*monitor.alarms]
    assert threading.get_ident() not in threads
    assert "evidence" in caplog.text
    assert "tenant a:" not in caplog.text


def test_a_callback_that_fails_is_seen_and_stops_no_request_and_no_later_alarm(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: queue.Queue[str] = queue.Queue()
    monkeypatch.setattr(threading, "excepthook", lambda failed: shown.put(str(failed.exc_value)))

    def fails(alarm: DriftAlarm) -> None:
        raise RuntimeError(alarm.kind)

    policy, _ = watched(lambda _: 0.99, threshold=0.7)
    policy.monitor = DriftMonitor(on_alarm=fails)
    for tenant in ("a", "b"):
        policy.decide_many([RoutingRequest("0", tenant=tenant)] * 20)
    assert sorted(shown.get(timeout=30) for _ in range(3)) == ["scores", "tenant", "tenant"]


def promise(method: Any, target: float) -> ThresholdChoice:
    return ThresholdChoice(0.5, 0.5, method, target, 1000, guaranteed=True, quantiles=UNIFORM)


def test_a_promise_that_does_not_hold_is_told() -> None:
    """At most 0.02 was to be lost on average; half of the requests lose 0.4, a mean of 0.2."""
    policy, monitor = watched(uniform(), threshold=promise("max_drop", 0.02))
    n = 0
    while not monitor.alarms:
        n += 1
        monitor.grade(strong=0.9, weak=0.5 if n % 2 else 0.9, went_strong=False)
    [alarm] = [*monitor.alarms]
    assert (alarm.kind, alarm.expected, alarm.n) == ("promise", 0.02, n)
    assert alarm.seen == pytest.approx(0.2, abs=0.01)
    assert n < 100
    assert policy.monitor is monitor


def test_a_promise_that_holds_is_not_told() -> None:
    """A mean loss of 0.02 is what was promised: 2 of 100 requests lose all."""
    _, monitor = watched(uniform(), threshold=promise("max_drop", 0.02))
    coin = random.Random(0)
    worst = max(
        monitor.grade(strong=1.0, weak=float(coin.random() >= 0.02), went_strong=False) for _ in range(5000)
    )
    assert worst < 20
    assert monitor.alarms == ()


def test_each_promise_is_about_its_own_loss() -> None:
    """max_regret counts what went weak alone, and whether weak was worse; min_pgr = 0.9 of strong 1, weak 0:
    routed strong loses 0 - 0.1 * 1 = -0.1, routed weak 1 - 0.1 = 0.9.
    """
    _, monitor = watched(uniform(), threshold=promise("max_regret", 0.1))
    assert monitor.grade(strong=1.0, weak=0.0, went_strong=True) == 1
    assert monitor.grade(strong=1.0, weak=0.0, went_strong=False) > 1
    _, monitor = watched(uniform(), threshold=promise("min_pgr", 0.9))
    assert monitor.grade(strong=1.0, weak=0.0, went_strong=True) < 1
    _, monitor = watched(uniform(), threshold=promise("min_pgr", 0.9))
    assert monitor.grade(strong=1.0, weak=0.0, went_strong=False) > 1


def test_grades_without_a_promise_or_outside_the_scale_are_refused() -> None:
    _, monitor = watched(uniform())
    with pytest.raises(InvalidInputError, match="went_strong must be True or False, got 'weak'"):
        monitor.grade(strong=1.0, weak=1.0, went_strong="weak")  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="reference must be ScoreQuantiles or None, got list"):
        DriftMonitor(reference=[0.1, 0.2])  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="promises something, and this one's does not"):
        monitor.grade(strong=1.0, weak=1.0, went_strong=True)
    for grade in (1.5, float("nan"), True, "1"):
        with pytest.raises(InvalidInputError, match=r"a grade must be a number in \[0, 1\]"):
            monitor.grade(strong=grade, weak=1.0, went_strong=True)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({"false_alarms": 1.0}, "false_alarms must be in"),
        ({"false_alarms": 0}, "false_alarms must be in"),
        ({"max_tenants": 0}, "max_tenants must be"),
        ({"on_alarm": "mail"}, "on_alarm must be a function"),
    ],
)
def test_an_argument_outside_its_rule_is_refused(arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        DriftMonitor(**arguments)


def test_a_monitor_must_be_one() -> None:
    with pytest.raises(InvalidInputError, match="monitor must be a DriftMonitor"):
        RoutingPolicy(RandomRouter(), monitor="yes")  # type: ignore[arg-type]


def test_a_copy_or_a_pickle_watches_on_and_a_restart_forgets() -> None:
    policy, monitor = watched(lambda _: 0.99)
    policy.decide_many(["0"] * 10)
    for other in (
        copy.deepcopy(policy),
        pickle.loads(pickle.dumps(RoutingPolicy(RandomRouter(), monitor=monitor))),
    ):
        assert other.monitor is not None
        assert other.monitor.e_value == monitor.e_value > 1
    monitor.restart()
    assert monitor.e_value == 1


def test_many_threads_are_counted_once_each() -> None:
    policy, monitor = watched(uniform())
    threads = [
        threading.Thread(target=lambda: policy.decide_many([RoutingRequest("0", tenant="a")] * 200))
        for _ in range(8)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert monitor._counted.n == monitor._tenants["a"].n == 1600


def test_nothing_of_a_question_is_kept() -> None:
    monitor = DriftMonitor()
    policy = RoutingPolicy(monitor=monitor)
    policy.decide_many([RoutingRequest("the word xyzzy", tenant="a")] * 30)
    assert b"xyzzy" not in pickle.dumps(monitor)


@pytest.mark.parametrize("promised", [{"max_drop": 0.05}, {"max_regret": 0.1}, {"min_pgr": 0.8}], ids=str)
def test_what_for_quality_promised_is_watched_from_a_policys_file(
    tmp_path: Path, promised: dict[str, float]
) -> None:
    """2,000 grades where weak fails more often the higher the score: the promise made on them holds on them.

    Where weak answers are always worse, it is broken.
    """
    draw = np.random.default_rng(0)
    scores = draw.random(2000)
    weak = (draw.random(2000) >= 0.6 * scores).astype(float)
    choice = for_quality(scores=scores, strong_scores=np.ones(2000), weak_scores=weak, **promised)  # type: ignore[arg-type]
    RoutingPolicy(RandomRouter(), threshold=choice).save(tmp_path / "policy.json")
    monitor = DriftMonitor()
    RoutingPolicy.load(tmp_path / "policy.json", router=RandomRouter(), monitor=monitor)
    for score, grade in zip(scores, weak, strict=True):
        monitor.grade(strong=1.0, weak=float(grade), went_strong=bool(score >= choice.threshold))
    assert not monitor.alarms
    monitor.restart()
    for _ in range(200):
        monitor.grade(strong=1.0, weak=0.0, went_strong=False)
    assert [alarm.kind for alarm in monitor.alarms] == ["promise"]
