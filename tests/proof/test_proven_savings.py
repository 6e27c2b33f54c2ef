"""What routing saved, worked by hand, and how often the intervals hold it."""

import numpy as np
import pytest

from shared_router.calibration.promise import promise_of
from shared_router.errors import DataError
from shared_router.proof.proven_savings import proven_savings
from shared_router.proof.routed_calls import RoutedCalls

NAN = float("nan")


def twenty_calls(**columns: object) -> RoutedCalls:
    """Ten strong calls of 5 dollars, then ten weak ones of 1 dollar; every weak one was asked of both, the
    strong answer 5 dollars and right, the weak one right but once."""
    strong = np.arange(20) < 10
    weak_score = np.where(np.arange(20) == 19, 0.0, 1.0)
    given: dict[str, object] = {
        "other_dollars": np.where(strong, NAN, 5.0),
        "share": 1.0,
        "score": np.where(strong, NAN, weak_score),
        "other_score": np.where(strong, NAN, 1.0),
    }
    return RoutedCalls.of(strong, np.where(strong, 5.0, 1.0), **{**given, **columns})  # type: ignore[arg-type]


def test_weak_calls_save_what_the_strong_model_would_have_cost_less_what_they_did() -> None:
    """10 * 5 - 10 * 1 = 40 of a bill of 60; by the strong model alone 100. All were asked: no doubt."""
    found = proven_savings(twenty_calls())
    assert (found.saved_dollars, found.saved_interval) == (40.0, (40.0, 40.0))
    assert (found.bill, found.all_strong_dollars, found.saved_share) == (60.0, 100.0, 0.4)
    assert (found.n_calls, found.n_weak, found.n_shadows, found.shadow_dollars) == (20, 10, 10, 50.0)


def test_quality_falls_by_the_share_of_weak_calls_times_what_strong_is_better_by() -> None:
    """Half of the calls went weak, and on a tenth of them the strong answer is better by 1: -.05."""
    found = proven_savings(twenty_calls())
    assert found.quality_change == pytest.approx(-0.05)
    assert found.quality_interval is not None
    assert found.quality_interval[0] < -0.05 < found.quality_interval[1]
    assert (found.quality_by, found.n_graded) == ("shadow", 10)


def test_without_a_grade_there_is_no_quality() -> None:
    found = proven_savings(twenty_calls(score=None))
    assert (found.quality_change, found.quality_interval, found.quality_by) == (None, None, None)


def test_calls_that_all_went_strong_saved_nothing_and_lost_nothing() -> None:
    found = proven_savings(RoutedCalls.of(np.ones(3, dtype=np.bool_), np.ones(3)))
    assert (found.saved_dollars, found.saved_interval, found.quality_change) == (0.0, (0.0, 0.0), 0.0)


def test_too_few_shadows_are_refused_with_the_remedy() -> None:
    few = np.where(np.arange(20) < 16, NAN, 5.0)
    with pytest.raises(DataError, match=r"known of 5 weak calls or more, got 4; .*Shadow\(share=0.02\)"):
        proven_savings(twenty_calls(other_dollars=few))


def test_a_call_without_dollars_is_refused_with_the_remedy() -> None:
    calls = twenty_calls()
    unknown = RoutedCalls.of(calls.strong, np.where(np.arange(20) == 3, NAN, calls.dollars))
    with pytest.raises(DataError, match="1 of 20 have none; give prices to the adapter, or --prices"):
        proven_savings(unknown)


def test_no_call_is_refused() -> None:
    with pytest.raises(DataError, match="a saving must be of answered calls, got none"):
        proven_savings(RoutedCalls.of(np.empty(0, dtype=np.bool_), np.empty(0)))


@pytest.mark.parametrize(
    ("method", "target", "holds"),
    [("max_drop", 0.9, True), ("max_drop", 0.02, None), ("max_regret", 0.9, True), ("min_pgr", 0.9, None)],
)
def test_a_promise_holds_where_the_loss_is_surely_within_it(
    method: str, target: float, holds: bool | None
) -> None:
    """Ten pairs tell a mean loss of .1 only within some .5."""
    promise = promise_of(
        **{"max_drop": None, "min_pgr": None, "max_regret": None, method: target}, judge_agreement=None
    )
    found = proven_savings(twenty_calls(), promise=promise).guarantee
    assert found is not None
    assert found.holds is holds


def test_a_promise_that_is_surely_broken_does_not_hold() -> None:
    """All 200 weak answers are wrong and the strong ones right: a drop of .5, and .02 was promised."""
    strong = np.arange(400) < 200
    calls = RoutedCalls.of(
        strong,
        np.ones(400),
        other_dollars=np.ones(400),
        score=np.where(strong, 1.0, 0.0),
        other_score=np.where(strong, 0.0, 1.0),
    )
    promise = promise_of(max_drop=0.02, min_pgr=None, max_regret=None, judge_agreement=None)
    found = proven_savings(calls, promise=promise).guarantee
    assert found is not None
    assert (found.holds, found.loss) == (False, 0.5)


def month(rng: np.random.Generator, *, failures: float) -> tuple[RoutedCalls, float, float]:
    """Return 3,000 calls with a shadow on two in a hundred, and what they truly saved and changed."""
    n = 3000
    size = rng.normal(size=n)
    weak_dollars = np.exp(-9 + 1.1 * size + 0.5 * rng.normal(size=n))
    strong_dollars = np.exp(-6.3 + 1.1 * size + 0.5 * rng.normal(size=n))
    hard = 1 / (1 + np.exp(-size - rng.normal(size=n)))
    strong = hard > 0.6
    weak_score = (rng.random(n) > failures * (0.5 + hard)).astype(np.float64)
    strong_score = (rng.random(n) > failures * 0.4).astype(np.float64)
    drawn = rng.random(n) < 0.02
    calls = RoutedCalls.of(
        strong,
        np.where(strong, strong_dollars, weak_dollars),
        other_dollars=np.where(drawn, np.where(strong, weak_dollars, strong_dollars), np.nan),
        share=0.02,
        score=np.where(drawn, np.where(strong, strong_score, weak_score), np.nan),
        other_score=np.where(drawn, np.where(strong, weak_score, strong_score), np.nan),
    )
    saved = float((strong_dollars - weak_dollars)[~strong].sum())
    return calls, saved, float((weak_score - strong_score)[~strong].sum() / n)


@pytest.mark.parametrize("failures", [0.01, 0.2])
def test_both_intervals_hold_the_truth_of_simulated_months_as_often_as_said(failures: float) -> None:
    rng = np.random.default_rng(4)
    held = np.zeros(2)
    for _ in range(60):
        calls, saved, change = month(rng, failures=failures)
        found = proven_savings(calls)
        assert found.quality_interval is not None
        held += [
            found.saved_interval[0] <= saved <= found.saved_interval[1],
            found.quality_interval[0] <= change <= found.quality_interval[1],
        ]
    assert (held >= 57).all()


def test_a_cascades_answers_that_were_not_used_are_taken_off_the_saving() -> None:
    """Three of the ten strong calls had asked the weak model first, for 1 dollar as the others: 40 - 3."""
    found = proven_savings(twenty_calls(in_vain=np.arange(20) < 3))
    assert (found.saved_dollars, found.saved_interval) == (37.0, (37.0, 37.0))
