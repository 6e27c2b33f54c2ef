import numpy as np
import pytest

from shared_router.embedding.nearness import centroids, largest_cosines


def test_the_nearest_known_text_counts() -> None:
    """(3, 4) has cosine .6 with (1, 0) and .8 with (0, 2); a row of zeros has none with anything."""
    rows = np.array([[3, 4], [-1, 0], [0, 0]], dtype=np.float32)
    known = np.array([[1, 0], [0, 2]], dtype=np.float32)
    assert largest_cosines(rows, known) == pytest.approx([0.8, 0.0, 0.0])


def test_more_rows_than_a_block_are_each_answered() -> None:
    rng = np.random.default_rng(0)
    rows, known = rng.standard_normal((2500, 8)).astype(np.float32), rng.standard_normal((5, 8))
    unit = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    expected = (unit @ (known / np.linalg.norm(known, axis=1, keepdims=True)).T).max(axis=1)
    assert largest_cosines(rows, known) == pytest.approx(expected, abs=1e-6)


def test_few_texts_stand_for_themselves() -> None:
    rows = np.array([[3, 4], [0, 5]], dtype=np.float32)
    assert centroids(rows) == pytest.approx(np.array([[0.6, 0.8], [0, 1]]), abs=1e-3)


def test_centres_of_many_texts_lie_in_their_clusters() -> None:
    """1,000 texts about each of four directions: each is near a centre, and what lies elsewhere is not."""
    rng = np.random.default_rng(0)
    rows = np.repeat(np.eye(8)[:4], 1000, axis=0) + 0.05 * rng.standard_normal((4000, 8))
    found = centroids(rows.astype(np.float32))
    assert found.shape == (256, 8)
    assert np.linalg.norm(found.astype(np.float64), axis=1) == pytest.approx(1, abs=1e-3)
    assert largest_cosines(rows.astype(np.float32), found).min() > 0.95
    assert largest_cosines(np.eye(8, dtype=np.float32)[4:], found).max() < 0.5
