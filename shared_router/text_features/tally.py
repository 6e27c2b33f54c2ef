"""Count marks by text, many columns at once."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


class Tally:
    """Counts of n texts, one column a name.

    Args:
        owners: Which text each character belongs to, shape (c,).
        n: How many texts there are.
    """

    def __init__(self, owners: NDArray[np.intp], n: int) -> None:
        self._owners = owners
        self._n = n
        self._found: dict[str, NDArray[np.intp]] = {}

    def mark(self, name: str, marks: NDArray[np.bool_], *, offset: int = 0) -> None:
        """Count the marked characters; the first mark is for the character at `offset`."""
        self.at(name, np.flatnonzero(marks) + offset)

    def at(self, name: str, places: NDArray[np.intp]) -> None:
        """Count the characters at these places."""
        self._found[name] = self._owners.take(places)

    def counts(self, names: Sequence[str] = ()) -> dict[str, NDArray[np.float64]]:
        """Return each column by its name, shape (n,); zeros for a name that was not counted."""
        every = np.concatenate([owners + i * self._n for i, owners in enumerate(self._found.values())])
        table = np.bincount(every, minlength=len(self._found) * self._n).astype(np.float64)
        found = dict(zip(self._found, table.reshape(len(self._found), self._n), strict=True))
        return {**dict.fromkeys(names, np.zeros(self._n)), **found}
