import numpy as np
import pytest

from shared_router.evaluation.curve import area, call_share, curves, decile_area, ranking, shuffled
from shared_router.evaluation.metrics import apgr, cpt, decile_apgr
from shared_router.evaluation.pair import pair_from_scores
from shared_router.evaluation.resampling import resamples
from tests.evaluation.data import BEST, four_prompts

ONCE = np.ones((4, 1))


def test_quality_and_cost_are_read_at_every_cut() -> None:
    """In the order first, third, second, fourth: quality 1/4, 1/2, 3/4, 3/4, 3/4. Strong answers cost 4 each,
    weak ones 0: a quarter of 4 more with each."""
    pair = four_prompts(strong_dollars=[4.0] * 4, weak_dollars=[0.0] * 4)
    curve = curves(ranking(BEST), pair, ONCE)
    assert curve.fraction[:, 0].tolist() == [0, 0.25, 0.5, 0.75, 1]
    assert curve.quality[:, 0].tolist() == [0.25, 0.5, 0.75, 0.75, 0.75]
    assert curve.cost[:, 0].tolist() == [0, 1, 2, 3, 4]


def test_a_prompt_drawn_twice_counts_twice() -> None:
    """Of first, first, third, fourth the strong model is right on three, the weak on none: gap 2/3 after the
    first (half of the draws), 1 after the third."""
    curve = curves(ranking(BEST), four_prompts(), np.array([[2.0], [0.0], [1.0], [1.0]]))
    assert curve.fraction[:, 0].tolist() == [0, 0.5, 0.75, 0.75, 1]
    assert curve.gap[:, 0] == pytest.approx([0, 2 / 3, 1, 1, 1])


@pytest.mark.parametrize("n", [4, 5, 37, 300])
@pytest.mark.parametrize("decimals", [1, 8])
def test_every_column_is_what_the_metrics_say_of_the_drawn_rows(n: int, decimals: int) -> None:
    """With one decimal there are ties; columns in which strong is not the better are NaN."""
    rng = np.random.default_rng(n)
    scores = np.round(rng.random(n), decimals)
    strong, weak = (rng.integers(0, 2, n).astype(np.float64) for _ in range(2))
    pair = pair_from_scores(["prompt"] * n, strong, weak)
    for counts in resamples(pair.units, 20, seed=n):
        curve = curves(ranking(scores), pair, counts)
        found = [area(curve), decile_area(curve, ranking(scores).values), call_share(curve, 0.8)]
        for column in range(counts.shape[1]):
            rows = np.repeat(np.arange(n), counts[:, column].astype(int))
            drawn = scores[rows], strong[rows], weak[rows]
            if strong[rows].sum() <= weak[rows].sum():
                assert np.isnan([figure[column] for figure in found]).all()
                continue
            several = len(np.unique(scores[rows])) > 1
            expected = [apgr(*drawn), decile_apgr(*drawn) if several else np.nan, cpt(*drawn, 0.8)]
            assert [figure[column] for figure in found] == pytest.approx(expected, nan_ok=True)


def test_a_coin_is_worth_one_half_on_average() -> None:
    pair = four_prompts()
    curve = curves(shuffled(4, 4000, np.random.default_rng(0)), pair, np.ones((4, 4000)))
    # the mean of 4,000 draws of standard deviation .18
    assert area(curve).mean() == pytest.approx(0.5, abs=0.01)
    assert curve.cost[2].tolist() == [0.5] * 4000
