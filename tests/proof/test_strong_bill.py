"""What the strong model would have cost: from shadows, beside what the weak one did."""

import numpy as np
import pytest

from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.skewed_mean import skewed_mean_interval
from shared_router.proof.strong_bill import mean_strong_bill


def month(noise: float, rng: np.random.Generator, *, n_shadows: int = 60) -> tuple[RoutedCalls, float]:
    """Return 1,000 strong and 1,500 weak calls, and the strong model's true mean bill on the weak ones.

    Strong bills are fifteen times the weak ones, but for noise; without any relation where it is infinite.
    """
    n = 2500
    strong, weak_bills = np.arange(n) < 1000, np.exp(1.2 * rng.normal(size=n))
    like = weak_bills if np.isfinite(noise) else np.exp(1.2 * rng.normal(size=n))
    strong_bills = 15 * like * np.exp((noise if np.isfinite(noise) else 0.0) * rng.normal(size=n))
    drawn = np.isin(np.arange(n), rng.choice(np.flatnonzero(~strong), n_shadows, replace=False))
    calls = RoutedCalls.of(
        strong,
        np.where(strong, strong_bills, weak_bills),
        other_dollars=np.where(drawn, strong_bills, np.nan),
        share=0.02,
    )
    return calls, float(strong_bills[~strong].mean())


def test_bills_that_rise_with_the_weak_models_are_told_by_few_shadows() -> None:
    """Without noise a narrower interval than without the weak bills, by far."""
    related, _ = month(0.0, np.random.default_rng(0))
    unrelated, _ = month(np.inf, np.random.default_rng(0))
    widths = []
    for calls in (related, unrelated):
        mean, low, high = mean_strong_bill(calls, ~np.isnan(calls.other_dollars))
        widths.append((high - low) / mean)
    assert widths[0] < widths[1] / 2


def test_large_bills_of_the_strong_model_alone_are_not_told_by_the_weak_ones() -> None:
    """Three in a hundred strong bills are thirty times the others, which are exactly fifteen weak ones.

    Shadows that hold none of these differ by nothing from fifteen weak bills, and would say that none is: so
    the interval is that of the bills alone.
    """
    rng = np.random.default_rng(5)
    n = 6000
    strong, weak_bills = np.arange(n) < 1000, np.exp(0.5 * rng.normal(size=n))
    rare = rng.random(n) < 0.03
    strong_bills = 15 * weak_bills * np.where(rare, 30, 1)
    drawn = np.isin(np.arange(n), rng.choice(np.flatnonzero(~strong & ~rare), 60, replace=False))
    calls = RoutedCalls.of(
        strong,
        np.where(strong, strong_bills, weak_bills),
        other_dollars=np.where(drawn, strong_bills, np.nan),
        share=0.02,
    )
    alone = skewed_mean_interval(
        strong_bills[drawn], shapes=(strong_bills[strong], weak_bills[~strong]), of=5000
    )
    assert mean_strong_bill(calls, drawn) == alone


def test_fewer_than_fifty_shadows_are_asked_alone() -> None:
    calls, _ = month(0.0, np.random.default_rng(0), n_shadows=49)
    drawn = ~np.isnan(calls.other_dollars)
    bills, strong = calls.other_dollars[drawn], calls.strong
    alone = skewed_mean_interval(bills, shapes=(calls.dollars[strong], calls.dollars[~strong]), of=1500)
    assert mean_strong_bill(calls, drawn) == alone


@pytest.mark.parametrize("noise", [0.0, 0.6, np.inf])
def test_the_interval_holds_the_truth_as_often_as_said_however_bills_are_related(noise: float) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        calls, truth = month(noise, rng)
        _, low, high = mean_strong_bill(calls, ~np.isnan(calls.other_dollars))
        held += low <= truth <= high
    assert held >= 57
