"""Exact limits for a counted share, against scipy's beta and binomial distributions."""

import numpy as np
import pytest
from scipy.stats import beta, binom

from shared_router.calibration.clopper_pearson import (
    p_values,
    rows_without_failure,
    two_sided,
    upper_limit,
)


@pytest.mark.parametrize(("failures", "n"), [(0, 1), (0, 59), (3, 59), (40, 200), (199, 200), (900, 30_000)])
@pytest.mark.parametrize("confidence", [0.5, 0.9, 0.95, 0.999])
def test_the_limit_is_a_quantile_of_the_beta_distribution(failures: int, n: int, confidence: float) -> None:
    expected = beta.ppf(confidence, failures + 1, n - failures)
    assert upper_limit(failures, n, confidence=confidence) == pytest.approx(expected, rel=1e-9)


def test_all_failures_or_no_rows_rule_out_nothing() -> None:
    assert upper_limit(5, 5, confidence=0.95) == 1
    assert upper_limit(0, 0, confidence=0.95) == 1


def test_59_rows_without_a_failure_show_at_most_a_twentieth() -> None:
    """1 - .05^(1/59) = .0495 and 1 - .05^(1/58) = .0503."""
    assert rows_without_failure(0.05, confidence=0.95) == 59
    assert upper_limit(0, 59, confidence=0.95) == pytest.approx(1 - 0.05 ** (1 / 59))


def test_a_whole_number_of_rows_is_not_rounded_up() -> None:
    """1 - .1 = .9, and .9^1 = .9 is unlikely enough for confidence .1: one row is."""
    assert rows_without_failure(0.1, confidence=0.1) == 1


@pytest.mark.parametrize("share", [0.01, 0.1, 0.5, 0.93])
@pytest.mark.parametrize("rate", [0.0, 0.08, 0.5, 1.0])
def test_p_values_are_those_of_the_binomial_distribution(share: float, rate: float) -> None:
    failed = np.random.default_rng(0).random(3000) < rate
    k = np.arange(3001)
    failures = np.concatenate([[0], np.cumsum(failed)])
    assert p_values(failed, share) == pytest.approx(binom.cdf(failures, k, share), abs=1e-10)


def test_p_values_stay_exact_over_a_hundred_thousand_rows() -> None:
    """A share of .07 fails at first and .02 later, so that the p-value falls from about 1 to 0 and is met on
    the way by every level there is."""
    rng = np.random.default_rng(0)
    failed = rng.random(100_000) < np.repeat([0.07, 0.02], 50_000)
    k = np.arange(100_001)
    failures = np.concatenate([[0], np.cumsum(failed)])
    assert p_values(failed, 0.065) == pytest.approx(binom.cdf(failures, k, 0.065), abs=1e-9)


def test_both_limits_are_clopper_and_pearsons() -> None:
    low, high = two_sided(3, 10, confidence=0.95)
    assert (low, high) == pytest.approx((beta.ppf(0.025, 3, 8), beta.ppf(0.975, 4, 7)), rel=1e-9)
