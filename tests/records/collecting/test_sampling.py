"""A few prompts that stand for many."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared_router import InvalidInputError
from shared_router.records.collecting.sampling import sample_over_clusters


def test_every_cluster_gives_its_share() -> None:
    """Three heaps of 50, 30 and 20 rows far apart: of ten, 5, 3 and 2."""
    rng = np.random.default_rng(0)
    heaps = [
        centre + 0.01 * rng.standard_normal((n, 2))
        for centre, n in (([0, 0], 50), ([9, 0], 30), ([0, 9], 20))
    ]
    chosen = sample_over_clusters(np.concatenate(heaps).astype(np.float32), 10)
    assert np.histogram(chosen, [0, 50, 80, 100])[0].tolist() == [5, 3, 2]


@given(st.integers(1, 40), st.data())
def test_a_sample_is_of_k_places_none_twice_and_the_same_for_one_seed(n: int, data: st.DataObject) -> None:
    k = data.draw(st.integers(1, n))
    rows = np.random.default_rng(n).integers(0, 3, (n, 2)).astype(np.float32)  # with equal rows
    chosen = sample_over_clusters(rows, k, seed=3)
    assert len(set(chosen.tolist())) == k
    assert chosen.min() >= 0
    assert chosen.max() < n
    assert chosen.tolist() == sample_over_clusters(rows, k, seed=3).tolist()


@pytest.mark.parametrize("k", [0, 3])
def test_a_sample_of_more_than_there_are_is_refused(k: int) -> None:
    with pytest.raises(InvalidInputError, match="1 to 2 prompts"):
        sample_over_clusters(np.zeros((2, 2), dtype=np.float32), k)


def test_a_seed_that_no_generator_takes_is_refused() -> None:
    with pytest.raises(InvalidInputError, match=r"seed must be a whole number from 0 to 4294967295, got -1"):
        sample_over_clusters(np.zeros((2, 2), dtype=np.float32), 1, seed=-1)
