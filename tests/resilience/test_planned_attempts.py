"""A plan's attempts: each stage told, reserved and settled, and what is used where the last one fails."""

import pytest

from shared_router import (
    Budget,
    BudgetExceededError,
    Budgets,
    CallSize,
    Resilience,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
)
from shared_router.resilience.planned_attempts import PlannedAttempts
from shared_router.testing import FixedRouter
from tests.resilience.kept import USAGE, BadRequestError, Clock, Listener, RateLimitError, begun, rules


def planned(dollars: float | None = None, **given: object) -> tuple[PlannedAttempts, Listener, Budget | None]:
    """Return a plan's attempts, sent to the weak model, who watches, and its budget."""
    listener = Listener()
    kept = rules(Resilience(failures=2), observers=[listener], **given)  # type: ignore[arg-type]
    budget = None
    if dollars is not None:
        budget = Budget(dollars, max_output_tokens=100_000)
        policy = RoutingPolicy(FixedRouter(0.1), threshold=0.5)
        kept.budgets = Budgets(budget, bill=kept.bill, policy=policy, max_output_tokens={})
    decision = RoutingDecision("weak", 0.1, 0.5, "fixed", "score")
    asked = kept.ask(RoutingRequest("Why?"), CallSize(()))
    return asked.begin_plan(decision), listener, budget


def test_every_stage_is_told_and_its_calls_are_settled_for_what_they_cost() -> None:
    """Two calls of the weak model at $0.1, one of the strong at $1, of a budget that holds 2 x 0.1 + 1."""
    attempts, listener, budget = planned(10.0)
    assert attempts.stage("weak", 2) is None
    attempts.stage_ended([(None, USAGE), (None, USAGE)])
    attempts.at_hand = "weak"
    assert attempts.stage("strong") is None
    attempts.answered(USAGE, decision=RoutingDecision("strong", 0.1, 0.5, "fixed", "escalated"), dollars=1.2)
    (end,) = listener.ends
    assert [(each.model, each.error) for each in end.attempts] == [
        ("weak", None),
        ("weak", None),
        ("strong", None),
    ]
    assert end.dollars == 1.2
    assert budget is not None
    assert budget.used() == pytest.approx(1.2)


def test_where_the_last_model_fails_the_answer_at_hand_is_used_and_nobody_else_is_asked() -> None:
    attempts, listener, _ = planned()
    assert attempts.stage("weak") is None
    attempts.stage_ended([(None, USAGE)])
    attempts.at_hand = "weak"
    assert attempts.stage("strong") is None
    assert attempts.failed(RateLimitError("down"))
    assert (attempts.model, attempts.decision.reason) == ("weak", "fallback:strong->weak:RateLimitError")
    attempts.answered(USAGE)
    assert [(each.model, each.error) for each in listener.ends[0].attempts] == [
        ("weak", None),
        ("strong", "RateLimitError"),
    ]


def test_a_mistake_over_the_request_uses_no_answer_at_hand() -> None:
    attempts, listener, _ = planned()
    attempts.stage("weak")
    attempts.stage_ended([(None, USAGE)])
    attempts.at_hand = "weak"
    attempts.stage("strong")
    assert not attempts.failed(BadRequestError("no"))
    assert [end.outcome for end in listener.ends] == ["failed"]


def test_a_model_that_is_left_alone_is_not_asked_where_an_answer_is_at_hand_and_is_where_none_is() -> None:
    clock = Clock()
    kept = rules(Resilience(failures=1), clock=clock)
    begun(kept).failed(RateLimitError("down"))
    for at_hand, said in (("weak", "breaker"), (None, None)):
        attempts = kept.ask(RoutingRequest("Why?")).begin_plan(
            RoutingDecision("weak", 0.1, 0.5, "fixed", "score")
        )
        attempts.stage("weak")
        attempts.stage_ended([(None, USAGE)])
        attempts.at_hand = at_hand
        assert attempts.stage("strong") == said


def test_where_no_budget_is_left_the_answer_at_hand_is_used_or_the_error_raised() -> None:
    """A call of the weak model may cost $0.1 and one of the strong $1, of $1.05."""
    for at_hand in ("weak", None):
        attempts, _, budget = planned(1.05)
        attempts.stage("weak")
        attempts.stage_ended([(None, USAGE)])
        attempts.at_hand = at_hand
        if at_hand:
            assert attempts.stage("strong") == "budget"
            assert attempts.use_at_hand("strong", "budget").reason == "budget:hard"
        else:
            with pytest.raises(BudgetExceededError):
                attempts.stage("strong")
        assert budget is not None
        assert budget.used() == pytest.approx(0.1)


def test_a_plan_that_is_cancelled_settles_all_that_its_stage_has_reserved() -> None:
    """Three calls of the weak model that nobody waits for count with their bounds, a little over $0.1."""
    attempts, listener, budget = planned(10.0)
    attempts.stage("weak", 3)
    attempts.cancelled()
    assert budget is not None
    assert budget.used() == pytest.approx(0.3, rel=0.01)
    assert [end.outcome for end in listener.ends] == ["cancelled"]


def test_a_weak_models_failures_open_its_breaker_and_a_stage_with_one_answer_does_not() -> None:
    kept = rules(Resilience(failures=1))
    decision = RoutingDecision("weak", 0.1, 0.5, "fixed", "score")
    for ends, state in (
        ([(RateLimitError("down"), None), (None, USAGE)], "closed"),
        ([(RateLimitError("down"), None), (RateLimitError("down"), None)], "open"),
    ):
        attempts = kept.ask(RoutingRequest("Why?")).begin_plan(decision)
        attempts.stage("weak", 2)
        attempts.stage_ended(ends)
        assert kept.health.breakers["weak"] == state
