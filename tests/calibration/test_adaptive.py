"""calibration/adaptive.py: a share or a bill is held whatever the traffic does."""

import copy
import json
import os
import pickle
import random
import subprocess
import sys
import threading
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    AdaptiveThreshold,
    ArtifactCorruptError,
    DriftMonitor,
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    ScoreQuantiles,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter

DOLLARS = {"strong": 0.02, "weak": 0.0}


class Clock:
    """Tells a time that a test sets, in seconds."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


def policy_of(threshold: AdaptiveThreshold, scores: list[float]) -> RoutingPolicy:
    return RoutingPolicy(FixedRouter(lambda query: scores[int(query)]), threshold=threshold)


def test_a_decision_moves_the_share_by_the_step() -> None:
    """Share 0.5, step 0.1. Before any score the threshold is 0.5: 0.9 goes strong, 0.5 - 0.1 * 0.5 = 0.45 is
    left. Then the threshold is the only score, 0.9, which 0.2 does not reach: 0.45 + 0.1 * 0.5 = 0.5.
    """
    threshold = AdaptiveThreshold(strong_fraction=0.5, step=0.1)
    policy = policy_of(threshold, [0.9, 0.2])
    assert policy.threshold == 0.5
    assert policy.decide("0").model == "strong"
    assert threshold.state.share == pytest.approx(0.45)
    assert policy.decide("1").threshold == 0.9
    assert threshold.state.share == pytest.approx(0.5)
    assert (threshold.state.n, threshold.state.n_strong) == (2, 1)


def test_it_begins_where_the_routers_scores_say() -> None:
    """A random router's quantiles are uniform: of 0, 0.01, ... 1 a share of 0.3 reaches 0.7."""
    policy = RoutingPolicy(RandomRouter(), threshold=AdaptiveThreshold(strong_fraction=0.3))
    assert policy.threshold == pytest.approx(0.7)


@pytest.mark.parametrize("kind", ["jump", "constant", "sine", "all above", "hostile"])
def test_any_traffic_keeps_the_share_within_the_bound(kind: str) -> None:
    """|share - 0.3| <= (1 + 0.02) / (0.02 * 3000) = 0.017 after 3,000 requests, of whatever scores."""
    coin = random.Random(0)
    threshold = AdaptiveThreshold(strong_fraction=0.3, step=0.02)

    def score(query: str) -> float:
        i = int(query)
        if kind == "constant":
            return 0.5
        if kind == "sine":
            return 0.5 + 0.4 * coin.random() * (1 if i // 500 % 2 else -1)
        if kind == "hostile":  # just above the threshold, wherever it is
            return min(threshold.value + 1e-9, 0.99)
        return coin.random() ** 3 if i < 1500 else 0.9 + (0.05 * coin.random() if kind == "jump" else 0.09)

    policy = RoutingPolicy(FixedRouter(score), threshold=threshold)
    strong = sum(policy.decide(str(i)).model == "strong" for i in range(3000))
    assert abs(strong / 3000 - 0.3) <= 0.017
    assert threshold.state.n_strong == strong


def test_only_new_scores_at_its_own_threshold_move_a_share() -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.5)
    policy = policy_of(threshold, [0.9])
    unmoving = [
        RoutingRequest("0", threshold=0.1),
        RoutingRequest("0", route="strong"),
        RoutingRequest("0", win_probability=0.9),
        RoutingRequest(None),
    ]
    policy.decide_many(unmoving)
    assert (threshold.state.share, threshold.state.n) == (0.5, 0)


