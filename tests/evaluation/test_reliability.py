import numpy as np
import pytest

from shared_router.evaluation.metrics import calibration_error
from shared_router.evaluation.reliability import ReliabilityBin, brier, calibration_errors, reliability
from shared_router.evaluation.resampling import resamples

SAID, SEEN = np.array([0.2, 0.7, 0.2, 0.7]), np.array([0.0, 1.0, 0.0, 1.0])


def test_the_diagrams_bins_hold_what_was_said_and_seen() -> None:
    assert reliability(SAID, SEEN, bins=2) == (ReliabilityBin(0.2, 0.0, 2), ReliabilityBin(0.7, 1.0, 2))


def test_fewer_prompts_than_bins_have_a_bin_each() -> None:
    assert [found.n for found in reliability(SAID, SEEN)] == [1, 1, 1, 1]


def test_brier_is_the_mean_squared_distance() -> None:
    """.2^2 twice and .3^2 twice: .065; with the first drawn four times .04."""
    counts = np.array([[1.0, 4.0], [1.0, 0.0], [1.0, 0.0], [1.0, 0.0]])
    assert brier(SAID, SEEN, counts) == pytest.approx([0.065, 0.04])


def test_calibration_error_of_every_resample_is_the_metrics() -> None:
    rng = np.random.default_rng(0)
    said = np.round(rng.random(73), 2)
    seen = (rng.random(73) < said).astype(np.float64)
    (counts,) = resamples(np.arange(73), 30, seed=0)
    order = np.argsort(said, kind="stable")
    for column, found in zip(counts.T, calibration_errors(said, seen, counts), strict=True):
        rows = np.repeat(order, column[order].astype(int))
        assert found == pytest.approx(calibration_error(said[rows], seen[rows]))
