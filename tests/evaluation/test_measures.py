import numpy as np
import pytest

from shared_router.evaluation.measures import Candidate, measure, sent_strong
from shared_router.evaluation.metrics import calibration_error
from tests.evaluation.data import BEST, WORST, four_prompts, random_pair

PRICED = four_prompts(strong_dollars=[10.0] * 4, weak_dollars=[1.0] * 4)
ONCE = np.ones((4, 1))


def figures(candidate: Candidate) -> dict[str, float]:
    return {name: float(value[0]) for name, value in measure(candidate, PRICED, ONCE).figures.items()}


def test_a_perfect_order_saves_half_at_equal_quality() -> None:
    """After two of four strong calls quality is the strong model's: (10 + 10 + 1 + 1) / 4 = 5.5 of 10. The
    hull rises from (1, 1/4) to (5.5, 3/4) and stays: 1/2 * 4.5 + 3/4 * 4.5 over 9 = 5/8; the two models'
    own hull is 1/2 high."""
    found = figures(Candidate("best", BEST))
    assert found["savings_at_equal_quality"] == pytest.approx(0.45)
    assert found["strong_fraction_at_equal_quality"] == pytest.approx(0.5)
    assert found["aiq"] == pytest.approx(5 / 8)
    assert found["aiq_zero"] == pytest.approx(1 / 2)
    assert found["aiq_over_zero"] == pytest.approx(1 / 8)


def test_call_shares_are_read_at_all_four_targets() -> None:
    """PGR is 1/2 at 1/4 and 1 at 1/2: .8 at 1/4 + 3/5 of 1/4, .9 at .45 and .95 at .475."""
    found = figures(Candidate("best", BEST))
    assert [found[f"cpt{target}"] for target in (50, 80, 90, 95)] == pytest.approx([0.25, 0.4, 0.45, 0.475])


def test_a_threshold_sends_what_reaches_it() -> None:
    """.8 and .9 go strong, the second and the fourth prompt: no gain for 18 dollars more."""
    found = figures(Candidate("worst", WORST, threshold=0.8))
    assert found["strong_fraction"] == pytest.approx(0.5)
    assert found["quality"] == pytest.approx(0.25)
    assert found["cost"] == pytest.approx(22 / 4)
    assert found["savings"] == pytest.approx(0.45)


@pytest.mark.parametrize(
    ("scores", "expected"),
    [
        ([0.9, 0.2, 0.8, 0.1], [1, 0, 1, 0]),
        ([3, 3, 3, 1], [2 / 3, 2 / 3, 2 / 3, 0]),
        ([5, 5, 5, 5], [0.5] * 4),
    ],
)
def test_without_a_threshold_half_goes_strong_and_a_tie_is_shared_out(
    scores: list[float], expected: list[float]
) -> None:
    assert sent_strong(Candidate("x", np.array(scores, dtype=np.float64))) == pytest.approx(expected)


def test_only_win_probabilities_are_asked_whether_they_come_true() -> None:
    pair = random_pair(50, 0)
    said = np.random.default_rng(0).random(50)
    counts = np.ones((50, 1))
    found = measure(Candidate("router", said, probabilities=True), pair, counts).figures
    assert found["ece"] == pytest.approx([calibration_error(said, pair.strong_wins)])
    assert "ece" not in measure(Candidate("length", said), pair, counts).figures


def test_where_strong_is_not_the_better_pgr_is_undefined_and_accuracy_against_cost_is_not() -> None:
    pair = four_prompts(strong_dollars=[10.0] * 4, weak_dollars=[1.0] * 4)
    swapped = type(pair)(
        pair.prompts, pair.weak, pair.strong, pair.strong_cost, pair.weak_cost, True, pair.units
    )
    found = measure(Candidate("x", BEST), swapped, ONCE).figures
    assert np.isnan(found["apgr"][0])
    assert np.isnan(found["cpt50"][0])
    # weak is the better and the cheaper: its own quality at any price
    assert found["aiq"] == pytest.approx([0.75])
