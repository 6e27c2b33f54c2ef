"""Probabilities of rows that are left out of what gave them: what plans' thresholds are chosen on."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown_kind
from shared_router.errors import InvalidInputError


def checked_probabilities(
    name: str, values: Sequence[float] | NDArray[np.float64], n: int
) -> NDArray[np.float64]:
    """Return n probabilities as an array, shape (n,), each in [0, 1] or NaN.

    Raises:
        InvalidInputError: If they are no numbers, not n, or outside [0, 1].
    """
    try:
        found = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidInputError(f"{name} must be numbers, got {shown_kind(values)}") from error
    if found.shape != (n,):
        raise InvalidInputError(f"{name} must be one a prompt ({n}), got {found.shape}")
    if np.any((found < 0) | (found > 1)):
        raise InvalidInputError(f"{name} must be in [0, 1] or NaN, got others")
    return found
