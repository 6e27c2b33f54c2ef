"""A kernel as features."""

import math

import numpy as np
import pytest

from shared_router.learners.kernel_basis import KernelBasis


def test_nearness_falls_with_the_squared_distance() -> None:
    """(0, 0) is 3 and 4 away from (3, 4), 25 squared; with gamma .1 that is exp(-2.5)."""
    basis = KernelBasis(np.array([[3, 4], [0, 0]], dtype=np.float16), gamma=0.1)
    near = basis.near(np.array([[0, 0]], dtype=np.float32))
    assert near == pytest.approx(np.array([[math.exp(-2.5), 1.0]]))


def test_features_of_all_rows_have_the_kernel_as_their_product() -> None:
    rows = np.random.default_rng(0).normal(size=(12, 3)).astype(np.float16).astype(np.float32)
    basis = KernelBasis.drawn(rows, gamma=0.5, most=50, seed=0)
    features = basis.features(rows)
    assert features @ features.T == pytest.approx(basis.near(rows)[:, :12], abs=1e-3)


def test_weights_over_anchors_say_what_coefficients_say_over_features() -> None:
    rows = np.random.default_rng(0).normal(size=(30, 3)).astype(np.float32)
    basis = KernelBasis.drawn(rows, gamma=0.5, most=8, seed=0)
    coefficients = np.arange(8.0)
    assert basis.anchors.shape == (8, 3)
    expected = basis.features(rows) @ coefficients
    assert basis.near(rows) @ basis.anchor_weights(coefficients) == pytest.approx(expected)


def test_equal_rows_make_no_singular_kernel() -> None:
    basis = KernelBasis.drawn(np.ones((5, 2), np.float32), gamma=1.0, most=5, seed=0)
    assert np.isfinite(basis.features(np.zeros((1, 2), np.float32))).all()