def test_dollars_are_credited_by_the_hour_and_debited_by_the_request() -> None:
    """$3.60 an hour is $0.001 a second, and strong costs $0.02 more than weak; step 0.1, share 0.5 at first.

    After 10 s a strong answer: 0.5 + 0.1 * (0.01 - 0.02) / 0.02 = 0.45. After 4 s a weak one, which is free:
    0.45 + 0.1 * 0.004 / 0.02 = 0.47.
    """
    clock = Clock()
    threshold = AdaptiveThreshold(dollars_per_hour=3.6, dollars=DOLLARS, step=0.1, clock=clock)
    policy = policy_of(threshold, [0.9, 0.1])
    clock.now += 10
    policy.decide("0")
    assert threshold.state.share == pytest.approx(0.45)
    clock.now += 4
    policy.decide(RoutingRequest("1", route="weak"))
    assert threshold.state.share == pytest.approx(0.47)
    assert threshold.state.dollars == pytest.approx(0.02)


def test_a_bill_is_held_while_the_traffic_grows() -> None:
    """$1 an hour buys 50 strong answers at $0.02. 600 requests an hour for 5 hours, then 6,000 for 5.

    At most D T + gap / step * (1 + 2 step) = 10 + 0.02 / 0.05 * 1.1 = $10.44 is spent in 10 hours.
    """
    clock, coin = Clock(), random.Random(0)
    threshold = AdaptiveThreshold(dollars_per_hour=1.0, dollars=DOLLARS, step=0.05, clock=clock)
    policy = RoutingPolicy(FixedRouter(lambda _: coin.random()), threshold=threshold)
    strong = 0
    for an_hour in [600] * 5 + [6000] * 5:
        for _ in range(an_hour):
            clock.now += 3600 / an_hour
            strong += policy.decide("x").model == "strong"
    assert 9.5 <= strong * 0.02 <= 10.44


def test_a_clock_that_jumps_gives_an_hour_at_most_and_takes_nothing() -> None:
    """Back a day: no time. Ahead a year: one hour, $3.60 = 180 strong answers, which fill it to 1 + step."""
    clock = Clock()
    threshold = AdaptiveThreshold(dollars_per_hour=3.6, dollars=DOLLARS, step=0.1, clock=clock)
    policy = policy_of(threshold, [0.1])
    clock.now -= 86_400
    policy.decide(RoutingRequest("0", route="weak"))
    assert threshold.state.share == pytest.approx(0.5)
    clock.now += 31_536_000
    policy.decide(RoutingRequest("0", route="weak"))
    assert threshold.state.share == pytest.approx(1.1)
    assert threshold.state.at == clock.now


def test_a_share_is_kept_between_runs(tmp_path: Path) -> None:
    path = tmp_path / "below" / "state.json"
    threshold = AdaptiveThreshold(strong_fraction=0.5, state=path)
    policy = policy_of(threshold, [i / 10 for i in range(10)])
    for i in range(10):
        policy.decide(str(i))
    assert threshold.flush()
    again = AdaptiveThreshold(strong_fraction=0.5, state=path)
    assert replace(again.state, at=0) == replace(threshold.state, at=0)
    assert again.value == threshold.value
    assert sorted(json.loads(path.read_text())) == ["at", "dollars", "n", "n_strong", "scores", "share"]


def test_two_processes_move_one_state_and_lose_nothing(tmp_path: Path) -> None:
    """2 x 800 decisions, every fourth strong: 1,600 and 400. The share 0.5 would move up by
    0.01 * (1200 - 400) / 2 = 4, and stops at 1 + 0.01.
    """
    state = tmp_path / "state.json"
    command = [sys.executable, "-m", "tests.calibration.held", str(state), "800"]
    running = [subprocess.Popen(command, env={**os.environ}) for _ in range(2)]
    assert [process.wait(60) for process in running] == [0, 0]
    held = AdaptiveThreshold(strong_fraction=0.5, state=state).state
    assert (held.n, held.n_strong) == (1600, 400)
    assert held.share == pytest.approx(1.01)
    assert sorted(os.listdir(tmp_path)) == ["state.json", "state.json.lock"]


@pytest.mark.parametrize(
    "content", [b"", b'{"share": 0.5', b"[]", b"{}", b'{"share": NaN}', b'{"share": "x"}']
)
def test_a_damaged_state_is_refused_at_the_start(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "state.json").write_bytes(content)
    with pytest.raises(ArtifactCorruptError, match="remove it to begin anew"):
        AdaptiveThreshold(strong_fraction=0.5, state=tmp_path / "state.json")


