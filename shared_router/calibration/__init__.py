"""From the share, budget or quality that a user wants to the threshold that gives it, and goes on giving it.

It knows `Router` and no concrete one. What a threshold is worth on graded data, whatever it was chosen by, is
`evaluation`'s.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from shared_router.calibration.choice import Interval, ThresholdChoice

if TYPE_CHECKING:
    from shared_router.calibration.adaptive import AdaptiveThreshold
    from shared_router.calibration.alarms import DriftAlarm
    from shared_router.calibration.drift import DriftMonitor
    from shared_router.calibration.thresholds import for_budget, for_quality, for_strong_fraction

_LAZY = {
    "AdaptiveThreshold": "shared_router.calibration.adaptive",
    "DriftAlarm": "shared_router.calibration.alarms",
    "DriftMonitor": "shared_router.calibration.drift",
    "for_budget": "shared_router.calibration.thresholds",
    "for_quality": "shared_router.calibration.thresholds",
    "for_strong_fraction": "shared_router.calibration.thresholds",
}
"""Imported at their first use: a policy that reads a choice needs none of them."""

__all__ = [
    "AdaptiveThreshold",
    "DriftAlarm",
    "DriftMonitor",
    "Interval",
    "ThresholdChoice",
    "for_budget",
    "for_quality",
    "for_strong_fraction",
]


def __getattr__(name: str) -> object:
    if name not in _LAZY:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_LAZY[name]), name)
