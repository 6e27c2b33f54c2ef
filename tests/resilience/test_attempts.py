"""One call's attempts: whom it asks, what it raises, what observers hear."""

import asyncio
from typing import Any

import pytest

from shared_router import (
    CallTimeoutError,
    InvalidInputError,
    Resilience,
    RoutingDecision,
    RoutingRequest,
    UnknownNameError,
)
from tests.resilience.kept import USAGE, BadRequestError, Clock, Listener, RateLimitError, begun, rules


def test_an_error_of_the_provider_moves_on_to_the_other_model_and_the_decision_says_so() -> None:
    """The answer is the weak model's, and so are its dollars: 100,000 tokens at $1 a million are $0.1."""
    listener = Listener()
    attempts = begun(rules(Resilience(), observers=[listener]))
    assert attempts.model == "strong"
    assert attempts.failed(RateLimitError("slow down"))
    assert (attempts.model, attempts.decision.reason) == ("weak", "fallback:strong->weak:RateLimitError")
    attempts.answered(USAGE, provider_model="weak-2026")
    (end,) = listener.ends
    assert end.dollars == pytest.approx(0.1)
    assert end.dollars_saved == pytest.approx(0.9)
    assert (end.outcome, end.decision.model) == ("answered", "weak")
    assert [(each.model, each.error) for each in end.attempts] == [
        ("strong", "RateLimitError"),
        ("weak", None),
    ]
    assert listener.calls[0].decision.reason == "score"
    assert end.provider_model == "weak-2026"


def test_a_weak_model_that_fails_moves_on_to_the_strong_one() -> None:
    attempts = begun(rules(Resilience()), "weak")
    assert attempts.failed(ConnectionError("down"))
    assert (attempts.model, attempts.decision.reason) == ("strong", "fallback:weak->strong:ConnectionError")


@pytest.mark.parametrize("error", [BadRequestError("no"), ValueError("a mistake"), KeyError("x")])
def test_an_error_over_the_request_is_raised_as_it_is(error: Exception) -> None:
    listener = Listener()
    attempts = begun(rules(Resilience(), observers=[listener]))
    assert not attempts.failed(error)
    assert attempts.error is error
    assert [end.outcome for end in listener.ends] == ["failed"]


@pytest.mark.parametrize("second", [ConnectionError("two"), BadRequestError("too long for me")])
def test_where_both_models_fail_the_first_error_is_raised_with_the_second_as_its_context(
    second: Exception,
) -> None:
    first = RateLimitError("one")
    attempts = begun(rules(Resilience()))
    assert attempts.failed(first)
    assert not attempts.failed(second)
    assert attempts.error is first
    assert first.__context__ is second


def test_the_same_error_of_both_models_is_no_context_of_its_own() -> None:
    error = RateLimitError("both")
    attempts = begun(rules(Resilience()))
    assert attempts.failed(error)
    assert not attempts.failed(error)
    assert attempts.error is error
    assert error.__context__ is None


def test_with_more_models_each_is_asked_once_at_most_and_every_error_is_told() -> None:
    kept = rules(Resilience(max_attempts=9), models=("strong", "middle", "weak"))
    attempts = begun(kept)
    errors = {name: ConnectionError(name) for name in ("strong", "middle", "weak")}
    asked = [attempts.model]
    while attempts.failed(errors[attempts.model]):
        asked.append(attempts.model)
    assert asked == ["strong", "middle", "weak"]
    assert attempts.error is errors["strong"]
    assert errors["strong"].__context__ is errors["weak"]
    assert errors["weak"].__context__ is errors["middle"]


@pytest.mark.parametrize(
    ("chosen", "asked"), [("strong", ["strong", "middle"]), ("middle", ["middle", "strong"])]
)
def test_the_nearest_model_is_asked_next_a_better_one_before_a_worse_one(
    chosen: str, asked: list[str]
) -> None:
    attempts = begun(rules(Resilience(), models=("strong", "middle", "weak")), chosen)
    models = [attempts.model]
    while attempts.failed(ConnectionError("down")):
        models.append(attempts.model)
    assert models == asked