def test_a_state_that_is_damaged_later_is_written_anew(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.5, state=tmp_path / "state.json")
    policy_of(threshold, [0.9]).decide("0")
    for content in (b"{", b"{}"):
        (tmp_path / "state.json").write_bytes(content)
        assert threshold.flush()
        assert "begin anew" in caplog.text or "begun anew" in caplog.text
        assert AdaptiveThreshold(strong_fraction=0.5, state=tmp_path / "state.json").state.n == 1


def test_a_state_that_cannot_be_written_stops_no_request(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.5, state=tmp_path / "state.json")
    policy = policy_of(threshold, [0.9])
    (tmp_path / "state.json.lock").mkdir()
    policy.decide("0")
    assert not threshold.flush()
    assert "cannot" in caplog.text or "could not" in caplog.text
    assert threshold.state.n == 1
    (tmp_path / "state.json.lock").rmdir()
    assert threshold.flush()


@pytest.mark.parametrize(
    ("arguments", "rule"),
    [
        ({}, "got neither"),
        ({"strong_fraction": 0.3, "dollars_per_hour": 1.0, "dollars": DOLLARS}, "got both"),
        ({"strong_fraction": 30}, "strong_fraction must be"),
        ({"strong_fraction": 0.3, "dollars": DOLLARS}, "must go with dollars_per_hour"),
        ({"dollars_per_hour": 0, "dollars": DOLLARS}, "dollars > 0"),
        ({"dollars_per_hour": float("nan"), "dollars": DOLLARS}, "dollars > 0"),
        ({"dollars_per_hour": 1.0}, "needs dollars="),
        ({"dollars_per_hour": 1.0, "dollars": {"strong": -1, "weak": 0}}, "needs dollars="),
        ({"dollars_per_hour": 1.0, "dollars": {"strong": 1, "weak": 1}}, "must differ"),
        ({"strong_fraction": 0.3, "step": 0}, "step must be"),
        ({"strong_fraction": 0.3, "step": 0.6}, "step must be"),
    ],
)
def test_an_argument_outside_its_rule_is_refused(arguments: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        AdaptiveThreshold(**arguments)


def test_the_costs_must_be_of_the_policys_models() -> None:
    threshold = AdaptiveThreshold(dollars_per_hour=1.0, dollars={"big": 1.0, "small": 0.1})
    with pytest.raises(InvalidInputError, match=r"\['strong', 'weak'\], got \['big', 'small'\]"):
        RoutingPolicy(RandomRouter(), threshold=threshold)


def test_a_number_that_is_assigned_stops_the_moving() -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.5)
    policy = policy_of(threshold, [0.9])
    assert policy.moves
    policy.threshold = 0.4
    policy.decide("0")
    assert (policy.threshold, policy.moves, threshold.state.n) == (0.4, False, 0)


def test_a_copy_goes_its_own_way_and_a_pickle_too() -> None:
    threshold = AdaptiveThreshold(strong_fraction=0.5)
    for other in (copy.deepcopy(threshold), pickle.loads(pickle.dumps(threshold))):
        policy_of(other, [0.9]).decide("0")
        assert (other.state.n, threshold.state.n) == (1, 0)


def test_a_moving_threshold_is_saved_as_it_stands(tmp_path: Path) -> None:
    RoutingPolicy(RandomRouter(), threshold=AdaptiveThreshold(strong_fraction=0.3)).save(tmp_path / "p.json")
    assert RoutingPolicy.load(tmp_path / "p.json", router=RandomRouter()).threshold == pytest.approx(0.7)


