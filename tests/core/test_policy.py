"""policy.py: every rule, which rule goes first, and what a failing router costs."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import (
    CapabilityError,
    InvalidInputError,
    Router,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    UnknownNameError,
    registry,
)
from shared_router.routers.random import RandomRouter
from shared_router.testing import FixedRouter


def ask(request: RoutingRequest | str | None, **policy: Any) -> RoutingDecision:
    return RoutingPolicy(FixedRouter({"hard": 0.9, "easy": 0.1}), **policy).decide(request)


@pytest.mark.parametrize(
    ("threshold", "model"), [(0.0, "strong"), (0.9, "strong"), (0.900001, "weak"), (1.0, "weak")]
)
def test_a_query_goes_strong_when_its_win_probability_reaches_the_threshold(
    threshold: float, model: str
) -> None:
    assert ask("hard", threshold=threshold).model == model


def test_a_decision_by_score_says_how_it_was_made() -> None:
    assert ask("hard", threshold=0.25) == RoutingDecision("strong", 0.9, 0.25, "fixed", "score")


def test_the_requests_own_threshold_goes_before_the_policys() -> None:
    decision = ask(RoutingRequest("hard", threshold=0.95), threshold=0.5)
    assert (decision.model, decision.threshold) == ("weak", 0.95)


def test_a_router_that_names_no_threshold_gets_one_half() -> None:
    assert RoutingPolicy(FixedRouter(0.5)).threshold == 0.5


@pytest.mark.parametrize("threshold", [-0.1, 1.1, float("nan"), float("inf"), "0.5", True, 1j])
def test_a_threshold_outside_its_rule_is_refused(threshold: Any) -> None:
    with pytest.raises(InvalidInputError, match=r"threshold must be a number in \[0, 1\]"):
        RoutingPolicy(FixedRouter(0.5), threshold=threshold)
    with pytest.raises(InvalidInputError, match=r"threshold must be a number in \[0, 1\]"):
        ask(RoutingRequest("hard", threshold=threshold))


@pytest.mark.parametrize("option", ["on_router_error", "on_no_query"])
def test_an_unknown_rule_is_refused(option: str) -> None:
    with pytest.raises(InvalidInputError, match=f"{option} must be one of"):
        ask("hard", **{option: "cheapest"})


def test_a_router_must_be_a_router() -> None:
    with pytest.raises(InvalidInputError, match=r"router must be a Router.*got function"):
        RoutingPolicy(lambda query: 0.5)  # type: ignore[arg-type]


def test_a_router_by_an_unknown_name_is_refused_at_once() -> None:
    with pytest.raises(UnknownNameError, match="static-v1"):
        RoutingPolicy("mf-of-another-release")


STICKY = RoutingRequest("easy", sticky_to="strong")


@pytest.mark.parametrize(
    ("request_", "model", "reason"),
    [
        (RoutingRequest("hard", route="weak", sticky_to="strong"), "weak", "route"),
        (RoutingRequest("hard", route="weak", candidates=("strong", "weak")), "weak", "route"),
        (RoutingRequest(None, route="weak"), "weak", "route"),
        (
            RoutingRequest("hard", candidates=("weak",), sticky_to="strong", needs="tools"),
            "weak",
            "capability:tools",
        ),
        (RoutingRequest(None, candidates=("weak",), needs="images"), "weak", "capability:images"),
        (STICKY, "strong", "sticky"),
        (RoutingRequest(None, sticky_to="weak"), "weak", "sticky"),
        (RoutingRequest("hard", sticky_to="gone"), "strong", "score"),
        (RoutingRequest(None), "strong", "no_query"),
        (RoutingRequest(" \n"), "strong", "no_query"),
        (None, "strong", "no_query"),
    ],
)
def test_route_goes_before_capability_before_sticky_before_no_query_before_score(
    request_: RoutingRequest | None, model: str, reason: str
) -> None:
    decision = ask(request_)
    assert (decision.model, decision.reason) == (model, reason)


@pytest.mark.parametrize(
    "request_", [STICKY, RoutingRequest("x", route="weak"), RoutingRequest("x", candidates=("weak",)), None]
)
def test_a_request_that_needs_no_score_costs_none(request_: RoutingRequest | None) -> None:
    def refuse(query: str) -> float:
        raise AssertionError("the router was asked")

    policy = RoutingPolicy(FixedRouter(refuse), on_router_error="raise")
    assert policy.decide(request_).win_probability is None


def test_a_request_without_a_question_goes_where_the_policy_says() -> None:
    assert ask(None, on_no_query="weak").model == "weak"


def test_an_unknown_route_is_refused() -> None:
    with pytest.raises(UnknownNameError, match=r"\['strong', 'weak'\], got 'gpt'"):
        ask(RoutingRequest("hard", route="gpt"))


@pytest.mark.parametrize(("candidates", "route"), [((), None), (("weak",), "strong")])
def test_a_request_that_no_model_can_serve_is_refused(candidates: tuple[str, ...], route: str | None) -> None:
    with pytest.raises(CapabilityError, match="cannot: tools"):
        ask(RoutingRequest("hard", candidates=candidates, route=route, needs="tools"))


def test_a_decision_as_metadata_is_flat_and_leaves_a_missing_score_out() -> None:
    assert ask(None, threshold=0.5).as_metadata() == {
        "model": "strong",
        "threshold": 0.5,
        "router": "fixed",
        "reason": "no_query",
    }


def test_a_decision_that_was_left_to_chance_says_how_likely_it_was_and_whose_it_is() -> None:
    decision = replace(ask("hard"), propensity=0.99, arm="b")
    assert decision.as_metadata().items() >= {"propensity": 0.99, "arm": "b"}.items()
    assert not {"propensity", "arm"} & set(ask("hard").as_metadata())


def test_no_repr_holds_the_question() -> None:
    policy = RoutingPolicy(FixedRouter({"secret": 0.5}))
    request = RoutingRequest("secret")
    assert "secret" not in repr((policy, request, policy.decide(request)))


def test_the_router_sees_the_cleaned_query() -> None:
    assert ask("ha\x00rd").win_probability == 0.9


@given(st.floats(0, 1), st.floats(0, 1), st.floats(0, 1))
def test_raising_the_threshold_never_turns_a_weak_decision_strong(
    win_probability: float, one: float, other: float
) -> None:
    policy = RoutingPolicy(FixedRouter(win_probability))
    low, high = sorted((one, other))
    models = [policy.decide(RoutingRequest("x", threshold=threshold)).model for threshold in (low, high)]
    assert models != ["weak", "strong"]


@given(st.lists(st.floats(0, 1), max_size=8), st.floats(0, 1))
def test_deciding_many_is_deciding_each(values: list[float], threshold: float) -> None:
    policy = RoutingPolicy(FixedRouter({str(i): v for i, v in enumerate(values)}), threshold=threshold)
    queries = [str(i) for i in range(len(values))]
    assert policy.decide_many(queries) == [policy.decide(query) for query in queries]


class Where(Router):
    """Note the thread it is asked in."""

    name = "where"

    def __init__(self, *, blocking: bool) -> None:
        self.blocking = blocking
        self.thread: int | None = None

    def win_probability(self, queries: Sequence[str]) -> Any:
        self.thread = threading.get_ident()
        return np.zeros(len(queries))


@pytest.mark.parametrize("blocking", [True, False])
async def test_a_router_that_can_block_is_asked_off_the_event_loop(blocking: bool) -> None:
    router = Where(blocking=blocking)
    decision = await RoutingPolicy(router).adecide("x")
    assert decision == RoutingPolicy(router).decide("x")
    await RoutingPolicy(router).adecide_many(["x", "y"])
    assert (router.thread != threading.get_ident()) == blocking


async def test_the_event_loop_turns_while_a_router_blocks() -> None:
    turned = threading.Event()

    def wait_for_the_loop(query: str) -> float:
        return 1.0 if turned.wait(60) else 0.0

    router = FixedRouter(wait_for_the_loop)
    router.blocking = True
    deciding = asyncio.create_task(RoutingPolicy(router).adecide("x"))
    await asyncio.sleep(0)
    turned.set()
    assert (await deciding).win_probability == 1.0


def test_many_threads_get_the_decisions_of_one() -> None:
    policy = RoutingPolicy(FixedRouter(lambda query: float(query) / 100), threshold=0.5)
    expected = policy.decide_many([str(i) for i in range(100)])
    results: list[list[RoutingDecision]] = []

    def work() -> None:
        results.append([policy.decide(str(i)) for i in range(100)])

    threads = [threading.Thread(target=work) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == [expected] * 16


async def test_a_policy_made_in_an_event_loop_reads_its_folder_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where no score is needed: a decision names the threshold, which the router's card recommends."""
    policy, readers = RoutingPolicy(), []
    read = registry.recommended_threshold

    def remembering(*args: Any, **kwargs: Any) -> float:
        readers.append(threading.current_thread())
        return read(*args, **kwargs)

    monkeypatch.setattr("shared_router.source.recommended_threshold", remembering)
    decision = await policy.adecide(None)
    assert decision.reason == "no_query"
    assert decision.threshold == RoutingPolicy().threshold
    assert readers[0] is not threading.main_thread()


def test_a_share_says_of_which_prompts_it_is() -> None:
    """A random router's scores are uniform: 0.3 of any questions reach 0.7."""
    assert "0.3 of 1 questions of any kind" in repr(RoutingPolicy(RandomRouter(), strong_fraction=0.3))
    assert repr(RoutingPolicy(RandomRouter(), threshold=0.7)) == "RoutingPolicy('random', threshold=0.7)"
