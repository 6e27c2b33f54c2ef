import numpy as np
import pytest

from shared_router.evaluation.optimality import arena_score, optimality
from tests.evaluation.data import four_prompts

PAIR = four_prompts(strong_dollars=[10.0] * 4, weak_dollars=[1.0] * 4)
ONCE = np.ones((4, 1))


def test_the_cheapest_of_the_best_answers_is_the_optimal_one() -> None:
    """Sent strong: first and second. Right answers are on those two; the first needed strong, the second did
    not: 1/2. They could have cost 10 + 1 and cost 20. Quality is 2/4 of the best 3/4."""
    found = optimality(PAIR, np.array([1.0, 1.0, 0.0, 0.0]), ONCE)
    assert found["optimal_selection"] == pytest.approx([1 / 2])
    assert found["optimal_cost"] == pytest.approx([11 / 20])
    assert found["optimal_accuracy"] == pytest.approx([2 / 3])


def test_always_the_cheap_model_selects_well_and_answers_badly() -> None:
    """Its one right answer, on the second, cost the least there was."""
    found = optimality(PAIR, np.zeros(4), ONCE)
    assert {name: value.tolist() for name, value in found.items()} == {
        "optimal_selection": [1.0],
        "optimal_cost": [1.0],
        "optimal_accuracy": pytest.approx([1 / 3]),
    }


def test_a_weak_model_that_costs_more_is_not_optimal() -> None:
    """On the tie, the second prompt, strong is the cheaper here; always-strong then chooses well thrice."""
    pair = four_prompts(strong_dollars=[1.0] * 4, weak_dollars=[2.0] * 4)
    assert optimality(pair, np.ones(4), ONCE)["optimal_selection"].tolist() == [1.0]


def test_arena_score_is_the_published_formula() -> None:
    """At 200 dollars a thousand C is 0, so the score is; at .0044 C is 1: 1.1 A / (.1 A + 1) = .825 / 1.075
    at A = 3/4. Free answers have none."""
    found = arena_score(np.full(3, 0.75), np.array([200.0, 0.0044, 0.0]))
    assert found[:2] == pytest.approx([0.0, 0.825 / 1.075])
    assert np.isnan(found[2])


def test_arena_score_is_the_boards() -> None:
    """RouterArena, accuracy .75 at 0.1 dollars a thousand: C = log2(2,000) / log2(45,454.5) = .7087, so
    1.1 * .75 * .7087 / (.075 + .7087) = .7461."""
    assert arena_score(np.array([0.75]), np.array([0.1])) == pytest.approx([0.7461], abs=1e-4)
