"""Other policies are asked beside each call, and what they would have done stands in the log."""

from __future__ import annotations

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from shared_router import DecisionLog, InvalidInputError, RoutingPolicy, read_log
from shared_router.proof.would import WouldDecide, would_decide
from shared_router.testing import FixedRouter
from tests.decision_logs import decision, decision_id, write_log
from tests.telemetry.calls import a_call, an_end

MODELS = ("strong", "weak")


@pytest.fixture
def log(tmp_path: Path) -> DecisionLog:
    return DecisionLog(tmp_path / "log.jsonl", key="a key of sixteen bytes")


def policy(score: float, threshold: float = 0.5) -> RoutingPolicy:
    return RoutingPolicy(FixedRouter(lambda _query: score), threshold=threshold)


def asked(would: WouldDecide | None, log: DecisionLog, **call: Any) -> None:
    assert would is not None
    made = a_call(**call)
    for each in (log, would):
        each.decided(made)
        each.ended(made, an_end(made))
    assert would.drain(10)
    assert log.flush()


def test_each_policys_word_stands_in_the_log_by_its_name(log: DecisionLog) -> None:
    would = would_decide({"cheap": policy(0.4), "dear": policy(0.6)}, MODELS, observers=[log])
    asked(would, log)
    (row,) = read_log(log.path)
    assert row.model == "weak"
    assert row.would == {"cheap": "weak", "dear": "strong"}


def test_one_policy_is_called_would(log: DecisionLog) -> None:
    asked(would_decide(policy(0.9), MODELS, observers=[log]), log)
    (row,) = read_log(log.path)
    assert row.would == {"would": "strong"}


def test_a_policy_is_asked_in_another_thread_and_a_failure_is_counted(log: DecisionLog) -> None:
    threads: list[str] = []

    def slow(_query: str) -> float:
        threads.append(threading.current_thread().name)
        raise ValueError("no score for you")

    failing = RoutingPolicy(FixedRouter(slow), threshold=0.5, on_router_error="raise")
    would = would_decide({"new": failing, "dear": policy(0.6)}, MODELS, observers=[log])
    asked(would, log)
    assert would is not None
    assert would.failed == 1
    assert threads == ["routellm-shadow"]
    assert read_log(log.path).rows[0].would == {"dear": "strong"}


def test_a_call_that_failed_is_not_asked_about(log: DecisionLog) -> None:
    would = would_decide(policy(0.9), MODELS, observers=[log])
    assert would is not None
    call = a_call()
    would.ended(call, an_end(call, outcome="failed"))
    assert would.drain(10)
    assert log.flush()
    assert not log.path.exists()


@pytest.mark.parametrize(
    ("would", "message"),
    [
        ({}, "would must be a RoutingPolicy or several by name"),
        ("static-v2", "would must be a RoutingPolicy or several by name, got str"),
        ({"new": 0.5}, "would must be RoutingPolicies by name, got float for 'new'"),
    ],
)
def test_something_that_is_no_policy_is_refused(log: DecisionLog, would: Any, message: str) -> None:
    with pytest.raises(InvalidInputError, match=message):
        would_decide(would, MODELS, observers=[log])


def test_a_policy_over_other_models_is_refused(log: DecisionLog) -> None:
    with pytest.raises(InvalidInputError, match=r"must decide between \['large', 'small'\], got \['strong'"):
        would_decide(policy(0.5), ("large", "small"), observers=[log])


def test_without_a_log_it_is_refused_with_the_remedy() -> None:
    with pytest.raises(InvalidInputError, match=r'observers=\["decisions.jsonl"\]'):
        would_decide(policy(0.5), MODELS, observers=[])


def test_a_line_about_an_unknown_decision_or_of_a_wrong_kind_is_counted(tmp_path: Path) -> None:
    lines: list[dict[str, Any] | str] = [
        decision(1),
        {"v": 1, "would": decision_id(1), "models": {"new": "strong"}},
        {"v": 1, "would": decision_id(9), "models": {"new": "strong"}},
        {"v": 1, "would": decision_id(1)},
        json.dumps({"v": 1, "would": decision_id(1), "models": [1]}),
    ]
    log = read_log(write_log(tmp_path / "log.jsonl", lines))
    assert log.rows[0].would == {"new": "strong"}
    assert (log.n_unknown, log.n_damaged) == (1, 2)
