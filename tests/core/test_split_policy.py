"""split_policy.py: each conversation is one policy's, the same in every process."""

import pickle
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    DriftMonitor,
    InvalidInputError,
    RoutingPolicy,
    RoutingRequest,
    SplitPolicy,
    conversation_scope,
)
from shared_router.testing import FixedRouter


class ThreeModels(RoutingPolicy):
    models = ("best", "fair", "cheap")


def policy(threshold: float, **given: Any) -> RoutingPolicy:
    return RoutingPolicy(FixedRouter(0.5), threshold=threshold, **given)


def split(**given: Any) -> SplitPolicy:
    """Arm a sends everything strong, arm b everything weak."""
    return SplitPolicy(policy(0.2), policy(0.9), **given)


def conversations(n: int) -> list[RoutingRequest]:
    return [RoutingRequest(f"question {i}", conversation=f"thread {i}") for i in range(n)]


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_a_share_of_the_conversations_is_decided_by_b_and_says_so(share: float) -> None:
    """Of 4,000: 2,000 +- 32, or 400 +- 19."""
    decided = split(share=share).decide_many(conversations(4000))
    assert {(each.arm, each.model, each.threshold) for each in decided} == {
        ("a", "strong", 0.2),
        ("b", "weak", 0.9),
    }
    n_b = sum(each.arm == "b" for each in decided)
    assert abs(n_b - 4000 * share) < 4 * (4000 * share * (1 - share)) ** 0.5


async def test_a_conversation_keeps_its_arm_at_every_turn_however_it_is_asked() -> None:
    policies = split()
    asked = [
        RoutingRequest(f"turn {turn}", conversation=f"thread {i}") for turn in range(3) for i in range(50)
    ]
    arms = [each.arm for each in policies.decide_many(asked)]
    assert arms[:50] == arms[50:100] == arms[100:]
    assert [each.arm for each in await policies.adecide_many(asked)] == arms
    for request, arm in zip(asked, arms, strict=True):
        with conversation_scope(request.conversation):
            assert policies.decide("another question").arm == arm


def test_a_conversation_has_the_same_arm_in_another_process() -> None:
    program = (
        "from tests.core.test_split_policy import conversations, split\n"
        "print(''.join(each.arm for each in split().decide_many(conversations(100))))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "".join(str(each.arm) for each in split().decide_many(conversations(100)))


def test_another_name_deals_anew_and_no_arm_follows_the_other_tests() -> None:
    """Two independent halvings agree in 500 of 1,000, +- 16."""
    one, other = (split(name=name).decide_many(conversations(1000)) for name in ("spring", "summer"))
    assert abs(sum(a.arm == b.arm for a, b in zip(one, other, strict=True)) - 500) < 4 * 16


def test_without_a_conversation_a_question_has_its_arm() -> None:
    policies = split()
    arms = Counter(policies.decide(f"question {i}").arm for i in range(1000))
    assert abs(arms["a"] - 500) < 4 * 16
    assert len({policies.decide("the same question").arm for _ in range(20)}) == 1
    assert {policies.decide(None).arm for _ in range(100)} == {"a", "b"}


def test_an_error_stays_in_its_place_and_the_order_is_kept() -> None:
    asked = [*conversations(20), RoutingRequest("x", route="none"), *conversations(20)]
    decided = split().decide_each(asked)
    assert isinstance(decided[20], InvalidInputError) or "route must be" in str(decided[20])
    assert decided[:20] == decided[21:]


def test_routes_and_propensities_are_the_arms_own() -> None:
    policies = SplitPolicy(policy(0.2, explore=0.04, explore_seed=1), policy(0.9))
    decided = policies.decide_many(conversations(200))
    assert {each.propensity for each in decided if each.arm == "a"} <= {0.98, 0.02}
    assert {each.propensity for each in decided if each.arm == "b"} == {None}
    routed = policies.decide(RoutingRequest("x", route="weak", conversation="thread 1"))
    assert (routed.model, routed.reason) == ("weak", "route")


def test_it_has_what_adapters_ask_of_a_policy() -> None:
    policies = split()
    policies.decide_many(conversations(10))
    assert policies.models == ("strong", "weak")
    assert policies.router_name == "fixed"
    assert (policies.threshold, policies.moves, policies.reads_conversations) == (0.9, True, False)
    assert (policies.choice, policies.monitor, policies.guard) == (None, None, None)
    assert (policies.health.scored, policies.health.breaker) == (10, "closed")
    assert policies.router is policies.a.router
    assert pickle.loads(pickle.dumps(policies)).decide_many(conversations(9)) == policies.decide_many(
        conversations(9)
    )


@pytest.mark.parametrize(
    ("name", "value"), [("threshold", 0.5), ("monitor", DriftMonitor()), ("explore", 0.02), ("guard", print)]
)
def test_what_an_arm_has_is_set_on_the_arm(name: str, value: Any) -> None:
    with pytest.raises(InvalidInputError, match=f"{name} of a SplitPolicy must be set on its arms"):
        setattr(split(), name, value)


def test_a_split_is_no_file(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="save its a and its b"):
        split().save(tmp_path / "policy.json")


@pytest.mark.parametrize(
    ("arguments", "given", "rule"),
    [
        ((policy(0.2), "b"), {}, "b must be a policy that is no split"),
        ((split(), policy(0.2)), {}, "a must be a policy that is no split"),
        ((policy(0.2), ThreeModels(FixedRouter(0.5))), {}, "the same models"),
        ((policy(0.2), policy(0.3)), {"share": 1}, r"share must be a number in \(0, 1\)"),
        ((policy(0.2), policy(0.3)), {"share": 50}, "did you mean 0.5"),
        ((policy(0.2), policy(0.3)), {"name": ""}, "a test's name"),
    ],
)
def test_what_is_no_split_is_refused(arguments: Any, given: dict[str, Any], rule: str) -> None:
    with pytest.raises(InvalidInputError, match=rule):
        SplitPolicy(*arguments, **given)
