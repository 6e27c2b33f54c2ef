"""Which of several kinds of score is meant: said by the user or by the format, never guessed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError, UnknownNameError


def choose_score(
    wanted: str | tuple[str, ...] | None,
    named: Mapping[str, NDArray[np.float64]],
    n_answers: int,
    *,
    usual: str | None = None,
) -> Iterator[tuple[NDArray[np.int64], str]]:
    """Choose among a log's feedback keys or a benchmark's metrics.

    Args:
        wanted: Which score, or several names of which each answer's first is taken; None where there is one
            kind alone.
        named: The scores by name, each of shape (n_answers,), NaN where an answer has none.
        n_answers: How many answers there are.
        usual: Which is taken, where it is there, if none was named.

    Yields:
        The places of answers, and the name of the score to take for them.

    Raises:
        UnknownNameError: If there is no score of that name.
        DataError: If there are several and none was named.
    """
    if wanted is None and usual in named:
        wanted = usual
    names = (wanted,) if isinstance(wanted, str) else wanted or tuple(named)
    if unknown := [name for name in names if name not in named]:
        raise UnknownNameError(f"a score must be one of {sorted(named)}, got {unknown}")
    if wanted is None and len(names) > 1:
        raise DataError(
            f"which score is meant must be said, got {sorted(names)}; name one with score= or --score"
        )
    taken = np.zeros(n_answers, dtype=np.bool_)
    for name in names:
        places = np.flatnonzero(~np.isnan(named[name]) & ~taken)
        taken[places] = True
        yield places, name
