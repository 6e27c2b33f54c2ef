"""What the strong model would have cost: from shadows, beside what the weak one did."""

import numpy as np
import pytest

from shared_router.proof.routed_calls import RoutedCalls
from shared_router.proof.strong_bill import mean_strong_bill


def month(noise: float, rng: np.random.Generator, *, n_shadows: int = 30) -> tuple[RoutedCalls, float]:
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


@pytest.mark.parametrize("noise", [0.0, 0.6, np.inf])
def test_the_interval_holds_the_truth_as_often_as_said_however_bills_are_related(noise: float) -> None:
    rng = np.random.default_rng(1)
    held = 0
    for _ in range(60):
        calls, truth = month(noise, rng)
        _, low, high = mean_strong_bill(calls, ~np.isnan(calls.other_dollars))
        held += low <= truth <= high
    assert held >= 57
