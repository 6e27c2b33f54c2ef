"""Hybrid-LLM's labels: worked by hand, equal to the sums the paper writes, and never of unfit qualities."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from shared_router.errors import DataError, InvalidInputError, ScaleError
from shared_router.labels import hybrid_labels
from shared_router.labels.hybrid import best_t, label_spread, spread_curve

Floats = NDArray[np.float64]

STRONG = [[0.9, 0.4], [0.5, 0.5], [0.8, 0.8]]
WEAK = [[0.6, 0.8], [0.5, 0.7], [0.1, 0.2]]


def test_a_deterministic_label_compares_the_first_answer_of_each() -> None:
    """0.6 < 0.9, so strong is needed; 0.5 >= 0.5, a tie is no reason to pay; 0.1 < 0.8."""
    labels, t = hybrid_labels(STRONG, WEAK, "det")
    assert labels.tolist() == [1.0, 0.0, 1.0]
    assert t == 0.0


def test_a_probabilistic_label_is_the_share_of_all_pairs() -> None:
    """Prompt 0: of (.9,.6) (.9,.8) (.4,.6) (.4,.8) weak is behind in the first two; 1: never; 2: always."""
    labels, t = hybrid_labels(STRONG, WEAK, "prob")
    assert labels.tolist() == [0.5, 0.0, 1.0]
    assert t == 0.0


def test_a_transformed_label_forgives_the_gap_that_spreads_the_labels_most() -> None:
    """Gaps: prompt 0 {3, 3}, 1 {3, 1}, 2 {3, 5}: at t = 0 all labels are 1.

    Between 1 and 3 they are (1, .5, 1), J = 2/9 (.5 + .5) = 2/9; between 3 and 5 they are (0, 0, .5), J = 2/9
    as well. The smaller t is taken, midway between 1 and 3.
    """
    labels, t = hybrid_labels([[3.0], [3.0], [5.0]], [[0.0, 0.0], [0.0, 2.0], [2.0, 0.0]], "trans")
    assert t == 2.0
    assert labels.tolist() == [1.0, 0.5, 1.0]


def test_the_transformed_labels_are_the_probabilistic_ones_where_these_are_spread_most() -> None:
    """Right or wrong: no t below 1 changes a label, and from 1 on all are 0."""
    strong, weak = [[1.0, 1.0], [1.0, 0.0], [1.0, 1.0]], [[0.0, 0.0], [1.0, 1.0], [1.0, 0.0]]
    labels, t = hybrid_labels(strong, weak, "trans")
    assert t == 0.0
    assert labels.tolist() == hybrid_labels(strong, weak, "prob").labels.tolist() == [1.0, 0.0, 0.5]


@pytest.mark.parametrize("n", [1, 2, 7, 50])
def test_the_sorted_form_of_the_spread_is_the_naive_sum(n: int) -> None:
    labels = np.random.default_rng(n).random(n).round(1)
    assert label_spread(labels) == pytest.approx(_naive_spread(labels), abs=1e-15)


@pytest.mark.parametrize("seed", range(20))
def test_t_is_the_naive_searchs(seed: int) -> None:
    """On at most 100 distinct gaps every t that makes other labels is tried, so none can be better."""
    strong, weak = _graded(seed, n=12)
    labels, t = hybrid_labels(strong, weak, "trans")
    steps = np.arange(0.0, 1.3, 0.05) + 0.025
    naive = [_naive_spread(_naive_labels(strong, weak, at)) for at in [0.0, *steps]]
    assert _naive_spread(labels) == pytest.approx(max(naive), abs=1e-12)
    assert labels == pytest.approx(_naive_labels(strong, weak, t), abs=1e-12)


def test_t_is_as_good_as_a_finer_naive_search_where_gaps_are_many() -> None:
    """40 x 9 different gaps: the grid zooms in, and 2,000 points of an even one find nothing better."""
    rng = np.random.default_rng(3)
    strong, weak = rng.normal(1.5, 1, (40, 3)), rng.normal(0, 1, (40, 3))
    t = best_t(strong, weak)
    found = _naive_spread(_naive_labels(strong, weak, t))
    even = max(_naive_spread(_naive_labels(strong, weak, at)) for at in np.linspace(0, 6, 2000))
    assert found >= even - 0.005


def test_the_curve_is_the_spread_of_the_labels_at_each_t() -> None:
    strong, weak = _graded(1, n=9)
    grid = np.array([0.0, 0.125, 0.375, 0.9])
    expected = [_naive_spread(_naive_labels(strong, weak, t)) for t in grid]
    assert spread_curve(strong, weak, grid) == pytest.approx(np.array(expected), abs=1e-12)


@pytest.mark.parametrize("kind", ["det", "prob", "trans"])
def test_another_unit_of_quality_changes_no_label_and_scales_t(kind: Any) -> None:
    """BARTScore is a log-probability below 0, a judge's grade goes to 10: 8 q - 6 ranks answers as q does."""
    strong, weak = _graded(5, n=30)
    labels, t = hybrid_labels(strong, weak, kind)
    other = hybrid_labels(8 * strong - 6, 8 * weak - 6, kind)
    assert other.labels.tolist() == labels.tolist()
    assert other.t == pytest.approx(8 * t)


def test_gaps_that_differ_by_rounding_alone_are_one() -> None:
    """0.3 - 0.2 and 0.2 - 0.1 differ by 3e-17; a t between the two would say what no quality does."""
    strong, weak = [[0.3, 0.9], [0.2, 0.9]], [[0.2], [0.1]]
    labels, t = hybrid_labels(strong, weak, "trans")
    assert t == pytest.approx(0.75)  # between 0.7 and 0.8, where (0, .5) differ
    assert labels.tolist() == [0.0, 0.5]


