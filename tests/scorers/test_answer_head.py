"""scorers/answer_head.py: the ridge fit, its rows left out, and its calibration."""

import numpy as np
import pytest

from shared_router.scorers.answer_head import PENALTY, Floats, fit_answer_head, normal_scores, ridge, sigmoid


def data(n: int = 120) -> tuple[Floats, Floats, Floats]:
    rng = np.random.default_rng(0)
    columns, embeddings = rng.standard_normal((n, 4)), rng.standard_normal((n, 3))
    lost = np.where(columns[:, 0] + 0.5 * rng.standard_normal(n) > 0, 1.0, 0.0)
    return columns, embeddings, lost


def test_a_rank_is_what_the_value_beats_and_half_of_what_it_equals() -> None:
    """Of 32 edges 0..31 the value 15.5 beats 16 and equals none: the middle, whose normal score is 0."""
    edges = np.arange(32.0)[None]
    scores = normal_scores(np.array([[15.5], [-5.0], [99.0]]), edges)[:, 0]
    assert scores.tolist() == [0.0, -2.0, 2.0]


def test_a_column_of_one_value_says_nothing() -> None:
    columns, embeddings, lost = data()
    columns[:, 2] = 7.0
    head, _ = fit_answer_head(columns, embeddings, lost, 1 - lost)
    assert head.weights[2] == 0
    changed = columns.copy()
    changed[:, 2] = -1e9
    assert np.array_equal(head.good_enough(changed, embeddings), head.good_enough(columns, embeddings))


def test_a_row_left_out_has_the_value_of_a_fit_without_it() -> None:
    """The fit without the row, by the normal equations with a constant that is not penalised."""
    rng = np.random.default_rng(0)
    inputs, target = rng.standard_normal((40, 3)), rng.standard_normal(40)
    inputs -= inputs.mean(axis=0)
    _, left_out = ridge(inputs, target)
    design = np.concatenate([np.ones((40, 1)), inputs], axis=1)
    penalty = np.diag([0.0, PENALTY, PENALTY, PENALTY])
    for row in (0, 7, 39):
        rest = np.delete(design, row, axis=0)
        found = np.linalg.solve(rest.T @ rest + penalty, rest.T @ np.delete(target, row))
        assert left_out[row] == pytest.approx(design[row] @ found)


def test_what_foretells_the_loss_orders_the_answers_and_probabilities_match_frequencies() -> None:
    columns, embeddings, lost = data(2000)
    head, left_out = fit_answer_head(columns, embeddings, lost, 1 - lost)
    found = head.good_enough(columns, embeddings)
    assert found[lost == 0].mean() > found[lost == 1].mean() + 0.4
    assert left_out.mean() == pytest.approx(np.mean(1 - lost), abs=0.01)


def test_columns_that_foretell_nothing_give_everybody_the_mean() -> None:
    """Each value stands there twice, once good and once not."""
    columns = np.repeat(np.arange(30.0), 2)[:, None]
    lost = np.tile([0.0, 1.0], 30)
    head, left_out = fit_answer_head(columns, np.zeros((60, 0)), lost, 1 - lost)
    assert np.allclose(left_out, 0.5)
    assert np.allclose(head.good_enough(columns, np.zeros((60, 0))), 0.5)


def test_the_sigmoid_does_not_overflow() -> None:
    assert sigmoid(np.array([-1e9, 0.0, 1e9])).tolist() == [0.0, 0.5, 1.0]
