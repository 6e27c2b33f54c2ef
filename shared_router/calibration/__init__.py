"""From what a user wants, a share, a budget or a quality, to the threshold that gives it.

It knows `Router` and no concrete one. What a threshold is worth on graded data, whatever it was chosen by, is
`evaluation`'s.
"""

from shared_router.calibration.choice import Interval, ThresholdChoice

__all__ = ["Interval", "ThresholdChoice"]
