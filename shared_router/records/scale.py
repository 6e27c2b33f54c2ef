"""The scale that scores are on: said by who gives them, never guessed from the numbers."""

from numbers import Real

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import InvalidInputError, ScaleError

UNIT_SCALE = (0.0, 1.0)


def check_scale(scale: tuple[float, float]) -> None:
    """Check that a scale has a worst and a better best score.

    Raises:
        InvalidInputError: If it has not.
    """
    given = list(scale) if isinstance(scale, (tuple, list, np.ndarray)) else []
    if len(given) != 2 or not all(isinstance(each, Real) for each in given):
        raise InvalidInputError(f"scale must be two numbers, worst < best, got {shown(scale)}")
    worst, best = given
    if not (np.isfinite(worst) and np.isfinite(best) and worst < best):
        raise InvalidInputError(f"scale must be two finite numbers, worst < best, got {worst!r}, {best!r}")


def check_scores(scores: NDArray[np.float64], scale: tuple[float, float] = UNIT_SCALE) -> None:
    """Check that scores are on a scale.

    Args:
        scores: Shape (n,), no NaN among them.
        scale: The worst and the best score.

    Raises:
        ScaleError: If one is outside.
    """
    if not len(scores):
        return
    low, high = float(scores.min()), float(scores.max())
    if not scale[0] <= low <= high <= scale[1]:
        raise ScaleError(
            f"scores must be in [{scale[0]:g}, {scale[1]:g}], got {low:.12g} to {high:.12g}; say "
            "their scale: --scale 1 10 or scale=(1, 10) for grades from 1 to 10"
        )


def to_unit_scale(scores: NDArray[np.float64], scale: tuple[float, float]) -> NDArray[np.float64]:
    """Map scores from a scale to [0, 1]; NaN stays NaN.

    Raises:
        ScaleError: If a score is outside the scale.
    """
    check_scores(scores[~np.isnan(scores)], scale)
    return scores if scale == UNIT_SCALE else (scores - scale[0]) / (scale[1] - scale[0])
