"""What observers are told of real calls, by the core's own attempts."""

from __future__ import annotations

from pathlib import Path

import pytest

from shared_router import (
    Bill,
    Budget,
    BudgetExceededError,
    Budgets,
    CallSize,
    DecisionLog,
    ModelChangedWarning,
    ModelWatch,
    Resilience,
    RoutingDecision,
    RoutingPolicy,
    RoutingRequest,
    read_log,
)
from shared_router.testing import FixedRouter
from tests.resilience.kept import PRICES, USAGE, Listener, RateLimitError, begun, rules


def test_a_weak_answers_saving_is_what_strong_costs_more() -> None:
    """100,000 tokens are 1 dollar of the strong model's and 0.1 of the weak one's."""
    listener = Listener()
    kept = rules(observers=[listener])
    for model in ("weak", "strong"):
        begun(kept, model).answered(USAGE)
    begun(kept, "weak").answered(None)
    begun(kept, "weak").cancelled()
    saved = [end.dollars_saved for end in listener.ends]
    assert saved == [pytest.approx(0.9), pytest.approx(0.0), None, None]


def test_a_fallback_is_logged_with_who_was_asked_who_answered_and_for_how_much(tmp_path: Path) -> None:
    log = DecisionLog(tmp_path / "log", key="a key of sixteen bytes")
    attempts = begun(rules(Resilience(), observers=[log]), "strong", tenant="acme")
    assert attempts.failed(RateLimitError())
    attempts.answered(USAGE, provider_model="small-2026-01-01", fingerprint="fp_1")
    log.close()
    (row,) = read_log(log.path)
    assert (row.id, row.routed, row.model) == (attempts.decision_id, "strong", "weak")
    assert row.reason == "fallback:strong->weak:RateLimitError"
    assert [(each.model, each.error) for each in row.attempts] == [
        ("strong", "RateLimitError"),
        ("weak", None),
    ]
    assert (row.outcome, row.input_tokens) == ("answered", 100_000)
    assert row.dollars == pytest.approx(0.1)
    assert (row.provider_model, row.fingerprint) == ("small-2026-01-01", "fp_1")
    assert row.tenant == log.hash_of("acme")


def test_a_watch_hears_of_who_answered_in_anothers_place() -> None:
    """The strong model's fallback is the weak one, so that it is the weak one's name that is compared."""
    watch = ModelWatch({"weak": "small-2026-01-01", "strong": "large-2026-01-01"})
    attempts = begun(rules(Resilience(), observers=[watch]), "strong")
    attempts.failed(RateLimitError())
    attempts.answered(USAGE, provider_model="small-2026-01-01")
    assert watch.changed() == {"weak": 0, "strong": 0}


def test_a_models_change_is_warned_of_and_the_answer_comes_all_the_same() -> None:
    watch = ModelWatch({"weak": "small-2026-01-01"})
    with pytest.warns(ModelChangedWarning):
        begun(rules(observers=[watch]), "weak").answered(USAGE, provider_model="small-2026-02-02")
    kept = rules(observers=[watch])
    begun(kept, "weak").answered(USAGE, provider_model="small-2026-03-03")  # an error here, by our settings
    assert kept.health.observer_failures == 1


GUARDED = RoutingDecision("strong", None, 0.5, "fixed", "guard")


def test_no_fallback_asks_a_model_that_a_guard_has_vetoed() -> None:
    """Three failures open the breaker; the fourth call asks the strong model all the same."""
    kept = rules(Resilience(failures=3))
    for _ in range(4):
        attempts = kept.ask(RoutingRequest("risky")).begin(GUARDED)
        assert attempts.model == "strong"
        assert not attempts.failed(RateLimitError())
        assert isinstance(attempts.error, RateLimitError)
    assert kept.health.breakers == {"strong": "open"}


def test_no_budget_sends_what_a_guard_has_vetoed_to_the_weak_model() -> None:
    """A dollar is left, a strong call may cost two: it is refused, and a call by its score goes weak."""
    kept = rules(budgets=budgets_of(Budget(1.0, max_output_tokens=200_000)))
    size = CallSize(("x",))
    with pytest.raises(BudgetExceededError):
        kept.ask(RoutingRequest("risky"), size).begin(GUARDED)


def budgets_of(budget: Budget) -> Budgets:
    bill = Bill(PRICES, ("strong", "weak"))
    most = {"strong": None, "weak": None}
    return Budgets(budget, bill=bill, policy=RoutingPolicy(FixedRouter(0.1)), max_output_tokens=most)
