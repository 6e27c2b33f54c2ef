"""What goes into a router and what comes out: texts, and one win probability a text."""

import math
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any

from shared_router.choices import check_texts
from shared_router.errors import RouterOutputError


def of_texts(ask: Callable[[Any, Sequence[str]], Any]) -> Callable[[Any, Sequence[str]], Any]:
    """Return a router's `win_probability` that refuses what is no list of texts, with an error of ours."""

    @wraps(ask)
    def checked(self: Any, queries: Sequence[str]) -> Any:
        check_texts("queries", queries)
        return ask(self, queries)

    return checked


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