def test_a_policy_is_copied_while_threads_ask_it() -> None:
    """Its scores, tenants and alarms change under the copy's hands."""
    threshold, monitor = AdaptiveThreshold(strong_fraction=0.3), DriftMonitor(max_tenants=20)
    policy = RoutingPolicy(RandomRouter(), threshold=threshold, monitor=monitor)
    done = threading.Event()

    def ask(name: str) -> None:
        n = 0
        while not done.is_set():
            n += 1
            policy.decide(RoutingRequest(f"{name} {n}", tenant=f"{name} {n}"))

    threads = [threading.Thread(target=ask, args=(name,)) for name in "ab"]
    for thread in threads:
        thread.start()
    try:
        for _ in range(10):
            for other in (copy.deepcopy(policy), pickle.loads(pickle.dumps(policy))):
                assert 0 <= other.threshold <= 1
    finally:
        done.set()
        for thread in threads:
            thread.join()


def test_threads_wait_for_the_scores_that_a_threshold_begins_with() -> None:
    """Of 0, .01, ... 1 a share of .25 is at .75 or above; before there are scores it would be .5."""
    known = ScoreQuantiles.of([k / 100 for k in range(101)], source="a grid")
    threshold, seen = AdaptiveThreshold(strong_fraction=0.25), []
    asked = threading.Event()

    def slowly() -> ScoreQuantiles:
        asked.set()
        time.sleep(0.2)
        return known

    def look() -> None:
        threshold.begin(slowly)
        seen.append(threshold.value)

    threads = [threading.Thread(target=look) for _ in range(4)]
    threads[0].start()
    assert asked.wait(5)
    for thread in threads[1:]:
        thread.start()
    for thread in threads:
        thread.join()
    assert seen == [0.75] * 4


@pytest.mark.parametrize("behind", [5, 3000])
def test_a_clock_that_goes_to_and_fro_gives_no_more_than_the_time_that_passed(behind: float) -> None:
    """As two processes' clocks on one state: of 1,000 seconds at $3.6 an hour $1 is spent, and what 1 / step
    strong answers cost more than weak ones, $0.2, from the half at which it begins."""
    clock = Clock()
    threshold = AdaptiveThreshold(dollars_per_hour=3.6, dollars=DOLLARS, step=0.1, clock=clock)
    policy = policy_of(threshold, [0.9])
    for _ in range(500):
        clock.now += 1 + behind
        policy.decide("0")
        clock.now += 1 - behind
        policy.decide("0")
    assert threshold.state.dollars <= (1000 + behind) / 1000 + 0.2


@pytest.mark.parametrize("told", [float("nan"), float("inf"), -float("inf")])
def test_a_clock_that_tells_no_number_counts_as_no_time(told: float, tmp_path: Path) -> None:
    clock = Clock()
    state = tmp_path / "state.json"
    threshold = AdaptiveThreshold(dollars_per_hour=3.6, dollars=DOLLARS, clock=clock, state=state)
    policy, before = policy_of(threshold, [0.1]), clock.now
    clock.now = told
    policy.decide(RoutingRequest("0", route="weak"))
    assert (threshold.state.share, threshold.state.at) == (0.5, before)
    assert threshold.flush()
    assert AdaptiveThreshold(dollars_per_hour=3.6, dollars=DOLLARS, state=state).state == threshold.state


@pytest.mark.parametrize(
    "changed",
    [{"share": 5.0}, {"share": -2}, {"n": -1, "n_strong": -1}, {"n_strong": 9}, {"scores": [2]}],
    ids=str,
)
def test_a_state_that_no_run_comes_to_is_refused(changed: dict[str, Any], tmp_path: Path) -> None:
    kept = {"share": 0.3, "n": 3, "n_strong": 1, "dollars": 0.0, "at": 0.0, "scores": [0.1], **changed}
    (tmp_path / "state.json").write_text(json.dumps(kept), "utf-8")
    with pytest.raises(ArtifactCorruptError, match="remove it to begin anew"):
        AdaptiveThreshold(strong_fraction=0.3, state=tmp_path / "state.json")


def test_a_clock_or_a_state_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="clock must be a function"):
        AdaptiveThreshold(strong_fraction=0.3, clock=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="state must be the path"):
        AdaptiveThreshold(strong_fraction=0.3, state=3)  # type: ignore[arg-type]
