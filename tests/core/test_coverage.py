"""A decision says how near its question is to what the router knows, and a rule may decide the far ones."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router import InvalidInputError, Router, RouterOutputError, RoutingPolicy, RoutingRequest
from shared_router.testing import FixedRouter

KNOWN = {"near": 1.0, "quarter": 0.25, "far": 0.0}


class CoveringRouter(FixedRouter):
    """A router that covers three texts by a table, and any other not at all."""

    def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
        return np.array([KNOWN.get(query, 0.0) for query in queries])


def policy(router: Router | None = None, **rules: str) -> RoutingPolicy:
    return RoutingPolicy(router or CoveringRouter(0.7), threshold=0.5, **rules)  # type: ignore[arg-type]


def test_a_decision_says_the_coverage_and_so_does_its_metadata() -> None:
    near, far = policy().decide_many(["near", "far"])
    assert (near.coverage, far.coverage) == (1.0, 0.0)
    assert far.as_metadata()["coverage"] == 0.0


def test_a_router_that_cannot_tell_leaves_it_out() -> None:
    decision = policy(FixedRouter(0.7)).decide("near")
    assert decision.coverage is None
    assert "coverage" not in decision.as_metadata()


def test_by_default_a_far_question_goes_by_its_score() -> None:
    decision = policy().decide("far")
    assert (decision.model, decision.reason) == ("strong", "score")


@pytest.mark.parametrize("rule", ["strong", "weak"])
def test_a_far_question_goes_where_the_rule_says_and_keeps_its_score(rule: str) -> None:
    decision = policy(on_no_coverage=rule).decide("far")
    assert (decision.model, decision.reason, decision.win_probability) == (rule, "no_coverage", 0.7)


def test_from_a_quarter_on_a_question_is_covered() -> None:
    assert policy(on_no_coverage="weak").decide("quarter").reason == "score"


def test_the_rule_chooses_among_the_models_that_can_serve() -> None:
    request = RoutingRequest("far", candidates=("strong",))
    assert policy(on_no_coverage="weak").decide(request).model == "strong"


async def test_the_async_way_decides_alike() -> None:
    decision = await policy(on_no_coverage="weak").adecide("far")
    assert (decision.model, decision.reason, decision.coverage) == ("weak", "no_coverage", 0.0)


def test_a_score_known_from_before_brings_its_coverage() -> None:
    request = RoutingRequest("far", win_probability=0.9, coverage=0.1)
    assert policy(on_no_coverage="weak").decide(request).model == "weak"


def test_another_rule_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="on_no_coverage must be one of"):
        policy(on_no_coverage="raise")


def test_a_coverage_outside_its_range_is_the_routers_failure() -> None:
    class Wrong(FixedRouter):
        def coverage(self, queries: Sequence[str]) -> NDArray[np.float64]:
            return np.full(len(queries), 2.0)

    asked = RoutingPolicy(Wrong(0.7), threshold=0.5, on_router_error="raise")
    with pytest.raises(RouterOutputError):
        asked.decide("near")


def test_a_saved_policy_keeps_the_rule(tmp_path: Path) -> None:
    RoutingPolicy("static-v1", threshold=0.2, on_no_coverage="weak").save(tmp_path / "policy.json")
    assert RoutingPolicy.load(tmp_path / "policy.json").on_no_coverage == "weak"
