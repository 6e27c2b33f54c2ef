"""Who won, by the grades of both answers."""

import math
from numbers import Real
from typing import Literal

import numpy as np

from shared_router.errors import InvalidInputError

Winner = Literal["a", "b", "tie"]


def winner_by_score(first: float, second: float, *, where: str) -> Winner:
    """Return whose grade is higher: `"a"` for the first, `"b"` for the second, `"tie"` for equal ones.

    Raises:
        InvalidInputError: If a grade is no number.
    """
    for grade in (first, second):
        is_number = isinstance(grade, (Real, np.bool_))
        if not is_number or math.isnan(grade):
            value = repr(grade) if is_number else type(grade).__name__
            raise InvalidInputError(f"{where}: a grade must be a number, got {value}")
    return "a" if first > second else "b" if first < second else "tie"
