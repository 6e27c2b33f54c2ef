"""plans/joint_thresholds.py: a router's threshold and a cascade's, no other pair better."""

import math

import numpy as np
import pytest

from shared_router import (
    DataError,
    InvalidInputError,
    JointThresholds,
    Outcomes,
    UnknownNameError,
    joint_thresholds,
)


def graded(seed: int, n: int = 12) -> tuple[Outcomes, list[float], list[float]]:
    """Return outcomes with rounded scores, so that some are equal."""
    rng = np.random.default_rng(seed)
    outcomes = Outcomes.from_columns(
        [f"prompt {i}" for i in range(n)],
        {"strong": rng.integers(0, 2, n).astype(float), "weak": rng.integers(0, 2, n).astype(float)},
        measures={"dollars": {"strong": 1 + rng.random(n), "weak": 0.3 * rng.random(n)}},
    )
    return outcomes, np.round(rng.random(n), 1).tolist(), np.round(rng.random(n), 1).tolist()


def outcome_of(
    outcomes: Outcomes, win: list[float], good: list[float], router: float, cascade: float
) -> tuple[float, float]:
    """Return mean dollars and quality of a pair of thresholds, prompt by prompt."""
    dollars, quality = 0.0, 0.0
    for row, (w, g) in enumerate(zip(win, good, strict=True)):
        direct, rejected = w >= router, 1 - g >= cascade
        if not direct:
            dollars += outcomes.dollars("weak")[row]
        if direct or rejected:
            dollars += outcomes.dollars("strong")[row]
        quality += outcomes.scores("strong" if direct or rejected else "weak")[row]
    return dollars / len(win), quality / len(win)


STEPS = np.linspace(0, 1, 21).tolist()


@pytest.mark.parametrize("seed", range(6))
@pytest.mark.parametrize("budget", [0.4, 0.8, 1.3])
def test_no_pair_within_the_budget_is_better(seed: int, budget: float) -> None:
    """Scores are tenths, so thresholds between and at them make every cut there is."""
    outcomes, win, good = graded(seed)
    found = joint_thresholds(outcomes, win, good, budget=budget)
    every = [outcome_of(outcomes, win, good, router, cascade) for router in STEPS for cascade in STEPS]
    assert found.quality >= max(quality for dollars, quality in every if dollars <= budget) - 1e-9
    assert found.dollars <= budget + 1e-9
    assert outcome_of(outcomes, win, good, found.router, found.cascade) == pytest.approx(
        (found.dollars, found.quality)
    )


@pytest.mark.parametrize("seed", range(6))
def test_no_cheaper_pair_reaches_the_quality(seed: int) -> None:
    outcomes, win, good = graded(seed)
    wanted = float(np.mean([outcomes.scores("strong").mean(), outcomes.scores("weak").mean()]))
    found = joint_thresholds(outcomes, win, good, quality=wanted)
    every = [outcome_of(outcomes, win, good, router, cascade) for router in STEPS for cascade in STEPS]
    assert found.quality >= wanted - 1e-9
    assert found.dollars <= min(dollars for dollars, quality in every if quality >= wanted - 1e-9) + 1e-9


def by_hand(win: list[float], good: list[float]) -> JointThresholds:
    """Choose for four prompts of which weak fails on the last two; strong costs 10, weak 1, the budget 6."""
    outcomes = Outcomes.from_columns(
        list("abcd"),
        {"strong": [1.0] * 4, "weak": [1.0, 1.0, 0.0, 0.0]},
        measures={"dollars": {"strong": [10.0] * 4, "weak": [1.0] * 4}},
    )
    return joint_thresholds(outcomes, win, good, budget=6.0)


def test_a_router_that_knows_skips_the_weak_calls() -> None:
    """Two direct and two weak answers cost (20 + 2) / 4 = 5.5; rejecting them instead would cost 6."""
    found = by_hand([0.1, 0.1, 0.9, 0.9], [0.9, 0.9, 0.1, 0.1])
    assert (found.quality, found.dollars, found.direct_fraction, found.rejected_fraction) == (
        1.0,
        5.5,
        0.5,
        0.0,
    )


def test_where_the_router_knows_nothing_answers_are_rejected() -> None:
    found = by_hand([0.5] * 4, [0.9, 0.9, 0.1, 0.1])
    assert (found.quality, found.dollars, found.direct_fraction, found.rejected_fraction) == (
        1.0,
        6.0,
        0.0,
        0.5,
    )


def test_on_many_rows_the_pair_is_as_good_as_of_all_cuts_nearly_and_within_the_budget() -> None:
    rng = np.random.default_rng(0)
    hard = rng.random(600)
    weak = (rng.random(600) > hard).astype(float)
    outcomes = Outcomes.from_columns(
        [f"prompt {i}" for i in range(600)],
        {"strong": [1.0] * 600, "weak": weak},
        measures={"dollars": {"strong": [1.0] * 600, "weak": [0.1] * 600}},
    )
    good = np.clip(0.5 * weak + 0.5 * rng.random(600), 0, 1)
    found = joint_thresholds(outcomes, hard, good, budget=0.5)
    assert found.dollars <= 0.5
    alone = [joint_thresholds(outcomes, np.zeros(600), good, budget=0.5).quality]
    alone.append(joint_thresholds(outcomes, hard, np.ones(600), budget=0.5).quality)
    assert found.quality >= max(alone)


def test_what_is_outside_its_rule_is_refused() -> None:
    outcomes, win, good = graded(0)
    for budget, quality in ((None, None), (1.0, 0.5)):
        with pytest.raises(InvalidInputError, match="one of budget and quality must be given"):
            joint_thresholds(outcomes, win, good, budget=budget, quality=quality)
    for wrong in (-1.0, math.nan, math.inf):
        with pytest.raises(InvalidInputError, match="budget must be a number"):
            joint_thresholds(outcomes, win, good, budget=wrong)
    for wrong in (1.5, True):
        with pytest.raises(InvalidInputError, match="quality must be a number"):
            joint_thresholds(outcomes, win, good, quality=wrong)
    with pytest.raises(InvalidInputError, match=r"win_probabilities must be one a prompt \(12\)"):
        joint_thresholds(outcomes, win[1:], good, budget=1.0)
    with pytest.raises(InvalidInputError, match=r"good_enough must be in \[0, 1\]"):
        joint_thresholds(outcomes, win, [2.0] * 12, budget=1.0)
    with pytest.raises(InvalidInputError, match="good_enough must be numbers, got list"):
        joint_thresholds(outcomes, win, ["a"] * 12, budget=1.0)  # type: ignore[list-item]
    with pytest.raises(InvalidInputError, match="some pair of thresholds keeps"):
        joint_thresholds(outcomes, win, good, budget=0.0)
    with pytest.raises(UnknownNameError):
        joint_thresholds(outcomes, win, good, strong="nobody", budget=1.0)
    with pytest.raises(DataError, match="give prices"):
        joint_thresholds(
            Outcomes.from_columns(["a"], {"strong": [1.0], "weak": [0.0]}), [0.5], [0.5], budget=1.0
        )
