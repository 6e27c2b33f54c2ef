"""The three ways to a threshold, by what is known: a share, a budget, or a quality that must be kept."""

from shared_router.calibration.by_budget import for_budget
from shared_router.calibration.by_quality import for_quality
from shared_router.calibration.by_share import for_strong_fraction

__all__ = ["for_budget", "for_quality", "for_strong_fraction"]
