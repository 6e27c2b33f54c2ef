"""guarding.py: a guard's word goes before the score, and its failure has a rule of its own."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from shared_router import (
    ArtifactSchemaError,
    CapabilityError,
    ConversationGuard,
    GuardError,
    GuardFailedWarning,
    GuardTimeoutError,
    InvalidInputError,
    Message,
    RoutingPolicy,
    RoutingRequest,
    VetoError,
)
from shared_router.testing import FixedRouter
from tests.three_tiers import ThreeTiers


def weak_policy(guard: Any, **rules: Any) -> RoutingPolicy:
    """A policy that sends everything weak, were there no guard."""
    return RoutingPolicy(FixedRouter(0.1), threshold=0.5, guard=guard, **rules)


def is_risky(question: str) -> str | None:
    return "strong" if "risky" in question else None


async def decided(policy: RoutingPolicy, request: Any, how: str) -> Any:
    return policy.decide(request) if how == "decide" else await policy.adecide(request)


both = pytest.mark.parametrize("how", ["decide", "adecide"])


@both
async def test_a_guard_sends_a_question_elsewhere_than_its_score(how: str) -> None:
    policy = weak_policy(is_risky)
    risky, plain = await decided(policy, "something risky", how), await decided(policy, "hello", how)
    assert (risky.model, risky.reason, risky.win_probability) == ("strong", "guard", None)
    assert (plain.model, plain.reason, plain.win_probability) == ("weak", "score", 0.1)


@both
@pytest.mark.parametrize(
    "request_", [RoutingRequest("risky", route="weak"), RoutingRequest("risky", sticky_to="weak")]
)
async def test_a_guard_goes_before_a_route_that_is_named_and_before_stickiness(
    request_: RoutingRequest, how: str
) -> None:
    decision = await decided(weak_policy(is_risky), request_, how)
    assert (decision.model, decision.reason) == ("strong", "guard")


@both
async def test_a_request_that_a_guards_model_cannot_serve_is_refused_and_sent_to_no_other(how: str) -> None:
    request = RoutingRequest("risky", candidates=("weak",), needs="images")
    with pytest.raises(CapabilityError, match="a guard must name a model .* strong cannot: images"):
        await decided(weak_policy(is_risky), request, how)
    plain = replace(request, query="hello")
    assert (await decided(weak_policy(is_risky), plain, how)).reason == "capability:images"


@both
async def test_a_failed_guards_rule_takes_whoever_can_serve_the_request(how: str) -> None:
    request = RoutingRequest("x", candidates=("weak",), needs="images")
    with pytest.warns(GuardFailedWarning):
        decision = await decided(weak_policy(broken), request, how)
    assert (decision.model, decision.reason) == ("weak", "guard_error:ConnectionError")


@both
async def test_a_guard_refuses_by_an_error_that_it_returns(how: str) -> None:
    policy = weak_policy(lambda question: PermissionError("not here"))
    with pytest.raises(PermissionError, match="not here"):
        await decided(policy, "x", how)


@both
async def test_a_guard_refuses_by_raising_veto_error_whatever_its_failures_do(how: str) -> None:
    def refuse(question: str) -> str | None:
        raise VetoError("not here")

    with pytest.raises(VetoError, match="not here"):
        await decided(weak_policy(refuse, on_guard_error="score"), "x", how)


async def test_one_refused_request_takes_no_other_of_its_batch() -> None:
    policy = weak_policy(lambda question: VetoError("no") if question == "b" else is_risky(question))
    for outcomes in (
        policy.decide_each(["a", "b", "risky"]),
        await policy.adecide_each(["a", "b", "risky"]),
    ):
        shown = [getattr(each, "reason", type(each).__name__) for each in outcomes]
        assert shown == ["score", "VetoError", "guard"]


def broken(question: str) -> str | None:
    raise ConnectionError("the question was: secret")


@both
@pytest.mark.parametrize(
    ("rule", "model", "reason"),
    [
        ("strong", "strong", "guard_error:ConnectionError"),
        ("weak", "weak", "guard_error:ConnectionError"),
        ("score", "weak", "score"),
    ],
)
async def test_a_guard_that_fails_has_a_rule_of_its_own(rule: str, model: str, reason: str, how: str) -> None:
    policy = weak_policy(broken, on_guard_error=rule)
    with pytest.warns(GuardFailedWarning, match=f"raised ConnectionError; requests it fails on go {rule}"):
        first = await decided(policy, "secret", how)
    again = await decided(policy, "secret", how)  # said once
    assert {(each.model, each.reason) for each in (first, again)} == {(model, reason)}


@both
async def test_a_failure_is_typed_with_its_cause_and_without_the_question(how: str) -> None:
    with pytest.raises(GuardError) as caught:
        await decided(weak_policy(broken, on_guard_error="raise"), "secret", how)
    assert str(caught.value) == "a guard must return a verdict, and raised ConnectionError"
    assert isinstance(caught.value.__cause__, ConnectionError)


@both
@pytest.mark.parametrize(
    ("said", "shown"), [(True, "True"), ("medium", "'medium'"), (3, "3"), ("a long sentence", "a text of 15")]
)
async def test_what_is_no_verdict_is_a_failure(said: object, shown: str, how: str) -> None:
    policy = weak_policy(lambda question: said, on_guard_error="raise")
    with pytest.raises(GuardError, match=f"one of .'strong', 'weak'., got {shown}"):
        await decided(policy, "x", how)


@both
async def test_a_guard_that_hangs_is_waited_for_no_longer_than_a_router(how: str) -> None:
    let_go = threading.Event()
    policy = weak_policy(
        lambda question: let_go.wait(30) and None, router_timeout=0.05, on_guard_error="raise"
    )
    with pytest.raises(GuardTimeoutError, match=r"within router_timeout \(0.05 s\)"):
        await decided(policy, "x", how)
    let_go.set()


async def test_a_guard_that_blocks_does_not_hold_up_the_event_loop() -> None:
    """The guard waits for what only the loop can set."""
    set_by_loop = threading.Event()

    def wait_for_loop(question: str) -> str | None:
        return "strong" if set_by_loop.wait(10) else None

    decision, _ = await asyncio.gather(
        weak_policy(wait_for_loop, router_timeout=None).adecide("x"), asyncio.to_thread(set_by_loop.set)
    )
    assert decision.model == "strong"


async def test_a_batch_asks_a_guard_about_eight_at_once() -> None:
    """Eight calls that each wait until eight have begun."""
    together = threading.Barrier(8)

    def meet(question: str) -> str | None:
        together.wait(10)
        return None

    policy = weak_policy(meet, router_timeout=None)
    for outcomes in (policy.decide_each([*"abcdefgh"]), await policy.adecide_each([*"abcdefgh"])):
        assert [getattr(each, "reason", each) for each in outcomes] == ["score"] * 8


async def test_a_guard_that_says_it_does_not_block_is_asked_where_the_caller_stands() -> None:
    threads: list[threading.Thread] = []

    class Quick:
        blocking = False

        def __call__(self, question: str) -> str | None:
            threads.append(threading.current_thread())
            return None

    policy = weak_policy(Quick())
    policy.decide("x")
    await policy.adecide("x")
    assert threads == [threading.current_thread()] * 2


@both
async def test_a_guard_in_a_thread_sees_the_callers_context(how: str) -> None:
    from shared_router.tenants import current_tenant, tenant_scope

    policy = weak_policy(lambda question: "strong" if current_tenant() == "acme" else None)
    with tenant_scope("acme"):
        assert (await decided(policy, "x", how)).model == "strong"


@both
async def test_a_conversation_guard_reads_what_was_said_before(how: str) -> None:
    heard: list[Sequence[Any]] = []

    def third_turn(messages: Sequence[Any]) -> str | None:
        heard.append(messages)
        return "strong" if len(messages) > 2 else None

    policy = weak_policy(ConversationGuard(third_turn))
    said = [Message("user", "a"), Message("assistant", "b"), Message("user", "c")]
    asked = [RoutingRequest("c", messages=said), RoutingRequest("c", messages=lambda: said[2:]), "c"]
    assert [(await decided(policy, each, how)).model for each in asked] == ["strong", "weak", "weak"]
    assert heard[2] == [{"role": "user", "content": "c"}]


@both
@pytest.mark.parametrize("question", [None, "", "  "])
async def test_a_request_with_nothing_to_read_is_not_guarded(question: str | None, how: str) -> None:
    decision = await decided(weak_policy(broken, on_no_query="weak"), question, how)
    assert (decision.model, decision.reason) == ("weak", "no_query")


def test_a_guard_that_is_assigned_is_asked_from_then_on_under_its_rule() -> None:
    policy = weak_policy(None, on_guard_error="raise")
    assert policy.decide("risky").reason == "score"
    policy.guard = is_risky
    assert policy.decide("risky").reason == "guard"
    policy.guard = broken
    with pytest.raises(GuardError):
        policy.decide("x")
    policy.guard = None
    assert policy.decide("risky").reason == "score"


def test_a_guard_names_any_of_many_models() -> None:
    policy = ThreeTiers(FixedRouter(0.1), guard=lambda question: "medium")
    assert policy.decide("x").model == "medium"


def test_a_wrong_request_is_refused_before_a_verdict_counts() -> None:
    with pytest.raises(InvalidInputError, match="threshold must be"):
        weak_policy(is_risky).decide(RoutingRequest("risky", threshold=2))


@pytest.mark.parametrize("guard", [3, "strong", RoutingPolicy, ConversationGuard(None)])  # type: ignore[arg-type]
def test_a_guard_that_is_no_function_is_refused(guard: Any) -> None:
    with pytest.raises(InvalidInputError, match="guard must be a function or None"):
        weak_policy(guard)


def test_an_async_guard_is_refused() -> None:
    async def guard(question: str) -> str | None:
        return None

    with pytest.raises(InvalidInputError, match="guard must be a plain function, got an async one"):
        weak_policy(guard)


def test_a_rule_for_failures_that_is_none_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="on_guard_error must be one of"):
        weak_policy(is_risky, on_guard_error="ignore")


def test_a_policy_that_was_saved_with_a_guard_is_not_loaded_without_one(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    weak_policy(is_risky, on_guard_error="raise").save(path)
    with pytest.raises(InvalidInputError, match="saved with a guard must be given one"):
        RoutingPolicy.load(path, router=FixedRouter(0.1))
    again = RoutingPolicy.load(path, router=FixedRouter(0.1), guard=is_risky)
    assert (again.guard, again.on_guard_error) == (is_risky, "raise")
    assert again.decide("risky").reason == "guard"


def test_a_file_with_a_rule_for_failures_that_is_none_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    weak_policy(is_risky).save(path)
    path.write_text(path.read_text().replace('"on_guard_error": "strong"', '"on_guard_error": "ignore"'))
    with pytest.raises(ArtifactSchemaError, match="on_guard_error must be among"):
        RoutingPolicy.load(path, router=FixedRouter(0.1), guard=is_risky)


def test_a_file_of_a_policy_without_a_guard_says_nothing_of_one(tmp_path: Path) -> None:
    path = tmp_path / "policy.json"
    RoutingPolicy(FixedRouter(0.1)).save(path)
    assert "guard" not in path.read_text()


def test_a_slow_guard_costs_a_batch_its_timeout_and_no_more() -> None:
    """One of ten hangs: 0.5 s for each eight are 1 s, and the other nine are decided."""
    let_go = threading.Event()

    def hang(question: str) -> None:
        if question == "x":
            let_go.wait(30)

    policy = weak_policy(hang, router_timeout=0.5, on_guard_error="raise")
    began = time.monotonic()
    outcomes = policy.decide_each(["x", *"abcdefghi"])
    assert time.monotonic() - began < 20
    let_go.set()
    assert [type(each).__name__ for each in outcomes] == ["GuardTimeoutError"] + ["RoutingDecision"] * 9