def test_rounding_is_judged_by_the_qualities_and_not_by_the_largest_gap() -> None:
    """With 1e8 added a gap is off by 1.5e-8, and still one; beside a gap of 1e7 thousandths still differ.

    Of the gaps (0.001, 0.004), (0.002, 0.004) and (0.003, 1e7) t = 0.0025 leaves 1/2, 1/2 and 1, t = 0.0015
    leaves 1/2, 1 and 1: both J = 2/9, as 0.0035 has, and the smallest counts.
    """
    strong, weak = np.array([[0.3, 0.9], [0.2, 0.9]]), np.array([[0.2], [0.1]])
    labels, t = hybrid_labels(strong + 1e8, weak + 1e8, "trans")
    assert t == pytest.approx(0.75)
    assert labels.tolist() == [0.0, 0.5]
    labels, t = hybrid_labels([[0.001, 0.004], [0.002, 0.004], [0.003, 1e7]], [[0.0]] * 3, "trans")
    assert t == pytest.approx(0.0015)
    assert labels.tolist() == [0.5, 1.0, 1.0]


def test_one_model_may_have_fewer_answers() -> None:
    """A strong model asked once, at temperature 0, and a weak one sampled thrice: three pairs a prompt."""
    labels, _ = hybrid_labels([[1.0], [1.0]], [[0.0, 1.0, 0.0], [1.0, 1.0, 1.0]], "prob")
    assert labels == pytest.approx(np.array([2 / 3, 0.0]))


def test_labels_do_not_depend_on_the_order_of_prompts_or_of_answers() -> None:
    strong, weak = _graded(2, n=15)
    labels, t = hybrid_labels(strong, weak, "trans")
    turned = hybrid_labels(strong[::-1, ::-1], weak[::-1, ::-1], "trans")
    assert turned.t == t
    assert turned.labels[::-1].tolist() == labels.tolist()


@pytest.mark.parametrize("kind", ["prob", "trans"])
def test_soft_labels_of_one_answer_each_are_refused(kind: Any) -> None:
    with pytest.raises(InvalidInputError, match=f'kind="{kind}" needs several answers of a model'):
        hybrid_labels([[1.0], [0.0]], [[0.0], [0.0]], kind)


def test_an_undefined_t_is_said() -> None:
    """Each prompt has the gaps 0.5 and 1: the labels are (1, 1), (.5, .5) or (0, 0) whatever t is."""
    with pytest.raises(DataError, match="t\\* is undefined: all 2 prompts have the same label at every t"):
        hybrid_labels([[1.0], [1.0]], [[0.5, 0.0], [0.0, 0.5]], "trans")


@pytest.mark.parametrize(
    ("strong", "weak", "message"),
    [
        ([0.5, 0.5], [[0.5], [0.5]], "strong_qualities must have shape \\(prompts, samples\\)"),
        ([[0.5]], np.zeros((1, 0)), "weak_qualities must have shape \\(prompts, samples\\), none of them 0"),
        ([], [], "strong_qualities must have shape"),
        ([[0.5], [0.5]], [[0.5]], "must have one row per prompt, got 2 and 1 rows"),
        (
            [[0.5], [float("nan")]],
            [[0.5], [0.5]],
            "strong_qualities must be finite, got NaN or infinity in row 1",
        ),
        ([[0.5]], [[float("-inf")]], "weak_qualities must be finite"),
        ([[0.5, 0.5], [0.5]], [[0.5], [0.5]], "strong_qualities must be numbers, as many for each prompt"),
        ([["good"]], [[0.5]], "strong_qualities must be numbers"),
        ([[None]], [[0.5]], "strong_qualities must be finite"),
    ],
)
def test_unfit_qualities_are_refused(strong: Any, weak: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        hybrid_labels(strong, weak, "det")


def test_a_quality_outside_the_scale_that_was_said_is_refused() -> None:
    with pytest.raises(ScaleError, match="scores must be in \\[0, 1\\], got 7 to 8"):
        hybrid_labels([[7.0, 8.0]], [[0.5, 0.6]], "prob", scale=(0, 1))


@pytest.mark.parametrize("scale", [5, "01", (0, 1, 2), ("a", "b"), (1, 0), (0, float("inf"))])
def test_what_is_no_scale_is_refused(scale: Any) -> None:
    with pytest.raises(InvalidInputError, match="scale must be two"):
        hybrid_labels([[0.7, 0.8]], [[0.5, 0.6]], "prob", scale=scale)


def test_an_unknown_kind_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="kind must be one of \\['det', 'prob', 'trans'\\]"):
        hybrid_labels([[1.0]], [[0.0]], "hard")  # type: ignore[arg-type]


def _graded(seed: int, *, n: int) -> tuple[Floats, Floats]:
    """Return grades in steps of 1/8, which floats hold as they are, the strong model's higher."""
    rng = np.random.default_rng(seed)
    return rng.integers(3, 9, (n, 2)) / 8, rng.integers(0, 7, (n, 3)) / 8


def _naive_labels(strong: Floats, weak: Floats, t: float) -> Floats:
    """Return 1 - Pr[q(weak) >= q(strong) - t], pair by pair."""
    return np.array(
        [
            1 - np.mean([b >= a - t for a in of_strong for b in of_weak])
            for of_strong, of_weak in zip(strong, weak, strict=True)
        ]
    )


def _naive_spread(labels: Floats) -> float:
    """Return (1 / n^2) sum_ij |y_i - y_j|, as the paper writes it."""
    return float(np.abs(labels[:, None] - labels[None, :]).mean())
