"""Columns of routed calls, checked."""

import numpy as np
import pytest

from shared_router.errors import DataError
from shared_router.proof.routed_calls import RoutedCalls

STRONG = np.array([True, False])


@pytest.mark.parametrize(
    ("column", "values", "message"),
    [
        ("propensity", [0.5, 0.0], r"a propensity must be a probability in \(0, 1\], got 0 to 0.5"),
        ("share", [1.5, 0.5], r"a share must be a probability in \(0, 1\], got 0.5 to 1.5"),
        ("score", [4.0, 1.0], r"a score must be in \[0, 1\], got 1 to 4; map it to that scale"),
        ("other_dollars", [-1.0, 1.0], "other_dollars must be >= 0 and finite, got -1 to 1"),
    ],
)
def test_a_value_outside_its_rule_is_refused(column: str, values: list[float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        RoutedCalls.of(STRONG, np.ones(2), **{column: np.array(values)})


def test_a_column_of_another_length_is_refused() -> None:
    with pytest.raises(DataError, match=r"one value a call \(2\), and dollars has not"):
        RoutedCalls.of(STRONG, np.ones(3))


def test_shadows_drawn_alike_have_no_weights_and_others_one_over_their_share() -> None:
    alike = RoutedCalls.of(STRONG, np.ones(2), share=0.02)
    assert alike.weights(STRONG | True) is None
    unlike = RoutedCalls.of(STRONG, np.ones(2), share=np.array([0.5, 0.1]))
    weights = unlike.weights(STRONG | True)
    assert weights is not None
    assert weights.tolist() == [2.0, 10.0]
