"""A router's output is a user's own code's: is it one win probability a query?"""

import math

from shared_router.errors import RouterOutputError


def check_win_probabilities(values: object, n_queries: int) -> list[float]:
    """Return a router's output as n floats, or say what is wrong with it.

    `nan >= threshold` is False, so an unchecked NaN would route weak without a word.

    Args:
        values: What `win_probability` returned.
        n_queries: How many queries it was asked.

    Returns:
        n floats in [0, 1].

    Raises:
        RouterOutputError: If `values` is not n finite numbers in [0, 1].
    """
    import numpy as np

    try:
        array = np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise RouterOutputError(f"a router must return numbers, got {type(values).__name__}") from error
    if array.shape != (n_queries,):
        raise RouterOutputError(f"a router must return shape ({n_queries},), got {array.shape}")
    probabilities: list[float] = array.tolist()
    for value in probabilities:
        if not 0.0 <= value <= 1.0:
            kind = "a number outside [0, 1]" if math.isfinite(value) else "a number that is not finite"
            raise RouterOutputError(f"win probabilities must be finite and in [0, 1], got {kind}: {value!r}")
    return probabilities
