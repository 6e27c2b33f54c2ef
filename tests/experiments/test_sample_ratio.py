"""sample_ratio.py: counts that the share does not explain."""

import numpy as np
import pytest

from shared_router.experiments.sample_ratio import sample_ratio_evidence


def test_the_first_units_evidence_is_worked_by_hand() -> None:
    """Beta(10, 10): b, b has the probability 10/20 * 11/21 against 1/4: 1.0476; then a, 10/22 against 1/2."""
    assert sample_ratio_evidence([], share=0.5) == 1
    assert sample_ratio_evidence([True, True], share=0.5) == pytest.approx(22 / 21)
    assert sample_ratio_evidence([True, True, False], share=0.5) == pytest.approx(22 / 21)


@pytest.mark.parametrize("share", [0.5, 0.1])
def test_units_of_the_right_share_raise_no_alarm(share: float) -> None:
    rng = np.random.default_rng(0)
    for _ in range(50):
        assert sample_ratio_evidence((rng.random(2000) < share).tolist(), share=share) < 1000


def test_a_tenth_of_one_arm_that_is_lost_is_found() -> None:
    """Of 20,000 units 10,000 are b's, of which 1,000 are lost: 0.474 in place of 0.5."""
    drawn = np.random.default_rng(0).random(19_000) < 9 / 19
    assert sample_ratio_evidence(drawn.tolist(), share=0.5) > 1000
