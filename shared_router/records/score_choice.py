"""Which of several kinds of score is meant: said by the user, never guessed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from shared_router.errors import DataError, UnknownNameError
from shared_router.records.measures import Measure


class NamedScores:
    """Scores by name, such as a log's feedback keys or a benchmark's metrics."""

    def __init__(self) -> None:
        self.names: dict[str, dict[int, list[float]]] = {}

    def add(self, name: str, answer: int, value: float) -> bool:
        """Add a score of an answer, by its place, and say whether it had one of that name."""
        grades = self.names.setdefault(name, {}).setdefault(answer, [])
        grades.append(value)
        return len(grades) > 1

    def choose(
        self, wanted: str | tuple[str, ...] | None, values: dict[Measure, NDArray[np.float64]], n_answers: int
    ) -> None:
        """Write the chosen scores into the columns of a table.

        Args:
            wanted: Which score, or several names of which each answer's first is taken; None where there is
                one kind alone.
            values: The table's columns.
            n_answers: How many rows they have.

        Raises:
            UnknownNameError: If there is no score of that name.
            DataError: If there are several and none was named.
        """
        names = (wanted,) if isinstance(wanted, str) else wanted or tuple(self.names)
        if unknown := [name for name in names if name not in self.names]:
            raise UnknownNameError(f"a score must be one of {sorted(self.names)}, got {unknown}")
        if wanted is None and len(names) > 1:
            raise DataError(
                f"which score is meant must be said, got {sorted(names)}; name one with score= or --score"
            )
        for name in reversed(names):
            for answer, grades in self.names[name].items():
                _write(values, "score", n_answers, answer, float(np.mean(grades)))
                many = len(grades) > 1
                _write(values, "grades", n_answers, answer, len(grades) if many else np.nan)
                spread = float(np.var(grades, ddof=1)) if many else np.nan
                _write(values, "score_variance", n_answers, answer, spread)


def _write(
    values: dict[Measure, NDArray[np.float64]], measure: Measure, n_answers: int, answer: int, value: float
) -> None:
    if measure not in values:
        values[measure] = np.full(n_answers, np.nan)
    values[measure][answer] = value
