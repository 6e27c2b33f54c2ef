"""What is measured of one model's answer to one prompt."""

from collections.abc import Mapping
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from shared_router.choices import shown
from shared_router.errors import DataError, UnknownNameError
from shared_router.records.scale import check_scores

Measure = Literal[
    "score",
    "grades",
    "score_variance",
    "input_tokens",
    "output_tokens",
    "cached_input_tokens",
    "cache_write_tokens",
    "reasoning_tokens",
    "dollars",
    "latency_ms",
    "time_to_first_token_ms",
]
"""`grades` counts the grades that `score` is the mean of, where there were several, and `score_variance` is
theirs around it. Cached and cache-write tokens are part of `input_tokens`, reasoning ones of `output_tokens`.
"""

MEASURES: tuple[Measure, ...] = get_args(Measure)


def check_measures(values: Mapping[Measure, NDArray[np.float64]]) -> None:
    """Check that every column holds numbers that a measurement could give.

    Args:
        values: The columns by measure, NaN where absent.

    Raises:
        DataError: If a value is negative or infinite, or a score is outside [0, 1].
        UnknownNameError: If there is no such measure.
    """
    for name, column in values.items():
        if name not in MEASURES:
            raise UnknownNameError(f"a measure must be one of {list(MEASURES)}, got {shown(name)}")
        if column.dtype != np.float64:
            raise DataError(f"{name} must be float64, got {column.dtype}")
        known = column[~np.isnan(column)]
        if name == "score":
            check_scores(known)
        elif len(known) and not (known.min() >= 0 and np.isfinite(known.max())):
            raise DataError(f"{name} must be finite and >= 0, got {known.min()} to {known.max()}")