def test_an_order_that_was_given_is_kept() -> None:
    kept = rules(Resilience(order=["weak", "strong"]), models=("strong", "middle", "weak"))
    attempts = begun(kept, "middle")
    assert attempts.failed(ConnectionError("down"))
    assert attempts.model == "weak"


def test_no_model_is_asked_that_cannot_serve_the_request() -> None:
    attempts = begun(rules(Resilience()), candidates=("strong",))
    assert not attempts.failed(RateLimitError("one"))


def test_at_one_attempt_nothing_moves_on() -> None:
    assert not begun(rules(Resilience(max_attempts=1))).failed(RateLimitError("one"))


def test_without_resilience_nothing_moves_on() -> None:
    listener = Listener()
    attempts = begun(rules(observers=[listener]))
    assert not attempts.failed(RateLimitError("one"))
    assert [end.outcome for end in listener.ends] == ["failed"]
    assert attempts.timeout_s is None


def test_after_a_streams_first_content_the_error_is_the_models_own() -> None:
    first, second = RateLimitError("before"), ConnectionError("after")
    kept = rules(Resilience(max_attempts=3), models=("strong", "middle", "weak"))
    attempts = begun(kept)
    assert attempts.failed(first)
    assert attempts.can_move_on
    attempts.first_content()
    assert not attempts.can_move_on
    assert not attempts.failed(second)
    assert attempts.error is second
    assert second.__context__ is first


def test_a_cancelled_call_ends_once_whatever_is_said_after_it() -> None:
    listener = Listener()
    attempts = begun(rules(Resilience(), observers=[listener]))
    attempts.cancelled()
    attempts.answered(USAGE)
    attempts.cancelled()
    assert not attempts.failed(RateLimitError("late"))
    assert [end.outcome for end in listener.ends] == ["cancelled"]


def test_a_cancelled_or_interrupted_call_never_moves_on() -> None:
    always = Resilience(moves_on=lambda error: True)
    assert not begun(rules(always)).failed(asyncio.CancelledError())
    assert not begun(rules(always)).failed(KeyboardInterrupt())


def test_the_users_own_word_goes_before_the_rule() -> None:
    never = Resilience(moves_on=lambda error: False)
    own = Resilience(moves_on=lambda error: isinstance(error, LookupError) or None)
    assert not begun(rules(never)).failed(RateLimitError("one"))
    assert begun(rules(own)).failed(KeyError("mine"))
    assert not begun(rules(own)).failed(ValueError("not mine"))


def test_an_error_of_the_users_own_word_is_raised_and_the_call_has_ended() -> None:
    listener = Listener()
    own = Resilience(moves_on=lambda error: error.no_such_thing)  # type: ignore[attr-defined]
    attempts = begun(rules(own, observers=[listener]))
    with pytest.raises(AttributeError):
        attempts.failed(RateLimitError("one"))
    assert [end.outcome for end in listener.ends] == ["failed"]


def test_a_deadline_that_has_passed_asks_nobody_else() -> None:
    attempts = begun(rules(Resilience(deadline=1e-9)))
    assert attempts.timeout_s == 0.0
    assert not attempts.failed(CallTimeoutError("late"))


def test_a_models_timeout_begins_anew_for_the_next_model_and_the_deadline_does_not() -> None:
    attempts = begun(rules(Resilience(timeout={"strong": 1.0, "weak": 100.0}, deadline=50.0)))
    assert 0.0 < (attempts.timeout_s or 0.0) <= 1.0
    assert attempts.failed(CallTimeoutError("late"))
    assert 1.0 < (attempts.timeout_s or 0.0) <= 50.0
    attempts.first_content()
    assert 1.0 < (attempts.timeout_s or 0.0) <= 50.0


def test_a_model_whose_breaker_is_open_is_passed_over_and_the_reason_says_so() -> None:
    kept = rules(Resilience(failures=2), clock=Clock())
    for _ in range(2):
        begun(kept).failed(RateLimitError("down"))
    attempts = begun(kept)
    assert (attempts.model, attempts.decision.reason) == ("weak", "fallback:strong->weak:breaker")


