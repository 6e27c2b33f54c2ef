"""What spells texts for a static embedder: token ids of a text, and of its pieces."""

from collections.abc import Sequence
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from shared_router.embedding.together import TogetherIds


class Words(Protocol):
    """Spell cleaned texts with a vocabulary.

    Attributes:
        min_id: The smallest id that a text can have.
        max_id: The largest id that a text can have.
    """

    @property
    def min_id(self) -> int: ...  # noqa: D102

    @property
    def max_id(self) -> int: ...  # noqa: D102

    def ids(self, text: str) -> NDArray[np.intp]:
        """Return the token ids of a text, shape (tokens,)."""
        ...

    def ids_of_pieces(self, text: str) -> NDArray[np.intp] | None:
        """Return the ids of each of its pieces, -1 behind a shorter one's; None to ask for each alone."""
        ...

    def plain(self, text: str) -> str | None:
        """Return a text, folded, if `ids_together` can spell it, else None."""
        ...

    def ids_together(self, texts: Sequence[str]) -> TogetherIds:
        """Return what `ids_of_pieces` does of many texts that `plain` has returned."""
        ...
