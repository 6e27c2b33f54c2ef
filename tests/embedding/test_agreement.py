"""agreement.py: the rows that agree least with the others do not count."""

import numpy as np
import pytest

from shared_router.embedding.agreement import agreeing_direction, agreeing_directions


def unit(*angles: float) -> np.ndarray[tuple[int, int], np.dtype[np.float32]]:
    return np.array([[np.cos(angle), np.sin(angle)] for angle in angles], dtype=np.float32)


def test_the_row_that_agrees_least_is_left_out() -> None:
    """Of six rows 0.15 * 6 + 0.5 = 1.4, so one: that along y, whose product with the sum (5, 1) is 1."""
    rows = unit(0, 0, 0, np.pi / 2, 0, 0)
    np.testing.assert_allclose(agreeing_direction(rows, trim=0.15), [1, 0], atol=1e-6)
    np.testing.assert_allclose(agreeing_direction(rows, trim=0), [5 / 26**0.5, 1 / 26**0.5], atol=1e-6)


def test_of_three_rows_none_is_a_stranger() -> None:
    """0.15 * 3 + 0.5 < 1, and (2, 1) is sqrt(5) long."""
    found = agreeing_direction(unit(0, np.pi / 2, 0), trim=0.15)
    np.testing.assert_allclose(found, [2 / 5**0.5, 1 / 5**0.5], atol=1e-6)


def test_a_row_has_one_vote_however_long_it_is() -> None:
    rows = unit(0, np.pi / 2, 0, np.pi, 0.3)
    longer = rows * np.array([[1], [20], [0.1], [7], [3]], dtype=np.float32)
    np.testing.assert_allclose(
        agreeing_direction(longer, trim=0.15), agreeing_direction(rows, trim=0.15), atol=1e-6
    )


def test_rows_of_zeros_do_not_count() -> None:
    rows = unit(0.3, 0.3)
    padded = np.concatenate([rows, np.zeros((5, 2), dtype=np.float32)])
    np.testing.assert_array_equal(agreeing_direction(padded, trim=0.15), agreeing_direction(rows, trim=0.15))
    np.testing.assert_array_equal(agreeing_direction(padded[2:], trim=0.15), [0, 0])


@pytest.mark.parametrize("trim", [0.0, 0.15, 0.5])
def test_many_texts_at_once_point_where_each_does(trim: float) -> None:
    """Rows of zeros among them, texts of one row, of equal rows and of none that counts."""
    rng = np.random.default_rng(0)
    texts = [rng.normal(0.3, 1, (n, 8)).astype(np.float32) for n in (1, 2, 9, 30, 4, 1)]
    texts += [np.ones((5, 8), dtype=np.float32), np.zeros((3, 8), dtype=np.float32)]
    texts[2][[1, 4]] = 0
    found = agreeing_directions(np.concatenate(texts), [*map(len, texts)], trim=trim)
    alone = [agreeing_direction(rows, trim=trim) for rows in texts]
    np.testing.assert_array_equal(found, np.stack(alone))
