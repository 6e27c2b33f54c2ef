"""plans/list_search.py: no list and no thresholds are better than those found."""

from itertools import permutations, product

import numpy as np
import pytest

from shared_router.plans.list_search import ListSearch


def search(seed: int, n: int = 9, k: int = 3) -> ListSearch:
    """Return rows with a few equal risks, and a risk of 1."""
    rng = np.random.default_rng(seed)
    risks = np.round(rng.random((n, k)), 1)
    return ListSearch(rng.integers(0, 2, (n, k)).astype(float), rng.random((n, k)), risks)


def best_by_trying_all(rows: ListSearch, budget: float, max_models: int) -> float | None:
    """Return the best quality of any list with any thresholds."""
    found = []
    for length in range(1, max_models + 1):
        for models in permutations(range(rows.quality.shape[1]), length):
            tried = [np.unique([0.0, 1.0, *(rows.risks[:, model] + 1e-9).clip(max=1.0)]) for model in models]
            for thresholds in product(*tried[:-1]):
                dollars, quality = rows.cost_and_quality(models, tuple(map(float, thresholds)))
                if dollars <= budget * (1 + 1e-12):
                    found.append(quality)
    return max(found) if found else None


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("budget", [0.2, 0.6, 1.5])
def test_no_list_of_up_to_three_models_is_better(seed: int, budget: float) -> None:
    rows = search(seed)
    found, best = rows.best(budget, max_models=3), best_by_trying_all(rows, budget, 3)
    assert (found is None) == (best is None)
    if found is not None:
        assert found.quality == pytest.approx(best)
        assert (found.dollars, found.quality) == pytest.approx(
            rows.cost_and_quality(found.models, found.thresholds)
        )
        assert found.dollars <= budget * (1 + 1e-9)
        assert all(0 <= threshold <= 1 for threshold in found.thresholds)


def test_two_models_and_their_threshold_are_found_by_hand() -> None:
    """The cheap model errs on the two rows of high risk. At a budget of 1 + 2/4 * 10 = 6 both go on."""
    quality = np.array([[1.0, 1], [1, 1], [0, 1], [0, 1]])
    rows = ListSearch(quality, np.array([[1.0, 10]] * 4), np.array([[0.1, 0], [0.2, 0], [0.8, 0], [0.9, 0]]))
    found = rows.best(6.0, max_models=2)
    assert found is not None
    assert (found.models, found.quality, found.dollars) == ((0, 1), 1.0, 6.0)
    assert found.thresholds == (0.5,)
    tighter = rows.best(3.5, max_models=2)
    assert tighter is not None
    assert (tighter.quality, tighter.dollars) == (0.75, 3.5)


def test_one_model_is_a_list_and_the_cheapest_of_equals_is_chosen() -> None:
    rows = ListSearch(np.ones((4, 2)), np.array([[2.0, 1.0]] * 4), np.full((4, 2), 0.5))
    found = rows.best(5.0, max_models=2)
    assert found is not None
    assert (found.models, found.thresholds, found.dollars) == ((1,), (), 1.0)


def test_a_model_without_a_scorer_is_only_ever_last() -> None:
    rows = search(3)
    risks = rows.risks.copy()
    risks[:, 0] = np.nan
    found = ListSearch(rows.quality, rows.dollars, risks).best(9.0, max_models=3)
    assert found is not None
    assert 0 not in found.models[:-1]


@pytest.mark.parametrize("seed", range(3))
def test_a_longer_list_is_never_worse_and_is_what_it_says(seed: int) -> None:
    rng = np.random.default_rng(seed)
    quality = (rng.random((80, 5)) < np.linspace(0.4, 0.9, 5)).astype(float)
    risks = np.clip(1 - (0.5 * quality + 0.5 * rng.random((80, 5))), 0, 1)
    rows = ListSearch(quality, rng.random((80, 5)) * np.geomspace(0.1, 3, 5), risks)
    three, five = rows.best(0.5, max_models=3), rows.best(0.5, max_models=5)
    assert three is not None
    assert five is not None
    assert five.quality >= three.quality
    assert (five.dollars, five.quality) == pytest.approx(rows.cost_and_quality(five.models, five.thresholds))


def test_a_budget_that_no_model_meets_finds_nothing() -> None:
    assert search(0).best(0.0, max_models=3) is None


@pytest.mark.parametrize("seed", range(2))
def test_on_many_rows_no_list_of_frugal_gpts_grid_is_better(seed: int) -> None:
    """Its grid: forty quantiles of the first model's risks, and forty of the second's of the rows left."""
    rng = np.random.default_rng(seed)
    quality = (rng.random((300, 3)) < [0.5, 0.65, 0.85]).astype(float)
    risks = np.clip(1 - (0.4 * quality + 0.6 * rng.random((300, 3))), 0, 1)
    rows = ListSearch(quality, np.tile([1.0, 2.0, 8.0], (300, 1)), risks)
    found, grid, best = rows.best(4.0, max_models=3), np.linspace(1e-5, 1 - 1e-5, 40), 0.0
    for models in permutations(range(3)):
        first_risks = risks[:, models[0]]
        for first in np.quantile(first_risks, grid).tolist():
            for second in np.quantile(risks[first_risks >= first, models[1]], grid).tolist():
                dollars, reached = rows.cost_and_quality(models, (first, second))
                best = max(best, reached if dollars <= 4.0 else 0.0)
    assert found is not None
    assert found.quality >= best > 0.65
