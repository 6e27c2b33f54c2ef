"""evaluation/verdicts.py: what is said of a difference and its interval."""

import pytest

from shared_router.evaluation.report import Difference
from shared_router.evaluation.resampling import Estimate
from shared_router.evaluation.verdicts import verdict


@pytest.mark.parametrize(
    ("estimate", "said"),
    [
        (Estimate(0.1, 0.05, 0.2), "mine: better than prompt length on this data"),
        (Estimate(-0.1, -0.2, -0.05), "mine: worse than prompt length on this data"),
        (Estimate(0.1, -0.05, 0.2), "mine: not distinguishable from prompt length on this data"),
        (Estimate(0.0, 0.02, 0.02), "mine: better than prompt length on this data"),
        (Estimate(0.1), "in more than one resample in twenty the strong model is not the better one"),
        (Estimate(None), "mine: cannot be compared with prompt length on this data."),
    ],
)
def test_the_interval_and_not_the_point_says_which_is_better(estimate: Estimate, said: str) -> None:
    """With one resample an interval is a point beside the figure; it still says one thing."""
    assert said in verdict("mine", [Difference("mine", "length", "apgr", estimate)], pgr_defined=True)
