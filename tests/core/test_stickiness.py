"""Stickiness: a conversation changes models where that is worth what it leaves behind."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import (
    CachedPrompt,
    InvalidInputError,
    Leaning,
    RoutingPolicy,
    RoutingRequest,
    Stickiness,
    TokenPrices,
    check_sticky,
)
from shared_router.testing import FixedRouter

PRICES = {
    "strong": TokenPrices(10.0, 0.0, cached_input_per_million_tokens=1.0),
    "weak": TokenPrices(5.0, 0.0, cached_input_per_million_tokens=0.5),
}


def _prompt(cached: int = 800, tokens: int = 1000) -> CachedPrompt:
    return CachedPrompt(PRICES, prompt_tokens=tokens, cached_tokens=cached, answer_tokens=0)


def _model(score: float, leaning: Leaning | None, threshold: float = 0.5) -> tuple[str, str]:
    policy = RoutingPolicy(FixedRouter(score), threshold=threshold)
    decision = policy.decide(RoutingRequest("why?", leaning=leaning))
    return decision.model, decision.reason


def test_what_is_cached_with_the_strong_model_lowers_the_threshold() -> None:
    """A thousand tokens cost 10 at the strong model and 5 at the weak one, in thousandths of a dollar: D = 5.

    With 800 of them cached the strong one costs 0.8 + 2 = 2.8, less than the weak one's 5: D' < 0, so it is
    the cheaper one too, and no score is too low for it.
    """
    assert _prompt().threshold(0.5, "strong", "weak", current="strong") == 0.0


def test_a_part_that_is_cached_lowers_the_threshold_in_part() -> None:
    """With 200 cached the strong one costs 0.2 + 8 = 8.2: D' = 3.2, and 0.5 becomes 0.5 * 3.2 / 5 = 0.32."""
    assert _prompt(200).threshold(0.5, "strong", "weak", current="strong") == pytest.approx(0.32)


def test_what_is_cached_with_the_weak_model_raises_the_threshold() -> None:
    """With 200 cached the weak one costs 0.1 + 4 = 4.1: D' = 5.9, and 0.5 becomes 0.5 * 5.9 / 5 = 0.59."""
    assert _prompt(200).threshold(0.5, "strong", "weak", current="weak") == pytest.approx(0.59)


def test_where_nothing_is_cached_the_threshold_stays() -> None:
    for current in ("strong", "weak"):
        assert _prompt(0).threshold(0.3, "strong", "weak", current=current) == pytest.approx(0.3)


def test_what_a_new_model_must_store_is_a_part_of_the_price_of_a_change() -> None:
    """Stored at 12.5, 200 of 1000 cached at 1: strong costs 12.5 cold and 0.2 + 10 = 10.2 warm, weak 5.

    D = 7.5 and D' = 5.2, so 0.6 becomes 0.6 * 5.2 / 7.5 = 0.416.
    """
    strong = TokenPrices(10.0, 0.0, cached_input_per_million_tokens=1.0, cache_write_per_million_tokens=12.5)
    prompt = CachedPrompt({"strong": strong, "weak": PRICES["weak"]}, 1000, 200, 0)
    assert prompt.threshold(0.6, "strong", "weak", current="strong") == pytest.approx(0.416)


def test_prices_without_a_discount_for_what_is_cached_weigh_nothing() -> None:
    prices = {"strong": TokenPrices(10.0, 0.0), "weak": TokenPrices(5.0, 0.0)}
    prompt = CachedPrompt(prices, 1000, 800, 0)
    assert prompt.threshold(0.3, "strong", "weak", current="strong") == pytest.approx(0.3)


@given(st.floats(0, 1), st.integers(0, 10**6), st.integers(0, 10**6), st.sampled_from(["strong", "weak"]))
def test_a_threshold_stays_one_and_moves_towards_the_conversations_model(
    threshold: float, cached: int, tokens: int, current: str
) -> None:
    moved = _prompt(cached, tokens).threshold(threshold, "strong", "weak", current=current)
    assert 0 <= moved <= 1
    assert moved <= threshold + 1e-9 if current == "strong" else moved >= threshold - 1e-9


@pytest.mark.parametrize(
    ("score", "current", "expected"),
    [
        (0.55, "weak", ("weak", "sticky")),
        (0.56, "weak", ("strong", "score")),
        (0.45, "strong", ("strong", "sticky")),
        (0.44, "strong", ("weak", "score")),
        (0.54, "strong", ("strong", "score")),
        (0.46, "weak", ("weak", "score")),
    ],
)
def test_a_conversation_changes_models_only_where_the_score_passes_by_the_margin(
    score: float, current: str, expected: tuple[str, str]
) -> None:
    """The threshold's odds are 1, so 5 / 4 for the way up, a score of 5 / 9, and 4 / 5 down, 4 / 9."""
    assert _model(score, Leaning(current, margin=0.25)) == expected


@pytest.mark.parametrize("threshold", [0.0, 0.5, 1.0])
def test_a_margin_never_asks_for_more_than_a_certain_win(threshold: float) -> None:
    assert _model(1.0, Leaning("weak", margin=9.0), threshold) == ("strong", "score")


def test_a_conversation_stays_where_its_prompt_is_cached() -> None:
    """As above, the threshold of 0.5 is 0.32 with 200 of 1000 tokens cached at the strong model."""
    leaning = Leaning("strong", prompt=_prompt(200))
    assert _model(0.33, leaning) == ("strong", "sticky")
    assert _model(0.31, leaning) == ("weak", "score")


def test_a_conversation_with_a_model_that_cannot_serve_leans_nowhere() -> None:
    policy = RoutingPolicy(FixedRouter(0.54), threshold=0.5)
    request = RoutingRequest("why?", leaning=Leaning("medium", margin=0.3))
    assert policy.decide(request).model == "strong"


def test_a_conversation_is_not_drawn_by_lot() -> None:
    policy = RoutingPolicy(FixedRouter(0.9), threshold=0.5, explore=0.05, explore_seed=1)
    decisions = {
        policy.decide(RoutingRequest(f"why {i}?", leaning=Leaning("strong"))).reason for i in range(200)
    }
    assert decisions == {"score"}


def test_rules_that_keep_no_conversation_are_refused() -> None:
    with pytest.raises(InvalidInputError, match="sticky must be one of"):
        check_sticky("down")
    with pytest.raises(InvalidInputError, match="the class Stickiness"):
        check_sticky(Stickiness)
    with pytest.raises(InvalidInputError, match="rule must be one of"):
        Stickiness("never")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "setting",
    [{"margin": -0.1}, {"margin": math.inf}, {"cache_seconds": math.nan}, {"answer_tokens": -1}],
)
def test_settings_outside_their_rule_are_refused(setting: dict[str, float]) -> None:
    with pytest.raises(InvalidInputError, match=f"{next(iter(setting))} must be"):
        Stickiness("priced", **setting)  # type: ignore[arg-type]


def test_a_rule_that_weighs_prices_needs_them() -> None:
    with pytest.raises(InvalidInputError, match="must come with prices"):
        check_sticky("priced")
    check_sticky("priced", prices=PRICES)
    check_sticky("upward")