def test_a_model_that_is_left_alone_is_asked_where_the_other_one_fails() -> None:
    kept = rules(Resilience(failures=2), clock=Clock())
    for _ in range(2):
        begun(kept).failed(RateLimitError("down"))
    attempts = begun(kept)
    assert attempts.failed(ConnectionError("now this"))
    assert (attempts.model, attempts.decision.reason) == ("strong", "score")
    assert not attempts.failed(RateLimitError("still down"))


def test_where_both_breakers_are_open_the_one_that_has_been_for_longer_is_asked_alone() -> None:
    clock = Clock()
    kept = rules(Resilience(failures=1), clock=clock)
    begun(kept, "weak", candidates=("weak",)).failed(ConnectionError("down"))
    clock.now += 10
    begun(kept, "strong", candidates=("strong",)).failed(ConnectionError("down"))
    attempts = begun(kept)
    assert (attempts.model, attempts.decision.reason) == ("weak", "fallback:strong->weak:breaker")
    assert not attempts.failed(ConnectionError("still down"))


def test_a_model_that_alone_can_serve_a_request_is_asked_whatever_its_breaker_says() -> None:
    kept = rules(Resilience(failures=1), clock=Clock())
    begun(kept).failed(ConnectionError("down"))
    attempts = begun(kept, candidates=("strong",))
    assert (attempts.model, attempts.decision.reason) == ("strong", "score")


def test_an_error_over_the_request_opens_no_breaker() -> None:
    kept = rules(Resilience(failures=1))
    begun(kept).failed(BadRequestError("no"))
    assert kept.health.breakers == {"strong": "closed"}


def test_two_calls_of_one_adapter_inside_each_other_end_in_the_first_error() -> None:
    """A model that is asked after a failure, and asks the same adapter again, finds no model left in it."""
    first = RateLimitError("down")
    kept = rules(Resilience())
    outer = begun(kept)
    assert outer.failed(first)
    with outer.asking(), pytest.raises(RateLimitError) as raised:
        begun(kept)
    assert raised.value is first


def test_a_call_inside_another_whose_models_have_not_failed_is_a_call_like_any() -> None:
    kept = rules(Resilience())
    with begun(kept).asking():
        assert begun(kept).model == "strong"


class _Broken:
    wants_answers = False

    def decided(self, call: Any) -> None:
        raise OSError("disk full")

    def ended(self, call: Any, end: Any) -> None:
        raise OSError("disk full")


def test_an_observer_that_raises_changes_nothing_and_is_counted() -> None:
    listener = Listener()
    kept = rules(observers=[_Broken(), listener])
    begun(kept).answered(USAGE)
    assert kept.health.observer_failures == 2
    assert [end.outcome for end in listener.ends] == ["answered"]


def test_rules_that_are_none_or_name_other_models_are_refused() -> None:
    with pytest.raises(UnknownNameError, match="a model of Resilience must be one of"):
        rules(Resilience(timeout={"stong": 1.0}))
    with pytest.raises(UnknownNameError, match="a model of Resilience must be one of"):
        rules(Resilience(order=["stong"]))
    with pytest.raises(InvalidInputError, match="resilience must be a Resilience or None, got bool"):
        rules(True)  # type: ignore[arg-type]
    with pytest.raises(InvalidInputError, match="observers must have decided and ended, got int"):
        rules(observers=[3])  # type: ignore[list-item]


async def test_what_is_said_of_a_call_may_be_said_in_an_event_loop() -> None:
    asked = await rules(Resilience()).aask(RoutingRequest("Why?"))
    attempts = await asked.abegin(RoutingDecision("strong", 0.9, 0.5, "fixed", "score"))
    assert await attempts.afailed(RateLimitError("down"))
    assert attempts.model == "weak"
    assert not await attempts.afailed(RateLimitError("down"))
