"""calibration/evidence.py: bets that are not expected to grow while nothing has changed."""

import math
import random

import numpy as np
import pytest

from shared_router import ScoreQuantiles
from shared_router.calibration.evidence import Bets, FadingCounts, LossEvidence, ScoreEvidence, ShareEvidence

UNIFORM = ScoreQuantiles.of([i / 1000 for i in range(1001)], source="a test")


def test_the_capital_is_what_sleeps_and_what_the_bets_have_come_to() -> None:
    """Of 1, S(1) = 1 / (1 + ln 2) = 0.59062 sleeps on where half of the rest wakes before one observation.

    soon = 1: the other 0.40938 is laid in halves on two bets, of factors 3 and 0:
    0.59062 + 0.20469 * 3 = 1.20469. Then S(2) = 1 / (1 + ln 3) = 0.47651, so 0.11411 wakes, and both factors
    are 2: 0.47651 + 2 * (0.61407 + 0.11411) = 1.93287.
    """
    bets = Bets(2, soon=1.0)
    assert bets.settle([3, 0]) == pytest.approx(1.20469, abs=1e-5)
    assert bets.settle([2, 2]) == pytest.approx(1.93287, abs=1e-4)


def test_a_bet_on_a_share_is_fair_where_the_share_is_the_largest_allowed() -> None:
    """At p = 0.4: 0.4 * (after a strong one) + 0.6 * (after a weak one) is the capital before, 1.

    By hand with soon = 300: S(1) = 1 / (1 + ln(301 / 300)) = 0.996683, 0.003317 wakes, half on each of
    0.995 / 0.4 = 2.4875 and 0.9 / 0.4 = 2.25: 0.996683 + 0.0016585 * 4.7375 = 1.004540.
    """
    strong, weak = (ShareEvidence().add(strong=each, at_most=0.4) for each in (True, False))
    assert strong == pytest.approx(1.004540, abs=1e-5)
    assert 0.4 * strong + 0.6 * weak == pytest.approx(1)
    assert ShareEvidence().add(strong=True, at_most=1.0) == pytest.approx(1)


def test_a_bet_on_a_loss_is_fair_where_the_mean_is_the_bound() -> None:
    """Losses of 1 and 0 in shares of 0.1 and 0.9 have the mean 0.1, the bound."""
    one, none = (LossEvidence(0.1, low=0).add(loss) for loss in (1.0, 0.0))
    assert 0.1 * one + 0.9 * none == pytest.approx(1)


def test_where_no_loss_was_allowed_one_is_proof() -> None:
    """A regret of 0 at most is a bound that one regret breaks."""
    evidence = LossEvidence(0.0, low=0)
    assert evidence.add(0.0) == 1
    assert evidence.add(1.0) == math.inf


def test_a_score_is_expected_to_change_nothing_under_polyas_urn() -> None:
    """Before the first live score each of the 20 bins has probability 1/20, whatever the bets are."""
    values = [ScoreEvidence(UNIFORM).add((k + 0.5) / 20) for k in range(20)]
    assert np.mean(values) == pytest.approx(1)


def test_every_later_score_is_expected_to_change_nothing_too() -> None:
    """After live scores the bins' probabilities are (a + L) / (1002 + t), with a = 1002 / 20 = 50.1."""
    live = [0.9, 0.91, 0.3, 0.95] * 20

    def after(last: float) -> float:
        evidence = ScoreEvidence(UNIFORM)
        for score in live:
            evidence.add(score)
        return evidence.add(last)

    counts = np.bincount([int(score * 20) for score in live], minlength=20)
    expected = sum((50.1 + counts[k]) / 1082 * after((k + 0.5) / 20) for k in range(20))
    evidence = ScoreEvidence(UNIFORM)
    before = [evidence.add(score) for score in live][-1]
    assert expected == pytest.approx(before)


def test_faded_counts_weigh_what_came_last() -> None:
    """Memory 1: the first of two scores weighs 1/e. With caution 20 and 0.05 expected in each bin:

    (1 / e + 1) in all, of which bin 3 holds 1 / e: (1/e + 20 * 0.05 * e) / ((1/e + 1) + 20 * e) in units of
    the last weight, where the next would weigh e.
    """
    counts = FadingCounts(1.0)
    counts.add(3)
    counts.add(4)
    last, e = 1.0, math.e
    expected = (last / e + 20 * e * 0.05) / (last / e + last + 20 * e)
    assert counts.probability(3, 0.05) == pytest.approx(expected)
    for _ in range(1000):  # far enough to be scaled back
        counts.add(4)
    assert 0 < counts.probability(3, 0.05) < 0.05 < counts.probability(4, 0.05) < 1


@pytest.mark.parametrize("n", [60, 300, 1000])
def test_scores_that_stay_as_they_were_raise_no_false_alarm(n: int) -> None:
    """Ville: the evidence ever reaches 20 in at most 1 of 20 runs; of 100 runs in at most 13, for sure.

    Each run has its own reference of n scores and 1,000 live ones, all from one lumpy distribution.
    """
    draw = np.random.default_rng(n)
    alarms = 0
    for seed in range(100):
        drawn = draw.beta(2, 5, n + 1000)
        lumpy = np.where(draw.random(n + 1000) < 0.3, 0.25, drawn).tolist()
        evidence = ScoreEvidence(ScoreQuantiles.of(lumpy[:n], source="x"), seed=seed)
        alarms += any(evidence.add(score) >= 20 for score in lumpy[n:])
    assert alarms <= 13


@pytest.mark.parametrize("share", [0.05, 0.3, 0.5])
def test_an_honest_tenant_is_rarely_flagged(share: float) -> None:
    """As above: at 20, at most 13 of 100 runs of 1,000 requests."""
    coin = random.Random(1)
    alarms = 0
    for _ in range(100):
        evidence = ShareEvidence()
        alarms += any(evidence.add(strong=coin.random() < share, at_most=share) >= 20 for _ in range(1000))
    assert alarms <= 13


def test_a_constant_router_is_no_drift() -> None:
    evidence = ScoreEvidence(ScoreQuantiles.of([0.4] * 500, source="x"))
    assert max(evidence.add(0.4) for _ in range(3000)) < 20


@pytest.mark.parametrize("score", [0.0, 1.0])
def test_scores_outside_all_that_was_seen_are_found(score: float) -> None:
    evidence = ScoreEvidence(ScoreQuantiles.of([0.4 + i / 10_000 for i in range(500)], source="x"))
    assert next(n for n in range(1, 100) if evidence.add(score) >= 1000) < 20
