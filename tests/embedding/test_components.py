"""Principal components on points few enough to see them."""

import numpy as np
import pytest

from shared_router import InvalidInputError
from shared_router.embedding.components import PrincipalComponents


def test_the_first_component_lies_along_the_greatest_variance() -> None:
    """Points (3, 1), (-3, 1), (0, 2), (0, 0) about the mean (0, 1): variance 18 along x, 2 along y."""
    columns = np.array([[3, -3, 0, 0], [1, 1, 2, 0]], dtype=np.float32)
    found = PrincipalComponents.of(columns, 2)
    assert found.mean.tolist() == [0, 1]
    assert np.abs(found.axes) == pytest.approx(np.eye(2), abs=1e-6)
    assert np.abs(PrincipalComponents.of(columns, 1).project(columns.T)[:, 0]) == pytest.approx(
        [3, 3, 0, 0], abs=1e-6
    )


def test_all_components_keep_every_distance() -> None:
    rows = np.random.default_rng(0).normal(size=(9, 4)).astype(np.float32)
    turned = PrincipalComponents.of(np.ascontiguousarray(rows.T), 4).project(rows)
    before, after = (np.linalg.norm(x[:, None] - x[None], axis=2) for x in (rows, turned))
    assert after == pytest.approx(before, abs=1e-5)


@pytest.mark.parametrize("n_components", [0, 3, 5])
def test_there_are_no_more_components_than_numbers_or_prompts(n_components: int) -> None:
    with pytest.raises(InvalidInputError, match=r"n_components must be in \[1, 2\]"):
        PrincipalComponents.of(np.zeros((4, 2), dtype=np.float32), n_components)
